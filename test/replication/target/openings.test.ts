import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TargetLimits } from '../../../src/replication/target/environment.ts';
import { Inbox } from '../../../src/replication/target/inbox.ts';
import { instructions, shardTask, type TestEngine, TestTarget, testEngine, until } from './harness.ts';
import { ScriptedSource } from './scripted-source.ts';

const CHANNELS = ['ch0', 'ch1', 'ch2', 'ch3', 'ch4', 'ch5'];

let target: TestTarget;
let source: ScriptedSource;
let running: TestEngine | undefined;

beforeEach(async () => {
  target = await TestTarget.start({ mode: 'single' });
  source = new ScriptedSource(CHANNELS);
  for (const channel of CHANNELS) await target.createCollection(channel);
});
afterEach(async () => {
  target.embedded.control.clearFaults();
  await running?.engine.stop();
  await target.stop();
});

/** A shard per channel, in a collection of the same name. */
async function start(limits: Partial<TargetLimits>): Promise<TestEngine> {
  const engine = testEngine(target.deployment, source, limits);
  running = engine;
  const tasks = CHANNELS.map((channel) => shardTask(channel, { collection: channel }));
  await engine.engine.setInstructions(instructions(tasks));
  return engine;
}

function opened(): string[] {
  return source.controls.flatMap((control) => (control.kind === 'open' ? [control.channel] : []));
}

function messages({ engine }: TestEngine): string[] {
  return engine.reports().map(({ statusMessage = '' }) => statusMessage);
}

async function copyAll(): Promise<void> {
  for (const channel of CHANNELS) (await source.nextStream(channel)).opened('copy', '100').copy([], true);
}

/** Every shard has a checkpoint, and a new engine follows. */
async function startAgain(limits: Partial<TargetLimits>): Promise<TestEngine> {
  const first = await start({});
  await copyAll();
  for (const channel of CHANNELS) await first.shard(channel, ({ status }) => status === 'running');
  await first.engine.stop();
  source = new ScriptedSource(CHANNELS);
  return start(limits);
}

test('shards are copied in turn, so many at once, and say what they wait for', async () => {
  // One looks after the other, so that they come to their turn in the order of the tasks.
  const engine = await start({ copiesAtOnce: 2, openingsAtOnce: 1 });
  const one = await source.nextStream('ch0');
  const two = await source.nextStream('ch1');
  const waiting = 'waiting: its turn comes: 2 shards are copied at once';
  await until('the others waiting', () => messages(engine).filter((message) => message === waiting).length === 4);
  one.opened('copy', '100');
  await engine.shard('ch0', ({ status }) => status === 'initial-sync');
  expect(opened()).toEqual(['ch0', 'ch1']);
  one.copy([], true);
  const three = await source.nextStream('ch2');
  expect(opened()).toEqual(['ch0', 'ch1', 'ch2']);
  two.broken('of the test', false);
  three.opened('copy', '100').copy([], true);
  for (const channel of ['ch3', 'ch4', 'ch5', 'ch1'])
    (await source.nextStream(channel)).opened('copy', '100').copy([], true);
  for (const channel of CHANNELS) await engine.shard(channel, ({ status }) => status === 'running');
  expect(messages(engine)).toEqual(CHANNELS.map(() => ''));
});

test('shards open in turn, so many at once; one that the source lets wait keeps nobody waiting', async () => {
  const engine = await startAgain({ openingsAtOnce: 2 });
  const streams = [await source.nextStream('ch0'), await source.nextStream('ch1')];
  const waiting = 'waiting: its turn comes: 2 shards open their streams at once';
  await until('the others waiting', () => messages(engine).filter((message) => message === waiting).length === 4);
  expect(opened().toSorted()).toEqual(['ch0', 'ch1']);
  streams[0]?.opened('tail', '100');
  streams.push(await source.nextStream('ch2'));
  source.queued(streams.slice(1), 'the source is busy');
  for (const channel of ['ch3', 'ch4']) (await source.nextStream(channel)).opened('tail', '100');
  (await source.nextStream('ch5')).opened('tail', '100');
  expect(engine.engine.reports()[1]).toMatchObject({ statusMessage: 'waiting: the source is busy' });
  for (const stream of streams.slice(1)) stream.opened('tail', '100');
  for (const channel of CHANNELS) await engine.shard(channel, ({ status }) => status === 'running');
  expect(opened().toSorted()).toEqual(CHANNELS);
});

test('a stream that the source lets wait is not silent, until nobody speaks for it any longer', () => {
  const inbox = new Inbox({ kind: 'open', channel: 'ch0', stream: 's', credit: 1 }, 0, () => {});
  const limits = { openTimeoutMs: 60_000, messageTimeoutMs: 3_600_000 };
  inbox.noteQueued(50_000);
  expect(inbox.silence(110_000, limits)).toBeUndefined();
  expect(inbox.silence(110_001, limits)).toBe('the source did not answer within 60000 ms');
});

test('S20: a target that cannot be asked is one condition of the worker, and the failure of no shard', async () => {
  const path = /_api\/replication\/(batch|inventory)/;
  const refusing = target.embedded.control.addFault({ path, action: { kind: 'fail', status: 401, errorNum: 11 } });
  const engine = await start({ openingsAtOnce: 2 });
  await until('a failed try', () => messages(engine).some((message) => message.includes('401')));
  await until('all having tried', () => messages(engine).every((message) => message !== ''));
  expect(engine.engine.reports().map(({ status }) => status)).toEqual(CHANNELS.map(() => 'initializing'));
  expect(engine.log.map(({ message }) => message)).toEqual(['the target cannot be asked: no shard opens']);
  refusing.remove();
  await copyAll();
  for (const channel of CHANNELS) await engine.shard(channel, ({ status }) => status === 'running');
  expect(engine.log.filter(({ level }) => level !== 'info')).toHaveLength(1);
  expect(engine.log.at(-1)?.message).toBe('the target can be asked again');
});
