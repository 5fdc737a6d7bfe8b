import { expect, test } from 'vitest';
import { Retry } from '../../../src/replication/target/retry.ts';
import { testEnvironment } from './harness.ts';

/** Pauses until it is given up, as the clock moves with them. */
function pausesOf(meaning: Parameters<Retry['next']>[0]): number[] {
  let now = 0;
  const retry = new Retry({ ...testEnvironment(), now: () => now });
  const pauses: number[] = [];
  for (let ms = retry.next(meaning); ms !== undefined; ms = retry.next(meaning)) {
    pauses.push(ms);
    now += ms;
  }
  return pauses;
}

test.each([
  ['contention', 20, 1_000, 120_000],
  ['unavailable', 100, 5_000, 600_000],
  ['not-writable', 250, 10_000, 600_000],
  ['no-right', 1_000, 10_000, 60_000],
] as const)('%s is repeated after %i ms, at most every %i ms, for %i ms', (meaning, firstMs, mostMs, giveUpMs) => {
  const pauses = pausesOf(meaning);
  const sum = pauses.reduce((all, ms) => all + ms, 0);
  expect(pauses.slice(0, 2)).toEqual([firstMs, firstMs * 2]);
  expect(pauses.at(-1)).toBe(mostMs);
  expect(sum).toBeGreaterThan(giveUpMs);
  expect(sum).toBeLessThanOrEqual(giveUpMs + mostMs);
});

test.each(['refused', 'too-large', 'oversized', 'invalid-text', 'unique', 'gone'] as const)(
  '%s is not waited out',
  (meaning) => {
    expect(pausesOf(meaning)).toEqual([]);
  },
);

test('work that moves is patient again', () => {
  let now = 0;
  const retry = new Retry({ ...testEnvironment(), now: () => now });
  retry.next('contention');
  now = 119_000;
  retry.progressed();
  expect(retry.next('contention')).toBe(20);
  now = 200_000;
  expect(retry.next('contention')).toBe(40);
});
