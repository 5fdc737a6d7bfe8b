import { describe, expect, it } from 'vitest';
import type { WorkerReport } from '../../src/wire/worker.ts';
import { BackOff } from '../../src/worker/back-off.ts';
import { ConditionLog } from '../../src/worker/condition-log.ts';
import { Doubts } from '../../src/worker/doubts.ts';
import { ManualClock } from './support/manual-clock.ts';
import { MemoryLogger } from './support/memory-logger.ts';

const NEVER = new AbortController().signal;
const shard = (shardIndex: number) => ({ database: 'd', collection: 'c', shardIndex });

function doubtsOver(send: (suspected: NonNullable<WorkerReport['suspected']>) => Promise<void>) {
  const clock = new ManualClock();
  const trouble = new ConditionLog(new MemoryLogger(), 'telling doubts');
  return { clock, doubts: new Doubts({ send, clock, backOff: new BackOff(10, 100, () => 0), trouble }) };
}

describe('S4: doubts of a worker', () => {
  it('are done with when the leader has them, and those that came meanwhile go together', async () => {
    const sent: unknown[] = [];
    const first = Promise.withResolvers<void>();
    const { doubts } = doubtsOver(async (suspected) => {
      sent.push(suspected);
      if (sent.length === 1) await first.promise;
    });
    const all = [0, 1, 2].map((index) => doubts.suspect(shard(index), 'no answer', NEVER));
    expect(doubts.isEmpty).toBe(false);
    first.resolve();
    await Promise.all(all);
    expect(sent).toEqual([
      [{ reason: 'no answer', shards: [shard(0)] }],
      [{ reason: 'no answer', shards: [shard(1), shard(2)] }],
    ]);
    expect(doubts.isEmpty).toBe(true);
  });

  it('outlive the lease in which they could not be told', async () => {
    let away = true;
    const sent: unknown[] = [];
    const { doubts } = doubtsOver(async (suspected) => {
      if (away) throw new Error('no master answers');
      sent.push(suspected);
    });
    const lease = new AbortController();
    const told = doubts.suspect(shard(0), 'no answer', lease.signal);
    lease.abort(new Error('the lease has ended'));
    await expect(told).rejects.toThrow('the lease has ended');
    expect(doubts.isEmpty).toBe(false);
    away = false;
    await doubts.deliver(NEVER);
    expect(sent).toEqual([[{ reason: 'no answer', shards: [shard(0)] }]]);
  });

  it('are told again when they came anew while they were told', async () => {
    const sent: string[] = [];
    const first = Promise.withResolvers<void>();
    const { doubts } = doubtsOver(async (suspected) => {
      sent.push(...suspected.map(({ reason }) => reason));
      if (sent.length === 1) await first.promise;
    });
    const before = doubts.suspect(shard(0), 'first', NEVER);
    const anew = doubts.suspect(shard(0), 'second', NEVER);
    first.resolve();
    await Promise.all([before, anew]);
    expect(sent).toEqual(['first', 'second']);
  });
});
