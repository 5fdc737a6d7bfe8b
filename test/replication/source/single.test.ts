import { afterEach, describe, expect, test } from 'vitest';
import type { EmbeddedOptions } from '../../../src/adapters/embedded/index.ts';
import { compareTicks } from '../../../src/replication/queue.ts';
import type { SourceLimits } from '../../../src/replication/source/limits.ts';
import { TestSource, until } from './harness.ts';
import type { Replica } from './replica.ts';

let source: TestSource;

afterEach(async () => {
  await source.stop();
});

/** Nothing but the test makes the log durable. */
const UNSYNCED = { syncEveryMs: 600_000 };
/** Of tests with many documents, or many rounds: no condition of theirs is one of time. */
const LONG_MS = 90_000;

async function start(limits: Partial<SourceLimits> = {}, options: Partial<EmbeddedOptions> = {}): Promise<void> {
  source = await TestSource.start({ mode: 'single', ...options }, limits);
}

/** A collection with documents, followed and equal. */
async function followed(name: string, count: number, credit?: number): Promise<Replica> {
  await source.createCollection(name);
  if (count > 0) await source.write(name, documents(count));
  const [replica] = await source.follow(name, 1, credit);
  if (replica === undefined) throw new Error('no replica');
  await source.equal(replica, name);
  return replica;
}

/** Lets a shard of little credit fall behind, until it has left the shared reader. */
async function aloneWithoutCredit(replica: Replica): Promise<void> {
  const { channel } = replica;
  await until('a floor with it', () => replica.floors > 0);
  source.receiver.holding.add(channel);
  await source.write('c', documents(100, 50));
  await until('a floor without it', () => source.receiver.floors.at(-1)?.except.includes(channel) === true);
}

const documents = (count: number, from = 0, more: object = {}) =>
  Array.from({ length: count }, (_, index) => ({ _key: `k${from + index}`, n: from + index, ...more }));

describe('a shard of a single server', () => {
  test('is copied and then streamed', async () => {
    await start();
    const replica = await followed('c', 1000);
    expect(replica.last('opened')).toMatchObject({ way: 'copy', expectedDocuments: 1000 });
    await source.write('c', documents(500, 800));
    await source.writeOne('c', { _key: 'single', text: 'ü ✓ \\ "quoted"', big: 12345678901234567890n.toString() });
    await source.remove('c', ['k1', 'k2', 'k999']);
    await source.equal(replica, 'c');
    expect(replica.copies).toBe(1);
  });

  test('is read a moment later after little was there, so that more is', async () => {
    const pollGatherMs = 7.5;
    await start({ pollGatherMs });
    const replica = await followed('c', 10);
    source.slept.clear();
    await source.write('c', documents(10, 10));
    await source.equal(replica, 'c');
    await until('a pause behind the answer', () => source.slept.has(pollGatherMs));
  });

  test('is read on at once while answers are full', async () => {
    const pollGatherMs = 7.5;
    await start({ pollGatherMs, pollMinMs: 1, tailChunkBytes: 256, gatherTicksMax: 0 });
    const replica = await followed('c', 10);
    await source.write('c', documents(50, 10, { text: 'x'.repeat(200) }));
    await source.equal(replica, 'c');
    source.slept.clear();
    await source.write('c', documents(1, 60, { text: 'x'.repeat(200) }));
    await source.equal(replica, 'c');
    expect(source.slept).not.toContain(pollGatherMs);
  });

  test('is copied in pieces, while it is written', async () => {
    await start({ copyChunkBytes: 16 * 1024 });
    await source.createCollection('c');
    await source.write('c', documents(3000, 0, { text: 'x'.repeat(100) }));
    const [replica] = await source.follow('c', 1, 32 * 1024);
    if (replica === undefined) throw new Error('no replica');
    for (let round = 0; round < 20; round += 1) await source.write('c', documents(50, round * 140, { round }));
    await source.equal(replica, 'c');
    expect(replica.frames.filter(({ kind }) => kind === 'copy').length).toBeGreaterThan(5);
  });

  test('goes on from its checkpoint after a restart of both workers', async () => {
    await start();
    const replica = await followed('c', 100);
    await source.write('c', documents(100, 50));
    await source.equal(replica, 'c');
    await until('a floor', () => replica.floors > 3);
    await source.restart();
    await source.write('c', documents(10, 145));
    source.receiver.resume(replica);
    await source.equal(replica, 'c');
    expect(replica.copies).toBe(1);
    expect(replica.last('opened')).toMatchObject({ way: 'tail' });
  });

  test('goes on after a restart although nothing was ever written to it, nor since', async () => {
    await start();
    await source.createCollection('other');
    await source.write('other', documents(10));
    const replica = await followed('c', 0);
    await until('a floor', () => replica.floors > 3);
    await source.restart();
    source.receiver.resume(replica);
    await until('an answer', () => replica.tails + replica.copies > 1);
    expect(replica.last('opened')).toMatchObject({ way: 'tail' });
  });

  test('a transaction larger than chunks and frames comes whole, and no position inside of it is stored', async () => {
    await start({ tailChunkBytes: 16 * 1024, frameBytes: 4 * 1024 });
    const replica = await followed('c', 1);
    await source.write('c', documents(2000, 0, { text: 'y'.repeat(200) }));
    await source.write('c', documents(3, 5000));
    await source.equal(replica, 'c');
    const ops = replica.frames.filter((frame) => frame.kind === 'ops');
    const inside = ops.filter(({ complete }) => !complete);
    expect(inside.length).toBeGreaterThan(50);
    expect(ops.at(-1)).toMatchObject({ complete: true });
  });

  test('a stream that breaks inside of a large transaction begins again before it', async () => {
    await start({ tailChunkBytes: 16 * 1024, frameBytes: 4 * 1024 });
    const replica = await followed('c', 1, 16 * 1024);
    await until('a floor', () => replica.floors > 0);
    source.receiver.holding.add('c-0');
    await source.write('c', documents(2000, 0, { text: 'y'.repeat(200) }));
    await until('a cut transaction', () => replica.last('ops')?.complete === false);
    const before = replica.checkpoint;
    expect(compareTicks(before?.tick ?? '0', replica.position ?? '0')).toBeLessThan(0);
    source.receiver.holding.delete('c-0');
    await source.restart();
    source.receiver.resume(replica);
    await source.equal(replica, 'c');
    expect(replica.copies).toBe(1);
  });

  test('a transaction over several collections reaches each of them', async () => {
    await start({ tailChunkBytes: 16 * 1024, frameBytes: 4 * 1024 });
    const c = await followed('c', 10);
    const d = await followed('d', 10);
    for (let round = 0; round < 5; round += 1) {
      const text = { round, text: 'z'.repeat(100) };
      await source.transaction({ c: documents(200, round, text), d: documents(100, round * 50, text) });
    }
    await source.equal(c, 'c');
    await source.equal(d, 'd');
  });

  test('equal names of system collections in two databases are two shards', async () => {
    await start();
    await source.createDatabase('d2');
    await source.addTask('graphs', { database: '_system', collection: '_graphs', shardIndex: 0 });
    const replica = source.receiver.open('graphs');
    const own = { _key: 'own', edgeDefinitions: [] };
    await source.writeOne('_graphs', own);
    const path = '/_api/document/_graphs';
    await source.deployment.front.json({ method: 'POST', path, database: 'd2', body: { _key: 'other' } });
    await source.writeOne('_graphs', { ...own, _key: 'later' });
    await source.equal(replica, '_graphs');
    expect([...replica.documents.keys()].sort()).toEqual(['later', 'own']);
  });

  test('queues and jobs are streamed too', async () => {
    await start();
    await source.addTask('jobs', { database: '_system', collection: '_jobs', shardIndex: 0 });
    const replica = source.receiver.open('jobs');
    await until('a stream', () => replica.floors > 0);
    await source.writeOne('_jobs', { _key: 'job' });
    await source.equal(replica, '_jobs');
  });
});

describe('S5: ticks that are given again', () => {
  test('S5: while the target was away: the shard is copied', async () => {
    await start(UNSYNCED);
    const replica = await followed('c', 100);
    await until('a floor', () => replica.floors > 0);
    await source.write('c', documents(5, 0, { durable: true }), true);
    await source.write('c', documents(5, 0, { lost: true }));
    await source.equal(replica, 'c');
    const { tick } = replica.checkpoint ?? { tick: '0' };
    await source.restart();
    const left = await source.embedded.control.losePower();
    expect(BigInt(left)).toBeLessThan(BigInt(tick));
    await source.write('c', documents(50, 200));
    source.receiver.resume(replica);
    await source.equal(replica, 'c');
    expect(replica.last('opened')?.way).toBe('copy');
    expect(replica.last('opened')?.reason).toMatch(/ticks were given again/);
  });

  test('S5: while the log is read: the shard is copied', async () => {
    await start(UNSYNCED);
    const replica = await followed('c', 100);
    await until('a floor', () => replica.floors > 0);
    await source.write('c', documents(5, 0, { durable: true }), true);
    await source.write('c', documents(5, 0, { lost: true }));
    await source.equal(replica, 'c');
    const left = await source.embedded.control.losePower();
    expect(left).toBeLessThan(Number(replica.checkpoint?.tick));
    await source.write('c', documents(50, 200));
    await source.equal(replica, 'c');
    expect(replica.copies).toBe(2);
  });

  test('S5: what was merely scanned over, and could be lost, is not stored as a position', async () => {
    await start(UNSYNCED);
    const replica = await followed('c', 100);
    await until('a floor', () => replica.floors > 0);
    await source.write('c', documents(1, 300), true);
    await source.equal(replica, 'c');
    // No reader is shown anything of this collection (reference 3.6), but it takes ticks.
    await source.write('_statistics', documents(100));
    const seen = source.receiver.floors.length;
    await until('floors after it', () => source.receiver.floors.length > seen + 3);
    await source.restart();
    await source.embedded.control.losePower();
    await source.write('c', documents(3, 400));
    await source.write('c', documents(300, 500));
    source.receiver.resume(replica);
    await source.equal(replica, 'c');
  });

  test('S5: a restart that lost nothing costs no copy', async () => {
    await start(UNSYNCED);
    const replica = await followed('c', 100);
    await until('a floor', () => replica.floors > 0);
    await source.write('c', documents(5, 0, { durable: true }));
    await source.equal(replica, 'c');
    await source.embedded.control.restart();
    await source.write('c', documents(50, 200));
    await source.equal(replica, 'c');
    expect(replica.copies).toBe(1);
  });

  test('S5: witnesses of a dropped collection do not cost a copy while another one is there', async () => {
    // Its markers would be the newest.
    await start({ ...UNSYNCED, markerEveryMs: 0 });
    await source.createCollection('gone');
    const replica = await followed('c', 10);
    await source.writeOne('c', { _key: 'mine' });
    await source.writeOne('gone', { _key: 'newest' });
    await until('a witness of it', () => replica.checkpoint?.witnesses[0]?.key === 'newest');
    expect(replica.checkpoint?.witnesses.length).toBeGreaterThan(1);
    await source.dropCollection('gone');
    await source.restart();
    source.receiver.resume(replica);
    await until('an answer', () => replica.tails + replica.copies > 1);
    expect(replica.last('opened')).toMatchObject({ way: 'tail' });
  });
});

describe('a log that cannot be followed', () => {
  test('S3: a checkpoint of other data is answered by a copy that says why', async () => {
    await start();
    const replica = await followed('c', 10);
    await until('a floor', () => replica.floors > 3);
    const { checkpoint } = replica;
    if (checkpoint === undefined) throw new Error('no checkpoint');
    const cases = [
      [{ ...checkpoint, sourceDeployment: 'other' }, /deployment other/],
      [{ ...checkpoint, dbServer: 'other' }, /the checkpoint is of other/],
      [{ ...checkpoint, serverId: '17' }, /another data directory/],
      [{ ...checkpoint, cuid: 'other' }, /made anew/],
      [{ ...checkpoint, tick: '999999999999' }, /it was replaced/],
    ] as const;
    for (const [other, reason] of cases) {
      const { copies } = replica;
      source.receiver.open('c-0', { checkpoint: other });
      await until('a copy', () => replica.copies > copies);
      expect(replica.last('opened')?.reason).toMatch(reason);
    }
  });

  test('a pruned log is noticed on opening', async () => {
    await start();
    const replica = await followed('c', 10);
    await until('a floor', () => replica.floors > 3);
    await source.restart();
    await source.write('c', documents(100, 50));
    source.embedded.control.prune();
    await source.write('c', documents(100, 70));
    source.receiver.resume(replica);
    await source.equal(replica, 'c');
    expect(replica.last('opened')?.reason).toMatch(/does not reach back/);
  });

  test('a pruned log is noticed while it is read', async () => {
    await start();
    const replica = await followed('c', 10, 2048);
    source.receiver.holding.add('c-0');
    for (let round = 0; round < 5; round += 1) await source.write('c', documents(100, 50));
    await until('no credit', () => replica.operations > 10);
    for (let round = 0; round < 5; round += 1) await source.write('c', documents(100, 50, { round }));
    source.embedded.control.prune();
    await source.write('c', documents(100, 70));
    source.receiver.holding.delete('c-0');
    source.receiver.acknowledge(replica);
    await source.equal(replica, 'c');
    expect(replica.copies).toBe(2);
    expect(replica.last('opened')?.reason).toMatch(/does not reach back/);
  });

  test('a pruned log is noticed by a shard that reads alone', async () => {
    await start();
    await followed('other', 10);
    const replica = await followed('c', 10, 2048);
    await aloneWithoutCredit(replica);
    for (let round = 0; round < 5; round += 1) await source.write('c', documents(100, 50, { round }));
    source.embedded.control.prune();
    await source.write('c', documents(100, 70));
    source.receiver.holding.delete('c-0');
    source.receiver.acknowledge(replica);
    await source.equal(replica, 'c');
    expect(replica.copies).toBe(2);
    expect(replica.last('opened')?.reason).toMatch(/does not reach back/);
  });

  test('S5: a shard that reads alone notices that the server restarted', async () => {
    await start(UNSYNCED);
    await followed('other', 10);
    const replica = await followed('c', 10, 2048);
    await aloneWithoutCredit(replica);
    await source.embedded.control.losePower();
    await source.write('c', documents(300, 50, { again: true }));
    source.receiver.holding.delete('c-0');
    source.receiver.acknowledge(replica);
    await source.equal(replica, 'c');
    expect(replica.copies).toBe(2);
  });

  test('S5: the frames of a shard that reads alone end with an operation, not with what was scanned', async () => {
    await start(UNSYNCED);
    await followed('other', 10);
    const replica = await followed('c', 10, 2048);
    await aloneWithoutCredit(replica);
    const seen = replica.frames.length;
    await source.writeOne('c', { _key: 'last' });
    await source.write('_statistics', documents(100));
    source.receiver.holding.delete('c-0');
    source.receiver.acknowledge(replica);
    await source.equal(replica, 'c');
    const last = replica.frames.slice(seen).findLast((frame) => frame.kind === 'ops');
    expect(last?.witnesses).toMatchObject([{ key: 'last', tick: last?.to }]);
  });

  test(
    'S14: a shard that is truncated as a whole is copied',
    async () => {
      await start();
      const replica = await followed('c', 40_000);
      await source.truncate('c');
      await source.write('c', documents(3));
      await source.equal(replica, 'c');
      expect(replica.copies).toBe(2);
      expect(replica.last('opened')?.reason).toMatch(/truncated as a whole/);
    },
    LONG_MS,
  );

  test('S14: a small truncate is a row of removals', async () => {
    await start();
    const replica = await followed('c', 100);
    await source.truncate('c');
    await source.write('c', documents(3));
    await source.equal(replica, 'c');
    expect(replica.copies).toBe(1);
  });

  test('a collection that is made anew is copied under its new identity', async () => {
    await start();
    const replica = await followed('c', 100);
    const { cuid } = replica.last('opened') ?? {};
    await source.dropCollection('c');
    await source.createCollection('c');
    await source.write('c', documents(3));
    await source.equal(replica, 'c');
    expect(replica.last('opened')?.cuid).not.toBe(cuid);
  });
});

describe('S7: a slow shard', () => {
  test('S7: does not keep others waiting, and comes back without a gap', async () => {
    await start();
    const slow = await followed('slow', 10, 4096);
    const quick = await followed('quick', 10);
    source.receiver.holding.add('slow-0');
    for (let round = 0; round < 10; round += 1) {
      await source.write('slow', documents(100, 0, { round }));
      await source.write('quick', documents(100, 0, { round }));
      await source.equal(quick, 'quick');
    }
    expect(slow.operations).toBeLessThan(1000);
    await until('floors without it', () => source.receiver.floors.at(-1)?.except.includes('slow-0') === true);
    source.receiver.holding.delete('slow-0');
    source.receiver.acknowledge(slow);
    await source.equal(slow, 'slow');
    await until('floors with it', () => source.receiver.floors.at(-1)?.except.includes('slow-0') === false);
    await source.write('slow', documents(5, 500));
    await source.equal(slow, 'slow');
    expect(slow.copies).toBe(1);
  });

  test('S7: the log is kept from the lowest durable position', async () => {
    await start();
    const replica = await followed('c', 10);
    await source.write('c', documents(100, 50));
    await source.equal(replica, 'c');
    const durable = replica.checkpoint?.tick ?? '0';
    source.receiver.holding.add('c-0');
    await source.write('c', documents(100, 50));
    await source.equal(replica, 'c');
    const clients = async () => {
      const path = '/_api/replication/logger-state';
      const state = await source.deployment.front.json<{ clients: { lastServedTick: string }[] }>({
        method: 'GET',
        path,
      });
      return state.clients.map(({ lastServedTick }) => lastServedTick);
    };
    const lowest = async () => (await clients()).sort(compareTicks)[0] ?? '0';
    await until('a pin', async () => (await clients()).length > 1);
    expect(compareTicks(await lowest(), durable)).toBeLessThanOrEqual(0);
    source.receiver.holding.delete('c-0');
    source.receiver.acknowledge(replica);
    await until('the pin behind it', async () => compareTicks(await lowest(), durable) > 0);
  });

  test('S7: the pin is dropped behind its limit, with a reason', async () => {
    await start({ pinBytesMax: 20_000, pinEveryMs: 5 });
    const replica = await followed('c', 10);
    await until('a floor', () => replica.floors > 3);
    source.receiver.holding.add('c-0');
    for (let round = 0; round < 20; round += 1) {
      await source.write('c', documents(100, 0, { round }));
      await source.equal(replica, 'c');
    }
    await until('a reason', () => source.engine.reports()[0]?.statusMessage.includes('not kept') === true);
    source.receiver.holding.delete('c-0');
    source.receiver.acknowledge(replica);
    await until('the pin again', () => source.engine.reports()[0]?.statusMessage === '');
  });
});

describe('a tree', () => {
  test('comes at exactly the receiver’s position and tells what the shard holds there', async () => {
    await start();
    const replica = await followed('c', 100);
    for (let round = 0; round < 5; round += 1) {
      await source.write('c', documents(10, 100 + round * 10));
      const seen = replica.frames.length;
      source.receiver.verify(replica);
      const writing = source.write('c', documents(10, 0, { round }));
      await until('a tree', () => replica.frames.slice(seen).some(({ kind }) => kind === 'tree'));
      expect(replica.last('tree')).toMatchObject({ count: 110 + round * 10 });
      expect(replica.last('tree')?.hash).toMatch(/^\d+$/);
      await writing;
      await source.equal(replica, 'c');
    }
    await source.write('c', documents(10, 900));
    await source.equal(replica, 'c');
    expect(replica.errors).toEqual([]);
  });
});

describe('the engine', () => {
  test('a channel without a task is refused until the task comes', async () => {
    await start();
    await source.createCollection('c');
    await source.write('c', documents(3));
    const replica = source.receiver.open('c-0');
    await until('a refusal', () => replica.broken?.code === 'no-task');
    expect(replica.broken?.retryAfterMs).toBeGreaterThan(0);
    await source.addTask('c-0', { database: '_system', collection: 'c', shardIndex: 0 });
    await source.equal(replica, 'c');
    await until('a stream', () => replica.floors > 0);
    expect(source.engine.reports()).toMatchObject([{ taskId: 'task-c-0', status: 'running', way: 'copy' }]);
    source.receiver.reopens = false;
    await source.removeTask('c-0');
    await until('the end', () => replica.broken?.code === 'task-ended');
    expect(source.engine.reports()).toEqual([]);
  });

  test('a stream that is opened again ends the one before', async () => {
    await start();
    const replica = await followed('c', 100);
    for (let round = 0; round < 5; round += 1) {
      await source.write('c', documents(10, round));
      source.receiver.resume(replica);
    }
    await source.equal(replica, 'c');
    await source.write('c', documents(10, 50, { again: true }));
    await source.equal(replica, 'c');
    expect(replica.errors).toEqual([]);
  });

  test('everything ends with the link, and with the engine', async () => {
    await start();
    await followed('c', 100);
    source.receiver.close();
    await source.receiver.served;
    expect(source.engine.reports()).toMatchObject([{ status: 'inactive' }]);
  });
});

test('S20: streams that wait for their turn are told together, and nothing else is sent for them', async () => {
  await start({ copiesAtOnce: 1, copyChunkBytes: 1_024 });
  await source.createCollection('large');
  await source.write('large', documents(200, 0, { text: 'x'.repeat(100) }));
  for (const name of ['c1', 'c2']) await source.createCollection(name);
  // Of little credit, and nothing is acknowledged: the copy is not done before the test says so.
  source.receiver.holding.add('large-0');
  const [large] = await source.follow('large', 1, 1_024);
  await until('the copy', () => large?.last('opened') !== undefined);
  const [one] = await source.follow('c1');
  const [two] = await source.follow('c2');
  const waiting = [one, two].map((replica) => replica?.stream ?? '');
  await until('both told', () => source.receiver.queued.some((streams) => waiting.every((each) => streams.has(each))));
  expect([one?.frames.length, two?.frames.length]).toEqual([0, 0]);
  source.receiver.holding.delete('large-0');
  if (large !== undefined) source.receiver.acknowledge(large);
  for (const replica of [one, two]) await until('its turn', () => replica?.last('opened') !== undefined);
});
