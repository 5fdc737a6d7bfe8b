import { describe, expect, it } from 'vitest';
import { HeldLease } from '../../src/domain/leadership/lease.ts';

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
