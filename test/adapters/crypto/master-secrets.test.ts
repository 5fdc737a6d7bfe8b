import { describe, expect, it } from 'vitest';
import { keyIdOfSecret } from '../../../src/adapters/crypto/commit-hasher.ts';
import { MasterSecrets } from '../../../src/adapters/crypto/master-secrets.ts';

function given(...secrets: string[]) {
  const clock = { nowMs: 0 };
  return { clock, ring: new MasterSecrets(secrets, () => clock.nowMs) };
}

describe('the master secrets of a process', () => {
  it('are all accepted, and the first one signs', () => {
    const { ring } = given('a', 'b');
    expect(ring.all()).toEqual(['a', 'b']);
    expect(ring.all()).toBe(ring.all());
    expect(ring.keyIds()).toEqual([keyIdOfSecret('a'), keyIdOfSecret('b')]);
  });

  it('take another one first, and the one before for a while', () => {
    const { clock, ring } = given('old');
    expect(ring.replace({ secrets: ['new'], oldForMs: 1_000 })).toBe(true);
    expect(ring.replace({ secrets: ['new'], oldForMs: 9_000 })).toBe(false);
    expect(ring.all()).toEqual(['new', 'old']);
    clock.nowMs = 1_000;
    expect(ring.all()).toEqual(['new']);
  });

  it('never give up the one that the log is written under, and use it for what all must read', () => {
    const { clock, ring } = given('old');
    let inUse = keyIdOfSecret('old');
    ring.follow(() => inUse);
    ring.replace({ secrets: ['new'], oldForMs: 0 });
    clock.nowMs = 1_000_000;
    expect(ring.all()).toEqual(['new', 'old']);
    expect(ring.inUseFirst()).toEqual(['old', 'new']);
    inUse = keyIdOfSecret('new');
    expect(ring.inUseFirst()).toEqual(['new']);
  });

  it('cannot be none', () => {
    expect(() => given()).toThrow('there is no master secret');
    expect(() => given('')).toThrow('empty');
  });
});
