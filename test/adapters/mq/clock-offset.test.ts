import { describe, expect, it } from 'vitest';
import { ClockOffset } from '../../../src/adapters/mq/direct/clock-offset.ts';

describe('how another clock stands to ours', () => {
  it('is not known before a round trip, and is what the shortest trip says', () => {
    const offset = new ClockOffset();
    expect(offset.offsetMs).toBeUndefined();
    offset.add(0, 400, 1_000);
    expect(offset.offsetMs).toBe(800);
    offset.add(1_000, 1_010, 2_000);
    expect(offset.offsetMs).toBe(995);
    offset.add(2_000, 2_600, 2_900);
    expect(offset.offsetMs).toBe(995);
  });

  it('is anew what a trip says that contradicts those before: a clock was set', () => {
    const offset = new ClockOffset();
    offset.add(0, 10, 1_005);
    expect(offset.offsetMs).toBe(1_000);
    offset.add(20_000, 20_100, 3_620_050);
    expect(offset.offsetMs).toBe(3_600_000);
    offset.add(40_000, 40_010, 40_005);
    expect(offset.offsetMs).toBe(0);
  });

  it('does not take a slow trip, or drift, for a clock that was set', () => {
    const offset = new ClockOffset();
    offset.add(0, 10, 5);
    offset.add(1_000, 3_000, 2_900);
    offset.add(900_000, 900_020, 900_110);
    expect(offset.offsetMs).toBe(0);
  });
});
