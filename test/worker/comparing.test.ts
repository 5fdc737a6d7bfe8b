import { afterEach, expect, test } from 'vitest';
import type { ComparisonRequest } from '../../src/wire/comparisons.ts';
import { Worker } from '../../src/worker/worker.ts';
import { FakeMasters } from './support/fake-masters.ts';
import { FakeRoles, instructions, task } from './support/fake-roles.ts';
import { ManualClock } from './support/manual-clock.ts';
import { MemoryLogger } from './support/memory-logger.ts';

const receive = task('r', 'receive-shard');
const shard = { database: 'd', collection: 'c', shardIndex: 0 };
const wanted: ComparisonRequest = { id: '7.1', taskId: 'r', shard, deep: false, repair: false };
const told = { epoch: 'e1', comparing: true };

const stopping: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stopping.splice(0)) await stop();
});

function start() {
  const clock = new ManualClock();
  const masters = new FakeMasters(clock, instructions([receive], { epoch: 'e1' }));
  const roles = new FakeRoles();
  const log = new MemoryLogger();
  const registration = { id: 'w1', endpoint: 'https://worker:8729' };
  const worker = new Worker({ registration, masters, roles, clock, log, random: () => 0 });
  const stop = new AbortController();
  const ended = worker.run(stop.signal);
  stopping.push(async () => {
    stop.abort(new Error('stop'));
    await ended;
  });
  return { clock, masters, roles };
}

test('a worker asks what to compare only while there is something, and tells what comes of it', async () => {
  const { clock, masters, roles } = start();
  masters.wanted = [wanted];
  await clock.advance(5_000);
  expect(masters.compared).toEqual([]);
  masters.instruct(instructions([receive], told));
  await clock.advance(1_000);
  expect(masters.compared).toEqual([{ id: '7.1', taskId: 'r', state: 'equal' }]);
  masters.instruct(instructions([receive], { epoch: 'e1' }));
  await clock.advance(1_000);
  expect(roles.comparing).toEqual([]);
  masters.wanted = [{ ...wanted, id: '7.2' }];
  await clock.advance(5_000);
  expect(masters.compared).toHaveLength(1);
});

test('what did not arrive is told again', async () => {
  const { clock, masters } = start();
  masters.wanted = [wanted];
  await clock.advance(100);
  masters.instruct(instructions([receive], told));
  await clock.advance(20);
  masters.away = new Error('nobody answers');
  masters.compared.splice(0);
  await clock.advance(1_500);
  masters.away = undefined;
  await clock.advance(5_000);
  expect(masters.compared).toContainEqual({ id: '7.1', taskId: 'r', state: 'equal' });
});
