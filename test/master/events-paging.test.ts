import { describe, expect, it } from 'vitest';
import { commitHasher } from '../../src/adapters/crypto/commit-hasher.ts';
import { openMemoryLog } from '../../src/events/memory-log.ts';
import {
  commitsAfter,
  eventsAfter,
  eventsBefore,
  PAGE_BYTES_MAX,
  SCAN_COMMITS_MAX,
} from '../../src/master/services/events-paging.ts';

const signal = new AbortController().signal;

/** `count` commits of one event each; every tenth is of type `Rare`. */
async function logOf(count: number, padding = '') {
  const log = openMemoryLog(commitHasher(['secret']));
  let head = await log.head();
  for (let number = 1; number <= count; number += 1) {
    const type = number % 10 === 0 ? 'Rare' : 'Usual';
    const events = [{ id: `e${number}`, type, v: 1, data: { number, padding } }];
    const outcome = await log.append(head, {
      term: 1,
      writer: 'm1',
      at: '2024-05-06T07:08:09Z',
      cause: 'test',
      events,
    });
    if (outcome.kind === 'conflict') throw new Error('nobody else writes');
    head = { position: outcome.commit.position, hash: outcome.commit.hash };
  }
  return log;
}

const positions = (items: readonly { readonly position: number }[]) => items.map(({ position }) => position);
const numbers = (from: number, to: number, step = 1) =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);

describe('pages of events', () => {
  it('forward bring every event once, in the order of the log', async () => {
    const log = await logOf(1_203);
    const seen: number[] = [];
    for (let [after, done] = [0, false]; !done; ) {
      const page = await eventsAfter(log, after, {}, 100, signal);
      seen.push(...positions(page.items));
      [after, done] = [page.next, page.done];
    }
    expect(seen).toEqual(numbers(1, 1_203));
  });

  it('backward bring every event once, too', async () => {
    const log = await logOf(1_203);
    const seen: number[] = [];
    for (let [before, done] = [1_204, false]; !done; ) {
      const page = await eventsBefore(log, before, {}, 100, signal);
      seen.unshift(...positions(page.items));
      [before, done] = [page.next, page.done];
    }
    expect(seen).toEqual(numbers(1, 1_203));
  });

  it('go on behind what they looked at, also when they found nothing', async () => {
    const log = await logOf(1_203);
    const rare = { types: new Set(['Rare']) };
    expect(positions((await eventsAfter(log, 1_195, rare, 10, signal)).items)).toEqual([1_200]);
    expect(await eventsAfter(log, 1_200, rare, 10, signal)).toEqual({ items: [], next: 1_203, done: true });
    const newest = await eventsBefore(log, 1_204, rare, 3, signal);
    expect(positions(newest.items)).toEqual([1_180, 1_190, 1_200]);
    const next = await eventsBefore(log, newest.next, rare, 1_000, signal);
    expect(positions(next.items)).toEqual(numbers(10, 1_170, 10));
    expect(next.done).toBe(true);
  });

  it('end where they have grown large', async () => {
    const log = await logOf(12, 'x'.repeat(PAGE_BYTES_MAX / 4));
    expect(positions((await eventsAfter(log, 0, {}, 100, signal)).items)).toEqual([1, 2, 3, 4]);
    expect(positions((await eventsBefore(log, 13, {}, 100, signal)).items)).toEqual([9, 10, 11, 12]);
    const exported = await commitsAfter(log, 2, 100, signal);
    expect([positions(exported.items), exported.next, exported.done]).toEqual([[3, 4, 5, 6], 6, false]);
  });

  it('end where a search has looked at enough', async () => {
    const log = await logOf(SCAN_COMMITS_MAX + 700);
    const page = await eventsAfter(log, 0, { types: new Set(['None']) }, 1, signal);
    expect(page).toMatchObject({ items: [], done: false });
    expect(page.next).toBeGreaterThanOrEqual(SCAN_COMMITS_MAX);
    const back = await eventsBefore(log, SCAN_COMMITS_MAX + 701, { types: new Set(['None']) }, 1, signal);
    expect(back).toMatchObject({ items: [], done: false, next: 701 });
  });
});
