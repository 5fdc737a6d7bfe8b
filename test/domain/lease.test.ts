import { describe, expect, it } from 'vitest';
import { HeldLease, LeaseWatch, type SeenLease } from '../../src/domain/leadership/lease.ts';

const lease = (revision: string, leaseMs = 3000): SeenLease => ({
  name: 'leader',
  holder: 'm1',
  term: 1,
  leaseMs,
  revision,
});

describe('watching the lease of another', () => {
  it('finds it expired once one revision was seen for its time, by the watcher’s own clock', () => {
    const watch = new LeaseWatch();
    expect(watch.observe(lease('r1'), 50_000)).toBe('held');
    expect(watch.observe(lease('r1'), 52_999)).toBe('held');
    expect(watch.observe(lease('r1'), 53_000)).toBe('expired');
  });

  it('begins to count anew with every renewal', () => {
    const watch = new LeaseWatch();
    watch.observe(lease('r1'), 0);
    expect(watch.observe(lease('r2'), 2_900)).toBe('held');
    expect(watch.observe(lease('r2'), 5_800)).toBe('held');
    expect(watch.observe(lease('r2'), 5_900)).toBe('expired');
  });

  it('tells one that is not there, and one that came back', () => {
    const watch = new LeaseWatch();
    watch.observe(lease('r1'), 0);
    expect(watch.observe(undefined, 1_000)).toBe('absent');
    expect(watch.observe(lease('r1'), 9_000)).toBe('held');
  });
});

describe('S12: holding a lease', () => {
  it('counts from before the renewal was sent', () => {
    const held = new HeldLease();
    expect(held.holds(0)).toBe(false);
    held.renewed(1_000, 3_000);
    expect(held.holds(3_999)).toBe(true);
    expect(held.remainingMs(3_000)).toBe(1_000);
    expect(held.holds(4_000)).toBe(false);
    expect(held.remainingMs(9_000)).toBe(0);
  });

  it('is not shortened by the answer to an earlier renewal', () => {
    const held = new HeldLease();
    held.renewed(2_000, 3_000);
    held.renewed(1_000, 3_000);
    expect(held.holds(4_500)).toBe(true);
  });

  it('ends at once when it is lost', () => {
    const held = new HeldLease();
    held.renewed(1_000, 3_000);
    held.lost();
    expect(held.holds(1_001)).toBe(false);
  });
});
