import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { shardKey } from '../../../src/replication/target/checkpoint-documents.ts';
import type { ShardTarget } from '../../../src/replication/target/shard-target.ts';
import { TargetBatch } from '../../../src/replication/target/target-batch.ts';
import { directoryOf } from './a-target.ts';
import { instructions, shardTask, type TestEngine, TestTarget, testEngine, until } from './harness.ts';
import { documentLine, REVISIONS } from './operations.ts';
import { ScriptedSource, type ScriptedStream } from './scripted-source.ts';

const [R1, R2, R3] = REVISIONS;
const NEVER = new AbortController().signal;
const SHARD = { database: '_system', collection: 'c', shardIndex: 0 };

let target: TestTarget;
let source: ScriptedSource;
let collectionId: string;
let engine: TestEngine;
/** What is done when the engine tells a doubt; default: it is recorded at once. */
let recorded: () => Promise<void>;
let doubts: string[];

beforeAll(async () => {
  target = await TestTarget.start({ mode: 'cluster', dbServers: 2, coordinators: 2 });
});
afterAll(() => target.stop());

beforeEach(async () => {
  collectionId = await target.createCollection('c', { numberOfShards: 1, replicationFactor: 2 });
  source = new ScriptedSource(['ch']);
  doubts = [];
  recorded = async () => undefined;
  engine = testEngine(target.deployment, source, { checkpointEveryMs: 5 }, async (shard, reason) => {
    doubts.push(`${shard.collection}[${shard.shardIndex}]: ${reason}`);
    await recorded();
  });
});
afterEach(async () => {
  target.embedded.control.clearFaults();
  await engine.engine.stop();
  await target.deployment.front.request({ method: 'DELETE', path: '/_api/collection/c' });
});

async function follow(suspicion?: number): Promise<void> {
  const task = { ...shardTask('ch'), ...(suspicion === undefined ? {} : { suspicion }) };
  await engine.engine.setInstructions(instructions([task]));
}

async function streaming(): Promise<ScriptedStream> {
  await follow();
  const stream = (await source.nextStream('ch')).opened('copy', '100').copy([documentLine('a', R1)], true);
  await until('the first checkpoint', async () => (await storedTick()) === '100');
  return stream;
}

/** The next write of documents is held at its coordinator; what follows goes to the other one. */
function holdOneWrite(): void {
  const path = new RegExp(`/_api/document/(${collectionId}|c)\\?`);
  target.embedded.control.addFault({ method: 'POST', path, count: 1, action: { kind: 'cut-then-hold' } });
}

async function storedTick(): Promise<unknown> {
  const key = shardKey(collectionId, 0);
  return ((await target.documents('_sync_checkpoints', [key]))[key] as { tick?: string } | undefined)?.tick;
}

async function ownTree(): Promise<{ readonly count: number; readonly hash: string }> {
  const shard: ShardTarget = await directoryOf(target, NEVER).shard(SHARD);
  const batch = await TargetBatch.open(target.deployment, shard, NEVER);
  try {
    return await batch.tree(NEVER);
  } finally {
    await batch.close();
  }
}

const plus = (key: string, revision: string) => `+${documentLine(key, revision)}`;

test('S4: an old batch that lands behind newer ones is found after the quiet time, and repaired', async () => {
  const stream = await streaming();
  holdOneWrite();
  stream.ops('100', '110', [plus('a', R2)]).ops('110', '120', [plus('a', R3)]);
  await until('the newer batch', async () => (await target.revisions('c', ['a'])).a === R3);
  await until('the checkpoint behind it', async () => (await storedTick()) === '120');
  expect(doubts).toEqual(['c[0]: a write was not answered']);
  const right = await ownTree();
  expect(await target.embedded.control.releaseHeld()).toBe(1);
  expect(await target.revisions('c', ['a'])).toEqual({ a: R2 });
  // The quiet time is over: the leader has it compared.
  await follow(7);
  await source.next((control) => control.kind === 'verify');
  stream.tree('120', right.count, right.hash);
  const again = await source.nextStream('ch');
  expect(again.open.catchUpBecause).toContain('revision trees differ');
  again.opened('copy', '130').copy([documentLine('a', R3)], true);
  const report = await engine.shard('ch', ({ settled }) => settled !== undefined);
  expect(report).toMatchObject({ way: 'copy', settled: { suspicion: 7, how: 'copied' } });
  expect(await target.revisions('c', ['a'])).toEqual({ a: R3 });
});

test('S4: an old batch that has done no harm leaves the shard as it is', async () => {
  const stream = await streaming();
  holdOneWrite();
  stream.ops('100', '110', [plus('b', R2)]);
  await until('the repetition', async () => (await target.revisions('c', ['b'])).b === R2);
  await target.embedded.control.releaseHeld();
  await follow(7);
  await source.next((control) => control.kind === 'verify');
  const own = await ownTree();
  stream.tree('110', own.count, own.hash);
  const report = await engine.shard('ch', ({ settled }) => settled !== undefined);
  expect(report).toMatchObject({ status: 'running', settled: { suspicion: 7, how: 'equal' } });
  await follow(9);
  expect((await engine.shard('ch', () => true)).settled).toBeUndefined();
  await source.next((control) => control.kind === 'verify');
});

test('S4: a copy that began before the quiet time was over proves nothing', async () => {
  await follow();
  const stream = (await source.nextStream('ch')).opened('copy', '100').copy([documentLine('a', R1)], false);
  await until('the copy', async () => (await target.revisions('c', ['a'])).a === R1);
  await follow(7);
  stream.copy([documentLine('b', R2)], true);
  await source.next((control) => control.kind === 'verify');
  expect((await engine.shard('ch', ({ status }) => status === 'running')).settled).toBeUndefined();
});

test('S4: no checkpoint passes a doubtful batch before the doubt is recorded', async () => {
  const stream = await streaming();
  const gate = Promise.withResolvers<void>();
  recorded = () => gate.promise;
  holdOneWrite();
  stream.ops('100', '110', [plus('a', R2)]);
  await until('the doubt', () => doubts.length === 1);
  await until('the repetition', async () => (await target.revisions('c', ['a'])).a === R2);
  // Another round of checkpoints has gone by when the newer shard document would have been there.
  const rounds = async () => (await engine.shard('ch', () => true)).operationsApplied;
  expect(await rounds()).toBe(0);
  expect(await storedTick()).toBe('100');
  gate.resolve();
  await until('the checkpoint', async () => (await storedTick()) === '110');
});

test('S4: a shard that is taken away while a write is on its way leaves a doubt behind', async () => {
  const stream = await streaming();
  const path = new RegExp(`/_api/document/(${collectionId}|c)\\?`);
  const { control } = target.embedded;
  const fault = control.addFault({ method: 'POST', path, action: { kind: 'delay', ms: 60_000 } });
  stream.ops('100', '110', [plus('a', R2)]);
  await until('the write is sent', () => fault.hits > 0);
  await engine.engine.setInstructions(instructions([]));
  expect(doubts).toEqual(['c[0]: a write was given up before it was answered']);
});

test('S4: nothing is told while every write is answered', async () => {
  const stream = await streaming();
  stream.ops('100', '110', [plus('a', R2)]).ops('110', '120', [plus('b', R3), '-{"_key":"a","_rev":""}']);
  await until('the checkpoint', async () => (await storedTick()) === '120');
  expect(doubts).toEqual([]);
});
