import { afterEach, expect, test } from 'vitest';
import type { Control } from '../../src/replication/queue.ts';
import { TestSource, until } from '../replication/source/harness.ts';
import { instructions, shardTask, TestTarget, testEngine } from '../replication/target/harness.ts';
import { documentLine } from '../replication/target/operations.ts';
import { ScriptedSource, SOURCE_ID } from '../replication/target/scripted-source.ts';

const REVISION = '_kEJrpFq---';
const isFind = (control: Control): control is Extract<Control, { kind: 'find' }> => control.kind === 'find';
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test('S1: a stream of another deployment is refused, and nothing of it is written', async () => {
  const target = await TestTarget.start({ mode: 'single' });
  cleanups.push(() => target.stop());
  await target.createCollection('c');
  await target.restore('c', [documentLine('kept', REVISION)]);
  const source = new ScriptedSource(['ch1']);
  const { engine, shard } = testEngine(target.deployment, source);
  cleanups.push(() => engine.stop());
  await engine.setInstructions(instructions([shardTask('ch1')]));
  const stream = await source.nextStream('ch1');
  stream.opened('copy', '100', { sourceDeployment: 'another' }).copy([documentLine('new', REVISION)], true);
  const { statusMessage } = await shard('ch1', ({ status }) => status !== 'initializing' && status !== 'initial-sync');
  expect(statusMessage).toContain('nothing is written');
  expect(await target.revisions('c', ['kept', 'new'])).toEqual({ kept: REVISION });
});

async function receiving() {
  const target = await TestTarget.start({ mode: 'single' });
  cleanups.push(() => target.stop());
  const collectionId = await target.createCollection('c');
  await target.restore('c', [documentLine('kept', REVISION)]);
  const source = new ScriptedSource(['ch1']);
  const { engine, shard } = testEngine(target.deployment, source);
  cleanups.push(() => engine.stop());
  await engine.setInstructions(instructions([shardTask('ch1')]));
  return { target, collectionId, source, shard, engine };
}

/** The target is told how the source's collection is made, as by an inventory, and looks at it when it opens again. */
async function follows(
  target: TestTarget,
  source: ScriptedSource,
  collectionId: string,
  sharding: object,
): Promise<void> {
  const first = await source.nextStream('ch1');
  const facts = { deployment: SOURCE_ID, collection: 'c7/', hasUniqueRevisions: true, hasTrees: true, sharding };
  const document = {
    ...{ _key: `collection-${collectionId}`, kind: 'collection', epoch: 'epoch-1', targetCollectionId: collectionId },
    ...{ sourceId: 'c7/', source: facts },
  };
  const path = '/_api/document/_sync_checkpoints';
  await target.deployment.front.json({ method: 'POST', path, body: document });
  first.broken('the test', false);
}

test('S2: a removal by which a document may have moved is asked for, and no position behind it is stored before', async () => {
  const { target, collectionId, source, shard, engine } = await receiving();
  await follows(target, source, collectionId, { shards: 3, keys: ['country'], strategy: 'hash' });
  const stream = await source.nextStream('ch1');
  expect(stream.open.byContent).toBe(true);
  stream.opened('content', '100', { cuid: 'c7/s1' }).copy([], true);
  expect((await source.next(isFind)).keys).toEqual(['kept']);
  stream.found([documentLine('kept', '_kEJrpFq--A')]);
  await shard('ch1', ({ status }) => status === 'running');
  stream.ops('100', '110', ['-{"_key":"kept","_rev":"_kEJrpFq--A"}']);
  stream.ops('110', '120', [`+${documentLine('behind', '_kEJrpFq--B')}`]);
  expect((await source.next(isFind)).keys).toEqual(['kept']);
  await until('what comes behind it', async () => (await target.revisions('c', ['behind'])).behind !== undefined);
  expect((await target.revisions('c', ['kept'])).kept).toBe(REVISION);
  await engine.stop();
  const key = `shard-${collectionId}-0`;
  expect((await target.documents('_sync_checkpoints', [key]))[key]).toMatchObject({ tick: '100' });
});

/** Caught up with by content, of a source where documents may move, into a collection with a unique index. */
async function movingUnderUnique() {
  const { target, collectionId, source, shard } = await receiving();
  await target.createIndex('c', { type: 'persistent', fields: ['x'], unique: true, sparse: true });
  await follows(target, source, collectionId, { shards: 3, keys: ['country'], strategy: 'hash' });
  const stream = await source.nextStream('ch1');
  stream.opened('content', '100', { cuid: 'c7/s1' }).copy([], true);
  expect((await source.next(isFind)).keys).toEqual(['kept']);
  stream.found([documentLine('kept', '_kEJrpFq--A')]);
  await shard('ch1', ({ status }) => status === 'running');
  stream.ops('100', '110', [`+${documentLine('first', '_kEJrpFq--A', { x: 1 })}`]);
  return { target, source, stream };
}

test('S13: what waits for its value is of the past once a removal comes behind it, also where documents may move', async () => {
  const { target, source, stream } = await movingUnderUnique();
  stream.ops('110', '120', [`+${documentLine('held', '_kEJrpFq--B', { x: 1 })}`]);
  await source.applied(stream);
  stream.ops('120', '130', ['-{"_key":"held","_rev":"_kEJrpFq--B"}']);
  expect((await source.next(isFind)).keys).toEqual(['held']);
  stream.found([]).ops('130', '140', ['-{"_key":"first","_rev":"_kEJrpFq--A"}']);
  expect((await source.next(isFind)).keys).toEqual(['first']);
  stream.found([]).ops('140', '150', [`+${documentLine('last', '_kEJrpFq--D')}`]);
  await until('what comes last', async () => (await target.revisions('c', ['last'])).last !== undefined);
  expect(Object.keys(await target.revisions('c', ['first', 'held', 'last']))).toEqual(['last']);
});

test('S13: what has moved to another shard does not wait here for its value: the shard is compared', async () => {
  const { source, stream } = await movingUnderUnique();
  stream.ops('110', '120', ['-{"_key":"kept","_rev":"_kEJrpFq--A"}']);
  expect((await source.next(isFind)).keys).toEqual(['kept']);
  stream.found([documentLine('kept', '_kEJrpFq--C', { x: 1 })]);
  const { open } = await source.nextStream('ch1');
  expect(open.catchUpBecause).toContain('a unique index of the target refuses a document with key "kept"');
});

test('S2: a stream of another collection than the one that is followed is not written', async () => {
  const { target, collectionId, source, shard } = await receiving();
  await follows(target, source, collectionId, { shards: 1, keys: ['_key'], strategy: 'hash' });
  const stream = await source.nextStream('ch1');
  stream.opened('copy', '100', { cuid: 'c8/s1' }).copy([documentLine('new', REVISION)], true);
  await shard('ch1', ({ statusMessage }) => statusMessage.includes('the source sends c8/s1, the target follows c7/'));
  const next = await source.nextStream('ch1');
  next.opened('copy', '100', { cuid: 'c7/s1' }).copy([documentLine('right', '_kEJrpFq--_')], true);
  await shard('ch1', ({ status }) => status === 'running');
  expect(Object.keys(await target.revisions('c', ['new', 'right']))).toEqual(['right']);
});

test('S2: a stream of other shards is not written before it is known how to follow them', async () => {
  const { target, source, shard } = await receiving();
  const stream = await source.nextStream('ch1');
  const sharding = { shards: 3, keys: ['_key'], strategy: 'hash' };
  stream.opened('copy', '100', { sharding }).copy([documentLine('new', REVISION)], true);
  await shard('ch1', ({ statusMessage }) =>
    statusMessage.includes('it is not known yet how to follow it: the source has 3'),
  );
  expect(await target.revisions('c', ['kept', 'new'])).toEqual({ kept: REVISION });
});

test('S15: what an earlier stream of a channel is told does not touch the one that is open', async () => {
  // Nothing else may be in the log: what is checkpointed is nothing but a copy yet.
  const source = await TestSource.start({ mode: 'single' }, { markerEveryMs: 0 });
  cleanups.push(() => source.stop());
  await source.createCollection('c');
  await source.write('c', [{ _key: 'first' }]);
  const [replica] = await source.follow('c');
  if (replica === undefined) throw new Error('no replica');
  await source.equal(replica, 'c');
  await until('a checkpoint', () => replica.checkpoint !== undefined);
  const { stream: earlier, channel } = replica;
  source.receiver.resume(replica);
  await until('the stream after it', () => replica.last('opened')?.stream === replica.stream);
  source.receiver.link.send({ kind: 'close', channel, stream: earlier });
  await source.write('c', [{ _key: 'second' }]);
  await source.equal(replica, 'c');
  expect(replica.stream).not.toBe(earlier);
  expect(replica.copies).toBe(1);
});

test('S5: a log that has another operation at the tick of the one that was seen is not followed', async () => {
  const source = await TestSource.start({ mode: 'single' });
  cleanups.push(() => source.stop());
  await source.createCollection('c');
  const [replica] = await source.follow('c');
  if (replica === undefined) throw new Error('no replica');
  await source.writeOne('c', { _key: 'seen' });
  const checkpoint = await until('a witness', () =>
    replica.checkpoint?.witnesses.length ? replica.checkpoint : false,
  );
  const witnesses = checkpoint.witnesses.map((witness) => ({ ...witness, key: 'another' }));
  source.receiver.open(replica.channel, { checkpoint: { ...checkpoint, witnesses } });
  const opened = await until('an answer', () => {
    const last = replica.last('opened');
    return last?.stream === replica.stream ? last : undefined;
  });
  expect(opened).toMatchObject({ way: 'copy', reason: expect.stringContaining('has another operation at tick') });
});
