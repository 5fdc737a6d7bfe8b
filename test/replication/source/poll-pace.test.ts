import { expect, test } from 'vitest';
import { SOURCE_LIMITS } from '../../../src/replication/source/limits.ts';
import { PollPace } from '../../../src/replication/source/poll-pace.ts';

test('while something is read, the log is looked at every few milliseconds', () => {
  const pace = new PollPace(SOURCE_LIMITS);
  for (let now = 0; now < SOURCE_LIMITS.pollQuickForMs; now += 100) {
    pace.found(now);
    for (let idle = 0; idle < 10; idle += 1) expect(pace.nextMs(now)).toBeLessThan(50);
  }
});

test('a log in which nothing happens is asked four times a second', () => {
  const pace = new PollPace(SOURCE_LIMITS);
  pace.found(0);
  let now = SOURCE_LIMITS.pollQuickForMs;
  for (let poll = 0; poll < 10; poll += 1) now += pace.nextMs(now);
  const since = now;
  for (let poll = 0; poll < 40; poll += 1) now += pace.nextMs(now);
  expect(40 / ((now - since) / 1_000)).toBe(4);
});

test('a log in which nothing happened for a minute is asked once a second, until something does', () => {
  const pace = new PollPace(SOURCE_LIMITS);
  pace.found(0);
  let now = 60_000;
  for (let poll = 0; poll < 20; poll += 1) now += pace.nextMs(now);
  expect(pace.nextMs(now)).toBe(1_000);
  pace.found(now);
  expect(pace.nextMs(now)).toBe(SOURCE_LIMITS.pollMinMs);
});

test('pauses grow from the shortest, also behind a quiet time', () => {
  const pace = new PollPace(SOURCE_LIMITS);
  const { pollQuickForMs: quiet, pollMinMs: first } = SOURCE_LIMITS;
  expect([quiet, quiet, quiet].map((now) => pace.nextMs(now))).toEqual([first, 2 * first, 4 * first]);
  pace.found(quiet);
  expect(pace.nextMs(quiet)).toBe(first);
});
