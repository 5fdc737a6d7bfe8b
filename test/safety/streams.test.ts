import { afterEach, expect, test } from 'vitest';
import { TestSource, until } from '../replication/source/harness.ts';
import { instructions, shardTask, TestTarget, testEngine } from '../replication/target/harness.ts';
import { documentLine } from '../replication/target/operations.ts';
import { ScriptedSource } from '../replication/target/scripted-source.ts';

const REVISION = '_kEJrpFq---';
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

test('S15: what an earlier stream of a channel is told does not touch the one that is open', async () => {
  const source = await TestSource.start({ mode: 'single' });
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
