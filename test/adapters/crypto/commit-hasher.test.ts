import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { commitHasher } from '../../../src/adapters/crypto/commit-hasher.ts';
import { derivedKey } from '../../../src/adapters/crypto/derived-key.ts';

describe('S22: the keyed hash of commits', () => {
  it('belongs to one text', () => {
    const hasher = commitHasher(['secret']);
    const hash = hasher.hash('text');
    expect(hasher.check('text', hash)).toBe('same');
    expect(hasher.check('text ', hash)).toBe('different');
    expect(hasher.check('text', `${hash}x`)).toBe('different');
    expect(hasher.check('text', hash.slice(0, -1))).toBe('different');
  });

  it('is HMAC-SHA-256, for texts of every length', () => {
    const hasher = commitHasher(['secret']);
    const key = derivedKey('secret', 'event log');
    for (const text of [
      '',
      'x',
      'ü🂡',
      'y'.repeat(1_000),
      'ü'.repeat(32_768),
      'ü'.repeat(32_769),
      '€'.repeat(32_768),
      '€'.repeat(32_769),
      'z'.repeat(200_000),
      'x',
    ]) {
      const expected = createHmac('sha256', key).update(text).digest('base64url');
      expect(hasher.hash(text).split('.')[1]).toBe(expected);
    }
  });

  it('checks a text that comes in two pieces', () => {
    const hasher = commitHasher(['secret']);
    for (const text of ['ü€x', '€'.repeat(32_767), '€'.repeat(32_768)]) {
      const hash = hasher.hash(`${text}}`);
      expect(hasher.check(text, hash, '}')).toBe('same');
      expect(hasher.check(text, hash, ']')).toBe('different');
      expect(hasher.check(text, hash)).toBe('different');
    }
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
