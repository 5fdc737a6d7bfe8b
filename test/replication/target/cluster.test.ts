import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { shardKey } from '../../../src/replication/target/checkpoint-documents.ts';
import type { ShardTarget } from '../../../src/replication/target/shard-target.ts';
import { TargetBatch } from '../../../src/replication/target/target-batch.ts';
import { directoryOf } from './a-target.ts';
import { instructions, shardTask, type TestEngine, TestTarget, testEngine, until } from './harness.ts';
import { documentLine } from './operations.ts';
import { ScriptedSource, type ScriptedStream } from './scripted-source.ts';

const SHARDS = 3;
const CHANNELS = ['ch0', 'ch1', 'ch2'];
const NEVER = new AbortController().signal;

let target: TestTarget;
let source: ScriptedSource;
let running: TestEngine[] = [];
let collectionId: string;

beforeAll(async () => {
  target = await TestTarget.start({ mode: 'cluster', dbServers: 3, coordinators: 2, failoverGraceMs: 50 });
});
afterAll(() => target.stop());
beforeEach(async () => {
  collectionId = await target.createCollection('c', { numberOfShards: SHARDS, replicationFactor: 2 });
  source = new ScriptedSource(CHANNELS);
});
afterEach(async () => {
  target.embedded.control.clearFaults();
  await Promise.all(running.map(({ engine }) => engine.stop()));
  running = [];
  await target.deployment.front.request({ method: 'DELETE', path: '/_api/collection/c' });
});

async function start(): Promise<TestEngine> {
  const engine = testEngine(target.deployment, source);
  running.push(engine);
  const tasks = CHANNELS.map((channel, shardIndex) => shardTask(channel, { shardIndex }));
  await engine.engine.setInstructions(instructions(tasks));
  return engine;
}

function shard(shardIndex: number): Promise<ShardTarget> {
  const directory = directoryOf(target, NEVER);
  return directory.shard({ database: '_system', collection: 'c', shardIndex });
}

/** Keys that live in a shard. */
async function keysOf(shardIndex: number, count: number): Promise<string[]> {
  const { shardName } = await shard(shardIndex);
  const keys: string[] = [];
  for (let number = 0; keys.length < count; number += 1) {
    const body = { _key: `k${number}` };
    const path = '/_api/collection/c/responsibleShard';
    const { shardId } = await target.deployment.front.json<{ shardId: string }>({ method: 'PUT', path, body });
    if (shardId === shardName) keys.push(body._key);
  }
  return keys;
}

function revision(number: number): string {
  return `_kEJrp${String.fromCharCode(65 + Math.floor(number / 26))}${String.fromCharCode(65 + (number % 26))}---`;
}

async function streams(): Promise<ScriptedStream[]> {
  const opened: ScriptedStream[] = [];
  for (const channel of CHANNELS) opened.push(await source.nextStream(channel));
  return opened;
}

async function positions(): Promise<(string | undefined)[]> {
  const keys = CHANNELS.map((_, index) => shardKey(collectionId, index));
  const documents = await target.documents('_sync_checkpoints', keys);
  const found = keys.map((key) => documents[key] as { tick?: string; floor?: string } | undefined);
  const names = [...new Set(found.flatMap((document) => document?.floor ?? []))];
  const floors = await target.documents('_sync_checkpoints', names);
  return found.map((document) => {
    const floor = floors[document?.floor ?? ''] as { tick?: string } | undefined;
    const ticks = [floor?.tick, document?.tick].flatMap((tick) => (tick === undefined ? [] : [Number(tick)]));
    return ticks.length === 0 ? undefined : String(Math.max(...ticks));
  });
}

test('each shard of a cluster is filled, and each leader has its own documents only', async () => {
  const engine = await start();
  const opened = await streams();
  const keys = await Promise.all(CHANNELS.map((_, index) => keysOf(index, 3)));
  for (const [index, stream] of opened.entries()) {
    const lines = (keys[index] ?? []).map((key, at) => documentLine(key, revision(at)));
    stream.opened('copy', '100').copy(lines, true);
  }
  for (const channel of CHANNELS) await engine.shard(channel, ({ status }) => status === 'running');
  expect(await target.count('c')).toBe(9);
  const path = '/_api/collection/c/count';
  const { count } = await target.deployment.front.json<{ count: Record<string, number> }>({
    method: 'GET',
    path,
    query: { details: true },
  });
  expect(Object.values(count)).toEqual([3, 3, 3]);
});

test('a copy over filled shards removes the surplus of its own shard only', async () => {
  const keys = await Promise.all(CHANNELS.map((_, index) => keysOf(index, 3)));
  for (const own of keys)
    await target.restore(
      'c',
      own.map((key, at) => documentLine(key, revision(at))),
    );
  const engine = await start();
  const [first, second] = await streams();
  const [kept, changed] = keys[0] ?? [];
  first
    ?.opened('copy', '100')
    .copy([documentLine(kept ?? '', revision(0)), documentLine(changed ?? '', revision(20))], true);
  second?.opened('copy', '100').copy([], true);
  await engine.shard('ch0', ({ status }) => status === 'running');
  await engine.shard('ch1', ({ status }) => status === 'running');
  expect(await target.revisions('c', keys.flat())).toEqual({
    [kept ?? '']: revision(0),
    [changed ?? '']: revision(20),
    ...Object.fromEntries((keys[2] ?? []).map((key, at) => [key, revision(at)])),
  });
});

test('S20: a floor moves all shards that stream, and a worker that starts anew goes on from it', async () => {
  const first = await start();
  const opened = await streams();
  for (const stream of opened) stream.opened('copy', '100').copy([], true);
  for (const channel of CHANNELS) await first.shard(channel, ({ status }) => status === 'running');
  source.floor('500', ['ch2']);
  await until('the floor', async () => (await positions()).join() === '500,500,100');
  const [key = ''] = await keysOf(0, 1);
  opened[0]?.ops('500', '510', [`+${documentLine(key, revision(1))}`]);
  await until('the operation', async () => (await positions())[0] === '510');
  await first.engine.stop();
  source = new ScriptedSource(CHANNELS);
  await start();
  const ticks = (await streams()).map(({ open }) => open.checkpoint?.tick);
  expect(ticks).toEqual(['510', '500', '100']);
});

test('S6: a restart of a leader makes its shards compare trees; equal ones go on', async () => {
  const engine = await start();
  const opened = await streams();
  const [key = '', other = ''] = await keysOf(0, 2);
  for (const [index, stream] of opened.entries()) {
    stream.opened('copy', '100').copy(index === 0 ? [documentLine(key, revision(0))] : [], true);
  }
  await until('the checkpoints', async () => (await positions()).join() === '100,100,100');
  const led = await shard(0);
  await target.embedded.control.restart(led.leader);
  // The restart is seen when the next checkpoint is to be written.
  opened[0]?.ops('100', '110', [`+${documentLine(other, revision(1))}`]);
  const again = await source.nextStream('ch0');
  again.opened('tail', again.open.checkpoint?.tick ?? '');
  await source.next((control): control is typeof control => control.kind === 'verify' && control.channel === 'ch0');
  const position = again.open.checkpoint?.tick ?? '';
  if (position === '100') again.ops('100', '110', [`+${documentLine(other, revision(1))}`]);
  await until('the operation', async () => (await target.count('c')) === 2);
  const batch = await TargetBatch.open(target.deployment, await shard(0), NEVER);
  const { count, hash } = await batch.tree(NEVER);
  await batch.close();
  again.tree('110', count, hash);
  await engine.shard('ch0', ({ reason }) => reason.includes('compared with the source: equal (2 documents)'));
});

test('S6: another leader makes its shards compare trees', async () => {
  await start();
  const opened = await streams();
  const [key = '', other = ''] = await keysOf(0, 2);
  for (const [index, stream] of opened.entries()) {
    stream.opened('copy', '100').copy(index === 0 ? [documentLine(key, revision(0))] : [], true);
  }
  await until('the checkpoints', async () => (await positions()).join() === '100,100,100');
  await target.embedded.control.stop((await shard(0)).leader);
  opened[0]?.ops('100', '110', [`+${documentLine(other, revision(1))}`]);
  const again = await source.nextStream('ch0');
  expect(again.open.catchUpBecause).toBeUndefined();
  again.opened('tail', again.open.checkpoint?.tick ?? '');
  await source.next((control): control is typeof control => control.kind === 'verify' && control.channel === 'ch0');
  for (const { id } of target.embedded.dbServers) await target.embedded.control.start(id);
});
