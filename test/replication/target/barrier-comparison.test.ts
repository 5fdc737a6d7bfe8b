import { describe, expect, test } from 'vitest';
import { BarrierComparison } from '../../../src/replication/target/barrier-comparison.ts';

const barrier = (epoch: string) => ({ epoch, ticks: [] });

describe('S8: a shard without comparable trees behind a barrier', () => {
  test('is equal once a comparison that began behind it has found nothing', () => {
    const comparison = new BarrierComparison();
    expect(comparison.isDue(0)).toBe(false);
    comparison.follow(barrier('a'));
    expect(comparison.isDue(0)).toBe(true);
    comparison.begins();
    comparison.ends('equal');
    expect(comparison.equalBehind).toBe('a');
    expect(comparison.isDue(1)).toBe(false);
  });

  test.each(['repaired', 'copied'] as const)(
    'is not when that was %s: it is compared again, soon and then seldom',
    (how) => {
      const comparison = new BarrierComparison();
      comparison.follow(barrier('a'));
      for (let times = 0; times < 3; times += 1) {
        expect(comparison.isDue(times)).toBe(true);
        comparison.begins();
        comparison.ends(how);
        expect(comparison.equalBehind).toBeUndefined();
      }
      expect(comparison.isDue(10)).toBe(false);
      expect(comparison.isDue(40_000)).toBe(true);
    },
  );

  test('is not by a comparison that began before it', () => {
    const comparison = new BarrierComparison();
    comparison.begins();
    comparison.follow(barrier('a'));
    comparison.ends('equal');
    expect(comparison.equalBehind).toBeUndefined();
  });

  test('is not behind the next barrier, by what was found behind the one before', () => {
    const comparison = new BarrierComparison();
    comparison.follow(barrier('a'));
    comparison.begins();
    comparison.follow(barrier('b'));
    comparison.ends('equal');
    expect(comparison.equalBehind).toBeUndefined();
    comparison.begins();
    comparison.ends('equal');
    expect(comparison.equalBehind).toBe('b');
    comparison.follow(undefined);
    expect(comparison.equalBehind).toBeUndefined();
  });

  test('is not any longer when a later comparison finds something', () => {
    const comparison = new BarrierComparison();
    comparison.follow(barrier('a'));
    comparison.begins();
    comparison.ends('equal');
    comparison.begins();
    comparison.ends('repaired');
    expect(comparison.equalBehind).toBeUndefined();
  });
});
