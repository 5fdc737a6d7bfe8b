import { expect, test } from 'vitest';
import { RateMeter } from '../../../src/replication/target/rate-meter.ts';

test('the rate is that of the last half minute, and unknown in the first second', () => {
  const meter = new RateMeter();
  meter.begin(0);
  meter.moved(500, 5_000, 500);
  expect(meter.rate(500)).toBeUndefined();
  meter.moved(500, 5_000, 1_000);
  expect(meter.rate(1_000)).toEqual({ documentsPerS: 1_000, bytesPerS: 10_000 });
  for (let second = 2; second <= 120; second += 1) meter.moved(100, 1_000, second * 1_000);
  expect(meter.rate(120_000)).toEqual({ documentsPerS: 100, bytesPerS: 1_000 });
  expect(meter.bytes).toBe(10_000 + 119 * 1_000);
});

test('what stands still falls to nothing', () => {
  const meter = new RateMeter();
  meter.begin(0);
  for (let second = 1; second <= 60; second += 1) meter.moved(100, 1_000, second * 1_000);
  for (let second = 61; second <= 100; second += 1) meter.rate(second * 1_000);
  expect(meter.rate(100_000)).toEqual({ documentsPerS: 0, bytesPerS: 0 });
});
