import { beforeEach, describe, expect, it } from 'vitest';
import { ComparisonDesk } from '../../../src/master/verification/comparison-desk.ts';
import type { ComparisonResult } from '../../../src/wire/comparisons.ts';
import { ManualClock } from '../../worker/support/manual-clock.ts';

const shard = { database: 'd', collection: 'c', shardIndex: 0 };
const wish = { taskId: 't', shard, deep: false, repair: false };
const never = new AbortController().signal;

let clock: ManualClock;
let desk: ComparisonDesk;
let isWanted: boolean;
let documents: number;

beforeEach(() => {
  clock = new ManualClock();
  desk = new ComparisonDesk();
  desk.begin(7);
  isWanted = true;
  documents = 0;
});

const masterClock = () => ({
  now: () => new Date(clock.wallMs()),
  monotonicMs: () => clock.monotonicMs(),
  sleep: (ms: number, signal: AbortSignal = never) => clock.sleep(ms, signal),
});

function compare(signal = never): Promise<ComparisonResult> {
  const onDocuments = (count: number) => {
    documents += count;
  };
  const options = { clock: masterClock(), timeoutMs: 10_000, onDocuments, isWanted: () => isWanted };
  const compared = desk.compare(wish, options, signal);
  compared.catch(() => undefined);
  return compared;
}

/** What a worker with these tasks says, and what it is told then. */
function tell(results: readonly ComparisonResult[] = [], tasks = ['t'], waitMs = 0) {
  return desk.tell({ results: [...results] }, (id) => tasks.includes(id), waitMs, masterClock(), never);
}

const idOf = async () => (await tell()).requests[0]?.id ?? '';

describe('check: the desk of comparisons', () => {
  it('gives a shard to the worker that has its task, and the answer to who asked', async () => {
    const compared = compare();
    expect((await tell([], ['other'])).requests).toEqual([]);
    const id = await idOf();
    expect((await tell()).requests).toEqual([{ ...wish, id }]);
    await tell([{ id, taskId: 't', state: 'different', counts: { source: 1, target: 2 } }]);
    expect(await compared).toMatchObject({ state: 'different', counts: { source: 1, target: 2 } });
    expect((await tell()).requests).toEqual([]);
  });

  it('takes no end for one that is none, and nothing from a worker that lost the task', async () => {
    const compared = compare();
    const id = await idOf();
    await tell([{ id, taskId: 't', state: 'comparing', compared: 5 }]);
    await tell([{ id, taskId: 't', state: 'equal' }], ['other']);
    await tell([{ id: 'another', taskId: 't', state: 'equal' }]);
    await clock.advance(9_000);
    expect((await tell()).requests).toHaveLength(1);
    expect(documents).toBe(5);
    await tell([{ id, taskId: 't', state: 'equal', compared: 12 }]);
    expect((await compared).state).toBe('equal');
    expect(documents).toBe(12);
  });

  it('what comes no further is not told, with the reason', async () => {
    const compared = compare();
    const id = await idOf();
    await clock.advance(9_000);
    await tell([{ id, taskId: 't', state: 'comparing', compared: 5 }]);
    await clock.advance(9_000);
    await tell([{ id, taskId: 't', state: 'comparing', compared: 5, reason: 'the shard is in initial-sync' }]);
    await clock.advance(2_000);
    expect(await compared).toMatchObject({
      state: 'untold',
      reason: 'not compared within 10 s: the shard is in initial-sync',
    });
  });

  it('nobody answering is not equal', async () => {
    const compared = compare();
    await clock.advance(11_000);
    expect(await compared).toMatchObject({ state: 'untold', reason: expect.stringContaining('no worker') });
  });

  it('one comparison of a task at a time', async () => {
    const [first, second] = [compare(), compare()];
    const id = await idOf();
    expect((await tell()).requests).toHaveLength(1);
    await tell([{ id, taskId: 't', state: 'equal' }]);
    await first;
    await clock.advance(0);
    const next = await idOf();
    expect(next).not.toBe(id);
    await tell([{ id: next, taskId: 't', state: 'different' }]);
    expect((await second).state).toBe('different');
  });

  it('ends with the task, with the term, and with who asked', async () => {
    const gone = compare();
    isWanted = false;
    await clock.advance(1_000);
    expect(await gone).toMatchObject({ state: 'untold', reason: 'its task has ended meanwhile' });
    isWanted = true;
    const deposed = compare();
    desk.begin(8);
    await expect(deposed).rejects.toThrow('another term');
    const left = new AbortController();
    const givenUp = compare(left.signal);
    left.abort(new Error('enough'));
    await expect(givenUp).rejects.toThrow('enough');
    expect((await tell()).requests).toEqual([]);
  });

  it('a worker that waits is answered when there is something to compare', async () => {
    const { version } = await tell();
    const asked = desk.tell({ after: version, results: [] }, () => true, 60_000, masterClock(), never);
    void compare();
    expect((await asked).requests).toHaveLength(1);
  });
});
