import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { shardKey } from '../../../src/replication/target/checkpoint-documents.ts';
import type { TargetLimits } from '../../../src/replication/target/environment.ts';
import { instructions, shardTask, type TestEngine, TestTarget, testEngine, until } from './harness.ts';
import { documentLine } from './operations.ts';
import { ScriptedSource } from './scripted-source.ts';

const [R1, R2, R3, R4, R5] = ['_kEJrpFq---', '_kEJrpFq--_', '_kEJrpFq--A', '_kEJrpFq--B', '_kEJrpFq--C'] as const;

let target: TestTarget;
let source: ScriptedSource;
let running: TestEngine[] = [];
let collectionId: string;

beforeAll(async () => {
  target = await TestTarget.start({ mode: 'single' });
});
afterAll(() => target.stop());

beforeEach(async () => {
  collectionId = await target.createCollection('c');
  source = new ScriptedSource(['ch1', 'ch2']);
});
afterEach(async () => {
  target.embedded.control.clearFaults();
  await Promise.all(running.map(({ engine }) => engine.stop()));
  running = [];
  await target.deployment.front.request({ method: 'DELETE', path: '/_api/collection/c' });
});

async function start(epoch = 'epoch-1', limits: Partial<TargetLimits> = {}): Promise<TestEngine> {
  const engine = testEngine(target.deployment, source, limits);
  running.push(engine);
  await engine.engine.setInstructions(instructions([shardTask('ch1')], epoch));
  return engine;
}

function stored(): Promise<Record<string, unknown> | undefined> {
  const key = shardKey(collectionId, 0);
  return target
    .documents('_sync_checkpoints', [key])
    .then((found) => found[key] as Record<string, unknown> | undefined);
}

function plus(key: string, revision: string, rest: Readonly<Record<string, unknown>> = {}): string {
  return `+${documentLine(key, revision, rest)}`;
}

test('a shard without a checkpoint is copied, streamed, and checkpointed', async () => {
  const engine = await start();
  const stream = await source.nextStream('ch1');
  expect(stream.open.checkpoint).toBeUndefined();
  stream
    .opened('copy', '100', { expectedDocuments: 2 })
    .copy([documentLine('a', R1)], false)
    .copy([documentLine('b', R2)], true);
  stream.ops('100', '110', [plus('c', R3), `-{"_key":"a","_rev":"${R1}"}`]);
  const report = await engine.shard('ch1', ({ operationsApplied }) => operationsApplied === 2);
  expect(report).toMatchObject({ status: 'running', way: 'copy', documentsCopied: 2, documentsExpected: 2 });
  expect(report.delay).toBeGreaterThanOrEqual(0);
  expect(await target.revisions('c', ['a', 'b', 'c'])).toEqual({ b: R2, c: R3 });
  const document = await until('the checkpoint', async () => {
    const found = await stored();
    return found?.tick === '110' ? found : undefined;
  });
  expect(document).toMatchObject({
    epoch: 'epoch-1',
    forkRevision: R3,
    targetCollectionId: collectionId,
    serverId: '4711',
  });
});

test('a new engine goes on from the checkpoint and copies nothing', async () => {
  const first = await start();
  (await source.nextStream('ch1'))
    .opened('copy', '100')
    .copy([documentLine('a', R1)], true)
    .ops('100', '110', [plus('b', R2)]);
  await until('the checkpoint', async () => (await stored())?.tick === '110');
  await first.engine.stop();
  const second = await start();
  const stream = await source.nextStream('ch1');
  expect(stream.open.checkpoint).toMatchObject({ tick: '110', cuid: 'c1/s1', dbServer: 'PRMR-source' });
  stream.opened('tail', '110').ops('110', '120', [plus('c', R3)]);
  const report = await second.shard('ch1', ({ operationsApplied }) => operationsApplied === 1);
  expect(report).toMatchObject({ way: 'tail', documentsCopied: 0 });
  expect(await target.count('c')).toBe(3);
});

test('a copy over a filled shard removes what the source lacks and keeps the rest', async () => {
  await target.restore('c', [
    documentLine('same', R1),
    documentLine('old', R2),
    documentLine('gone', R3),
    documentLine('late', R5),
  ]);
  const engine = await start();
  (await source.nextStream('ch1'))
    .opened('copy', '100')
    .copy([documentLine('same', R1), documentLine('old', R4, { n: 2 })], true);
  await engine.shard('ch1', ({ status }) => status === 'running');
  expect(await target.revisions('c', ['same', 'old', 'gone', 'late'])).toEqual({ same: R1, old: R4 });
});

test('S15: a frame that is not the next ends the stream, and the shard opens another one', async () => {
  await start();
  const stream = await source.nextStream('ch1');
  stream
    .opened('copy', '100')
    .copy([], true)
    .skip()
    .ops('100', '110', [plus('a', R1)]);
  const next = await source.nextStream('ch1');
  expect(next.open.stream).not.toBe(stream.open.stream);
  expect(await target.count('c')).toBe(0);
});

test('S15: operations from another position than the shard has are refused', async () => {
  const engine = await start();
  const stream = await source.nextStream('ch1');
  stream
    .opened('copy', '100')
    .copy([], true)
    .ops('100', '110', [plus('a', R1)])
    .ops('105', '120', [plus('b', R2)]);
  await source.nextStream('ch1');
  expect(await target.revisions('c', ['b'])).toEqual({});
  expect(engine.log.some(({ fields }) => String(fields.reason).includes('from 105 came at position 110'))).toBe(true);
});

test('S15: frames of a stream that was closed are not applied', async () => {
  await start();
  const old = await source.nextStream('ch1');
  old.opened('copy', '100').copy([], true).ops('99', '110', []);
  const fresh = await source.nextStream('ch1');
  old.ops('100', '110', [plus('old', R1)]);
  fresh.opened('copy', '200').copy([documentLine('new', R2)], true);
  await until('the copy', async () => (await target.count('c')) > 0);
  expect(await target.revisions('c', ['old', 'new'])).toEqual({ new: R2 });
});

test('S3: under another epoch a checkpoint means nothing', async () => {
  const first = await start('epoch-1');
  (await source.nextStream('ch1')).opened('copy', '100').copy([documentLine('a', R1)], true);
  await until('the checkpoint', async () => (await stored())?.tick === '100');
  await first.engine.stop();
  await start('epoch-2');
  expect((await source.nextStream('ch1')).open.checkpoint).toBeUndefined();
});

test('S3: a checkpoint of a collection that was made anew means nothing', async () => {
  const first = await start();
  (await source.nextStream('ch1')).opened('copy', '100').copy([documentLine('a', R1)], true);
  await until('the checkpoint', async () => (await stored())?.tick === '100');
  await first.engine.stop();
  await target.deployment.front.json({ method: 'DELETE', path: '/_api/collection/c' });
  collectionId = await target.createCollection('c');
  await start();
  expect((await source.nextStream('ch1')).open.checkpoint).toBeUndefined();
});

test('S3: a checkpoint means nothing once another worker made the collection anew and this one got a task for it', async () => {
  const { engine } = await start();
  (await source.nextStream('ch1')).opened('copy', '100').copy([documentLine('a', R1)], true);
  await until('the checkpoint', async () => (await stored())?.tick === '100');
  await engine.setInstructions(instructions([]));
  await target.deployment.front.json({ method: 'DELETE', path: '/_api/collection/c' });
  collectionId = await target.createCollection('c');
  await engine.setInstructions(instructions([shardTask('ch2')]));
  expect((await source.nextStream('ch2')).open.checkpoint).toBeUndefined();
});

test('S14: a truncate on the source makes a copy, also when the worker dies before it begins', async () => {
  const first = await start();
  const stream = await source.nextStream('ch1');
  stream.opened('copy', '100').copy([documentLine('a', R1)], true);
  await until('the checkpoint', async () => (await stored())?.tick === '100');
  stream.broken('the shard was truncated', true);
  const reopened = await source.nextStream('ch1');
  expect(reopened.open).toMatchObject({ catchUpBecause: 'the shard was truncated' });
  await first.engine.stop();
  await start();
  expect((await source.nextStream('ch1')).open).toMatchObject({ catchUpBecause: 'the shard was truncated' });
});

test('what the source says when it ends a stream counts, also before the stream was opened', async () => {
  await start();
  (await source.nextStream('ch1')).broken('the log went back', true);
  expect((await source.nextStream('ch1')).open).toMatchObject({ catchUpBecause: 'the log went back' });
});

test('a copy that was begun and not ended is begun again, whatever the old checkpoint says', async () => {
  const first = await start();
  (await source.nextStream('ch1')).opened('copy', '100').copy([documentLine('a', R1)], true);
  await until('the checkpoint', async () => (await stored())?.tick === '100');
  await first.engine.stop();
  const second = await start();
  (await source.nextStream('ch1'))
    .opened('copy', '200', { reason: 'the log was pruned' })
    .copy([documentLine('b', R2)], false);
  await second.shard('ch1', ({ documentsCopied }) => documentsCopied === 1);
  await second.engine.stop();
  await start();
  const { open } = await source.nextStream('ch1');
  expect(open.checkpoint).toBeUndefined();
  expect(open.catchUpBecause).toBe('the log was pruned');
});

test('S6: when the server lost power, the shard goes back to its checkpoint and compares trees', async () => {
  const engine = await start();
  const stream = await source.nextStream('ch1');
  stream.opened('copy', '100').copy([documentLine('a', R1)], true);
  await until('the checkpoint', async () => (await stored())?.tick === '100');
  // The log is not synced: no checkpoint may cover what comes now.
  const silent = target.embedded.control.addFault({
    path: /wal\/lastTick/,
    action: { kind: 'fail', status: 500, errorNum: 4 },
  });
  stream.ops('100', '110', [plus('b', R2)]);
  // Answered: else the write would be repeated.
  await engine.shard('ch1', ({ operationsApplied }) => operationsApplied === 1);
  expect(await target.count('c')).toBe(2);
  await target.embedded.control.losePower();
  expect(await target.revisions('c', ['a', 'b'])).toEqual({ a: R1 });
  expect((await stored())?.tick).toBe('100');
  silent.remove();
  const again = await source.nextStream('ch1');
  expect(again.open.checkpoint?.tick).toBe('100');
  again.opened('tail', '100');
  const verify = await source.next((control): control is typeof control => control.kind === 'verify');
  expect(verify).toMatchObject({ channel: 'ch1', stream: again.open.stream });
  again.ops('100', '110', [plus('b', R2)]).tree('110', 2, '12345');
  expect((await source.nextStream('ch1')).open.catchUpBecause).toMatch(/revision trees differ/);
});

test('S6: a restart of the target that no worker saw is found by its successor, which compares trees', async () => {
  const first = await start();
  (await source.nextStream('ch1')).opened('copy', '100').copy([documentLine('a', R1)], true);
  await until('the checkpoint', async () => (await stored())?.tick === '100');
  await first.engine.stop();
  await target.embedded.control.losePower();
  await start();
  const again = await source.nextStream('ch1');
  again.opened('tail', '100');
  const verify = await source.next((control): control is typeof control => control.kind === 'verify');
  expect(verify).toMatchObject({ channel: 'ch1', stream: again.open.stream });
});

test('a successor under an unchanged target goes on without a comparison', async () => {
  const first = await start();
  (await source.nextStream('ch1')).opened('copy', '100').copy([documentLine('a', R1)], true);
  await until('the checkpoint', async () => (await stored())?.tick === '100');
  await first.engine.stop();
  const second = await start();
  const again = await source.nextStream('ch1');
  again.opened('tail', '100').ops('100', '110', [plus('b', R2)]);
  await second.shard('ch1', ({ operationsApplied }) => operationsApplied === 1);
  expect(source.controls.some(({ kind }) => kind === 'verify')).toBe(false);
});

test('another deployment under the same address is refused, and nothing is written', async () => {
  const engine = await start();
  (await source.nextStream('ch1'))
    .opened('copy', '100', { sourceDeployment: 'another' })
    .copy([documentLine('a', R1)], true);
  const report = await engine.shard('ch1', ({ status }) => status === 'failed');
  expect(report.statusMessage).toMatch(/deployment another.*nothing is written/);
  expect(await target.count('c')).toBe(0);
});

test('a transaction that is cut does not move the checkpoint', async () => {
  const engine = await start();
  const stream = await source.nextStream('ch1');
  stream
    .opened('copy', '100')
    .copy([], true)
    .ops('100', '105', [plus('a', R1)], { complete: false });
  await engine.shard('ch1', ({ operationsApplied }) => operationsApplied === 1);
  await until('the checkpoint', async () => ![undefined, '0'].includes((await stored())?.tick as string));
  expect((await stored())?.tick).toBe('100');
  stream.ops('105', '110', [plus('b', R2)]);
  await until('the checkpoint', async () => (await stored())?.tick === '110');
});

test('operations are acknowledged when applied, and as durable when checkpointed', async () => {
  await start();
  const stream = await source.nextStream('ch1');
  stream
    .opened('copy', '100')
    .copy([], true)
    .ops('100', '110', [plus('a', R1)]);
  const isDurable = (control: { kind: string; durable?: string }) =>
    control.kind === 'ack' && control.durable === '110';
  await until('the acknowledgement', () => source.controls.some(isDurable));
  const acks = source.controls.filter(({ kind }) => kind === 'ack');
  expect(acks.at(-1)).toMatchObject({ stream: stream.open.stream, seq: 3 });
});

test('a sender that does not answer is asked again', async () => {
  await start('epoch-1', { openTimeoutMs: 20 });
  const first = await source.nextStream('ch1');
  const second = await source.nextStream('ch1');
  expect(second.open.stream).not.toBe(first.open.stream);
  const close = source.controls.find((control) => control.kind === 'close');
  expect(close).toMatchObject({ stream: first.open.stream });
});

test('a stream from which nothing comes within the message timeout is opened again from the checkpoint', async () => {
  const engine = await start('epoch-1', { messageTimeoutMs: 50 });
  let stream = await source.nextStream('ch1');
  // The time may be over before the copy is checkpointed: what then opens again begins anew.
  while (stream.open.checkpoint === undefined) {
    stream.opened('copy', '100').copy([documentLine('a', R1)], true);
    stream = await source.nextStream('ch1');
  }
  expect(stream.open.checkpoint.tick).toBe('100');
  expect(engine.log.some(({ fields }) => String(fields.reason).includes('no message from the source for 50 ms'))).toBe(
    true,
  );
});

test('a message timeout that an operator changes holds for streams that are open', async () => {
  const { engine, log } = await start();
  (await source.nextStream('ch1')).opened('copy', '100').copy([documentLine('a', R1)], true);
  await until('the checkpoint', async () => (await stored())?.tick === '100');
  await engine.setInstructions({ ...instructions([shardTask('ch1')]), messageTimeout: 40_000_000 });
  await source.nextStream('ch1');
  expect(log.some(({ fields }) => String(fields.reason).includes('no message from the source for 40 ms'))).toBe(true);
});

test('a shard that fails is shown, tried again, and goes on when the reason is gone', async () => {
  const engine = await start();
  (await source.nextStream('ch1')).opened('copy', '100').copy([documentLine('a', 'no revision!')], true);
  const failed = await engine.shard('ch1', ({ status }) => status === 'failed');
  expect(failed.statusMessage).toMatch(/_system\/c\[0\].*"a".*"no revision!" as its _rev/);
  (await source.nextStream('ch1')).opened('copy', '100').copy([documentLine('a', R1)], true);
  await engine.shard('ch1', ({ status }) => status === 'running');
});

test('a shard whose task is not listed any longer is closed and not reported', async () => {
  const engine = await start();
  const stream = await source.nextStream('ch1');
  stream.opened('copy', '100').copy([documentLine('a', R1)], true);
  await engine.shard('ch1', ({ status }) => status === 'running');
  await engine.engine.setInstructions(instructions([]));
  expect(engine.engine.reports()).toEqual([]);
  await until('the close', () => source.controls.some(({ kind }) => kind === 'close'));
});

test('S3: another epoch in the instructions opens every shard again without a checkpoint', async () => {
  const engine = await start();
  (await source.nextStream('ch1')).opened('copy', '100').copy([documentLine('a', R1)], true);
  await until('the checkpoint', async () => (await stored())?.tick === '100');
  await engine.engine.setInstructions(instructions([shardTask('ch1')], 'epoch-2'));
  expect((await source.nextStream('ch1')).open.checkpoint).toBeUndefined();
});
