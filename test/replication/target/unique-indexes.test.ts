import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { shardKey } from '../../../src/replication/target/checkpoint-documents.ts';
import type { TargetLimits } from '../../../src/replication/target/environment.ts';
import { instructions, shardTask, type TestEngine, TestTarget, testEngine, until } from './harness.ts';
import { documentLine, REVISIONS } from './operations.ts';
import { ScriptedSource, type ScriptedStream } from './scripted-source.ts';

const [R1, R2, R3, R4, R5] = REVISIONS;
const UNIQUE = { type: 'persistent', name: 'x', fields: ['x'], unique: true };

let target: TestTarget;
let source: ScriptedSource;
let running: TestEngine[] = [];
let collectionId: string;
/** A second shard that is applied by the same engine. */
let otherId: string;
let other: ScriptedStream | undefined;

beforeAll(async () => {
  target = await TestTarget.start({ mode: 'single' });
});
afterAll(() => target.stop());
beforeEach(async () => {
  collectionId = await target.createCollection('c');
  await target.createIndex('c', UNIQUE);
  otherId = await target.createCollection('other');
  other = undefined;
  source = new ScriptedSource(['ch1', 'ch2']);
});
afterEach(async () => {
  await Promise.all(running.map(({ engine }) => engine.stop()));
  running = [];
  for (const name of ['c', 'other'])
    await target.deployment.front.request({ method: 'DELETE', path: `/_api/collection/${name}` });
});

async function start(limits: Partial<TargetLimits> = {}): Promise<TestEngine> {
  const engine = testEngine(target.deployment, source, limits);
  running.push(engine);
  await engine.engine.setInstructions(instructions([shardTask('ch1'), shardTask('ch2', { collection: 'other' })]));
  return engine;
}

async function storedTick(id = collectionId): Promise<unknown> {
  const key = shardKey(id, 0);
  const { [key]: document } = await target.documents('_sync_checkpoints', [key]);
  return (document as { tick?: unknown } | undefined)?.tick;
}

/** A stream that goes on behind a copy of `documents`, from a checkpoint at 100. */
async function goingOn(documents: readonly string[], limits: Partial<TargetLimits> = {}): Promise<ScriptedStream> {
  const first = await start();
  (await source.nextStream('ch1')).opened('copy', '100').copy(documents, true);
  await checkpointed('100');
  await source.nextStream('ch2');
  await first.engine.stop();
  await start(limits);
  return source.nextStream('ch1');
}

/** Lets the other shard come to a position, and waits until that is stored. */
async function another(tick: string): Promise<void> {
  other ??= (await source.nextStream('ch2')).opened('copy', '100').copy([], true);
  other.ops(tick === '110' ? '100' : '110', tick, []);
  await until('the other checkpoint', async () => (await storedTick(otherId)) === tick);
}

/** What the engine logged tells why it was waited for in vain. */
async function checkpointed(tick: string): Promise<void> {
  try {
    await until(`the checkpoint at ${tick}`, async () => (await storedTick()) === tick);
  } catch (error) {
    throw new Error(`${error}: ${JSON.stringify(running.flatMap(({ log, engine }) => [log, engine.reports()]))}`);
  }
}

const plus = (key: string, revision: string, x: number) => `+${documentLine(key, revision, { x })}`;
const asked = () => source.next((control): control is typeof control => control.kind === 'indexes');

test('S13: in a replay what is refused waits, and nothing that is newer is removed or compared', async () => {
  // As it was when the log ended at 120; the checkpoint is of before.
  const stream = await goingOn([documentLine('a', R4, { x: 2 }), documentLine('b', R5, { x: 1 })]);
  stream.opened('tail', '100', { logEnd: '120' }).ops('100', '110', [plus('a', R1, 1)]);
  await asked();
  stream.indexes([UNIQUE]);
  await until('the refused document', async () => (await target.revisions('c', ['a'])).a === undefined);
  expect(await target.revisions('c', ['b'])).toEqual({ b: R5 });
  stream.ops('110', '120', [plus('b', R2, 2), plus('a', R3, 3), plus('b', R5, 1), plus('a', R4, 2)]);
  await checkpointed('120');
  expect(await target.revisions('c', ['a', 'b'])).toEqual({ a: R4, b: R5 });
  expect(source.controls.some(({ kind }) => kind === 'close')).toBe(false);
});

test('S13: where the replay is over, what is refused is compared with the source', async () => {
  const stream = await goingOn([documentLine('a', R1, { x: 1 }), documentLine('b', R2, { x: 2 })]);
  stream.opened('tail', '100', { logEnd: '110' }).ops('100', '120', [plus('a', R3, 2)]);
  await asked();
  stream.indexes([UNIQUE]);
  const { open } = await source.nextStream('ch1');
  expect(open.catchUpBecause).toMatch(/unique index of the target refuses a document with key "a"/);
  expect(open.compare).toEqual({});
  expect(await target.revisions('c', ['b'])).toEqual({ b: R2 });
});

test('S13: before the source has told its indexes nothing is compared', async () => {
  const stream = await goingOn([documentLine('a', R1, { x: 1 }), documentLine('b', R2, { x: 2 })]);
  stream.opened('tail', '100', { logEnd: '100' }).ops('100', '120', [plus('a', R3, 2)]);
  await asked();
  stream.ops('120', '130', [plus('b', R4, 3)]);
  await checkpointed('130');
  expect(await target.revisions('c', ['a', 'b'])).toEqual({ a: R3, b: R4 });
  expect(source.controls.some(({ kind }) => kind === 'close')).toBe(false);
});

test('S13: while a document is held back the checkpoint does not move', async () => {
  const stream = await goingOn([documentLine('a', R1, { x: 1 }), documentLine('b', R2, { x: 2 })]);
  stream.opened('tail', '100', { logEnd: '200' }).ops('100', '120', [plus('a', R3, 2), plus('d', R5, 5)]);
  await until('the other document', async () => (await target.revisions('c', ['d'])).d === R5);
  // Whoever is not checkpointed by then is not by the round that stored this one.
  for (const tick of ['110', '120']) await another(tick);
  expect(await storedTick()).toBe('100');
  stream.ops('120', '160', [plus('b', R4, 3)]);
  await checkpointed('160');
});

test('S13: more than can be held back is compared with the source', async () => {
  const stream = await goingOn([documentLine('b', R2, { x: 2 })], { deferredBytes: 20 });
  stream.opened('tail', '100', { logEnd: '200' }).ops('100', '120', [plus('a', R3, 2)]);
  const { open } = await source.nextStream('ch1');
  expect(open.catchUpBecause).toMatch(/unique index/);
});

test('S13: all shards together hold back no more than their part', async () => {
  const stream = await goingOn([documentLine('b', R2, { x: 2 })], { deferredBytesInAll: 20 });
  stream.opened('tail', '100', { logEnd: '200' }).ops('100', '120', [plus('a', R3, 2)]);
  expect((await source.nextStream('ch1')).open.catchUpBecause).toMatch(/unique index/);
});
