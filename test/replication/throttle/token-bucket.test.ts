import { expect, test } from 'vitest';
import { BURST_MS, TokenBucket } from '../../../src/replication/throttle/token-bucket.ts';

test('an idle bucket gathers one burst, however long it was idle', () => {
  const bucket = new TokenBucket(1_000, 0);
  bucket.take(1_000 + BURST_MS, 1_000_000);
  expect(bucket.waitMs(1_000_000)).toBe(1_000);
});

test('what is larger than any burst passes, and is paid for afterwards', () => {
  const bucket = new TokenBucket(1_000, 0);
  expect(bucket.waitMs(0)).toBe(0);
  bucket.take(100_000, 0);
  expect(bucket.waitMs(0)).toBe(100_000 - BURST_MS);
  expect(bucket.waitMs(60_000)).toBe(40_000 - BURST_MS);
  expect(bucket.waitMs(100_000)).toBe(0);
});

test('what did not pass is given back, but no more than a burst', () => {
  const bucket = new TokenBucket(1_000, 0);
  bucket.take(2_000, 0);
  bucket.take(-2_000, 0);
  bucket.take(-2_000, 0);
  bucket.take(BURST_MS, 0);
  expect(bucket.waitMs(0)).toBe(0);
  bucket.take(1, 0);
  expect(bucket.waitMs(0)).toBe(1);
});

test('a debt is paid at the rate that holds now', () => {
  const bucket = new TokenBucket(1_000, 0);
  bucket.take(BURST_MS + 1_000, 0);
  bucket.setRate(10_000, 0);
  expect(bucket.waitMs(0)).toBe(100);
  bucket.setRate(100, 50);
  expect(bucket.waitMs(50)).toBe(5_000);
});

test('a clock that goes back gives nothing, one that leaps no more than a burst', () => {
  const bucket = new TokenBucket(1_000, 10_000);
  bucket.take(BURST_MS + 500, 10_000);
  expect(bucket.waitMs(0)).toBe(500);
  expect(bucket.waitMs(500)).toBe(0);
  bucket.take(BURST_MS + 1, 10_000_000);
  expect(bucket.waitMs(10_000_000)).toBe(1);
});
