import { describe, expect, it } from 'vitest';
import { commitHasher } from '../../../src/adapters/crypto/commit-hasher.ts';

describe('S22: the keyed hash of commits', () => {
  it('belongs to one text', () => {
    const hasher = commitHasher(['secret']);
    const hash = hasher.hash('text');
    expect(hasher.check('text', hash)).toBe('same');
    expect(hasher.check('text ', hash)).toBe('different');
    expect(hasher.check('text', `${hash}x`)).toBe('different');
    expect(hasher.check('text', hash.slice(0, -1))).toBe('different');
  });

  it('is the same on every master', () => {
    expect(commitHasher(['secret']).hash('text')).toBe(commitHasher(['secret']).hash('text'));
  });

  it('cannot be made or checked with another secret, or for another use', () => {
    const hash = commitHasher(['secret']).hash('text');
    expect(commitHasher(['other']).check('text', hash)).toBe('other-key');
    expect(commitHasher(['secret'], 'snapshots').check('text', hash)).toBe('other-key');
    expect(commitHasher(['secret']).check('text', 'no hash')).toBe('other-key');
  });

  it('goes on over a change of the secret while the old one is given too', () => {
    const before = commitHasher(['old']).hash('text');
    const both = commitHasher(['new', 'old']);
    expect(both.check('text', before)).toBe('same');
    expect(commitHasher(['new']).check('text', both.hash('text'))).toBe('same');
  });

  it('needs a secret', () => {
    expect(() => commitHasher([])).toThrow('secret');
    expect(() => commitHasher([''])).toThrow('empty');
  });
});
