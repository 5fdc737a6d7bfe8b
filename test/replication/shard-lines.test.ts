import { expect, test } from 'vitest';
import { ShardLines } from '../../src/replication/shard-lines.ts';

test('S20: what happens to thousands of shards is a line and a count, and lines are bounded', async () => {
  const lines: [string, unknown][] = [];
  const write = (message: string, fields?: unknown) => void lines.push([message, fields]);
  let endPeriod = () => {};
  const sleep = () => new Promise<void>((resolve) => (endPeriod = resolve));
  const shards = new ShardLines({ log: { info: write, warn: write, error: write }, sleep }, AbortSignal.any([]));
  for (let shard = 0; shard < 5_000; shard += 1) shards.say('info', 'opens again', 'the link is gone', { shard });
  expect(lines).toEqual([['opens again', { shard: 0, reason: 'the link is gone' }]]);
  for (let shard = 0; shard < 100; shard += 1) shards.say('error', 'failed', `a reason of shard ${shard}`, { shard });
  expect(lines).toHaveLength(20);
  lines.length = 0;
  endPeriod();
  await new Promise((resolve) => setImmediate(resolve));
  expect(lines).toEqual([
    ['opens again: others as well', { shards: 4_999, reason: 'the link is gone' }],
    ['more happened to shards, each for a reason of its own: see their status', { lines: 81 }],
  ]);
  shards.say('info', 'opens again', 'the link is gone', { shard: 7 });
  expect(lines.at(-1)).toEqual(['opens again', { shard: 7, reason: 'the link is gone' }]);
  endPeriod();
});
