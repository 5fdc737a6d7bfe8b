import { expect, test } from 'vitest';
import { memoryLink } from '../../../src/replication/memory-link.ts';
import type { ReceiverLink, SenderLink } from '../../../src/replication/queue.ts';
import { ReadRoom, type SharedReadRoom } from '../../../src/replication/source/read-room.ts';
import { ShardStream } from '../../../src/replication/source/shard-stream.ts';
import { until } from './harness.ts';

const NEVER = new AbortController().signal;
const KIB = 1_024;
const LINK_BYTES = 64 * KIB;
const READ_BYTES = 4 * KIB;
const QUEUED = { kind: 'queued', streams: [], reason: '' } as const;

function shared(): SharedReadRoom {
  return { bytesMax: 16 * KIB, bytesInAllMax: 24 * KIB, underWay: { bytes: 0, large: 0 }, waiting: new Set() };
}

/** What the link and the reads under way held at most. */
class Reader {
  readonly link: SenderLink;
  readonly receiver: ReceiverLink;
  readonly #room: ReadRoom;
  readonly #shared: SharedReadRoom;
  most = 0;
  done = 0;

  constructor(all: SharedReadRoom) {
    const { sender, receiver } = memoryLink({ targetId: 'target', bufferBytesMax: LINK_BYTES });
    this.link = sender;
    this.receiver = receiver;
    this.#room = new ReadRoom(sender, all);
    this.#shared = all;
  }

  /** Asks, waits a few turns for the answer, and pushes what came. */
  read(isAhead = false): Promise<void> {
    return this.#room.within({ bytes: READ_BYTES, isAhead }, NEVER, async () => {
      for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
      this.most = Math.max(this.most, this.link.bufferedBytes + this.#shared.underWay.bytes);
      this.link.push({ header: QUEUED, body: Buffer.alloc(READ_BYTES - 512) });
      this.done += 1;
    });
  }
}

test('S7: ten thousand shards that read by themselves hold no more than the link and the reads under way', async () => {
  const one = new Reader(shared());
  const reads = Array.from({ length: 10_000 }, () => one.read());
  await until('the link is full', () => one.link.bufferedBytes >= LINK_BYTES);
  for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
  expect(one.done).toBeLessThan(30);
  let taken = 0;
  for await (const _ of one.receiver.frames) if (++taken === reads.length) break;
  await Promise.all(reads);
  expect(one.most).toBeLessThanOrEqual(LINK_BYTES + 16 * KIB + READ_BYTES);
});

test('S7: a target that takes nothing does not keep another one from being read for', async () => {
  const all = shared();
  const [stuck, free] = [new Reader(all), new Reader(all)];
  for (let read = 0; read < 1_000; read += 1) void stuck.read();
  await until('the first link is full', () => stuck.link.bufferedBytes >= LINK_BYTES);
  const reads = Array.from({ length: 200 }, () => free.read());
  let taken = 0;
  for await (const _ of free.receiver.frames) if (++taken === reads.length) break;
  await Promise.all(reads);
  expect(free.done).toBe(200);
});

test('S7: all links together have no more reads under way than the worker may', async () => {
  const all = shared();
  const readers = Array.from({ length: 10 }, () => new Reader(all));
  let most = 0;
  const reads = readers.flatMap((reader) => Array.from({ length: 10 }, () => reader.read()));
  const look = async () => {
    while (all.underWay.bytes > 0) {
      most = Math.max(most, all.underWay.bytes);
      await new Promise(setImmediate);
    }
  };
  await until('a read', () => all.underWay.bytes > 0);
  await Promise.all([...reads, look()]);
  expect(most).toBeGreaterThan(16 * KIB);
  expect(most).toBeLessThanOrEqual(24 * KIB);
});

test('a reader that reads for many does not wait behind those that read by themselves', async () => {
  const one = new Reader(shared());
  const order: string[] = [];
  const own = Array.from({ length: 100 }, () => one.read().then(() => order.push('own')));
  const many = one.read(true).then(() => order.push('many'));
  const taking = (async () => {
    let taken = 0;
    for await (const _ of one.receiver.frames) if (++taken === own.length + 1) break;
  })();
  await Promise.all([...own, many, taking]);
  expect(order.indexOf('many')).toBeLessThan(10);
});

test('whoever gives up gives its turn to the next', async () => {
  const one = new Reader(shared());
  const filling = Array.from({ length: 16 }, () => one.read());
  await Promise.all(filling);
  const room = new ReadRoom(one.link, shared());
  const giving = new AbortController();
  const given = room.within({ bytes: READ_BYTES }, giving.signal, async () => 'read');
  const next = room.within({ bytes: READ_BYTES }, NEVER, async () => 'read');
  giving.abort(new Error('enough'));
  await expect(given).rejects.toThrow('enough');
  let taken = 0;
  for await (const _ of one.receiver.frames) if (++taken === 16) break;
  await expect(next).resolves.toBe('read');
});

test('S7: answers that are larger than was asked for are read one after the other, and none is starved', async () => {
  const all = shared();
  const readers = Array.from({ length: 3 }, () => new Reader(all));
  let [now, most] = [0, 0];
  const large = readers.flatMap(({ link }) => {
    const room = new ReadRoom(link, all);
    return Array.from({ length: 5 }, () =>
      room.within({ bytes: READ_BYTES }, NEVER, async (admit) => {
        await admit(100 * KIB);
        now += 1;
        most = Math.max(most, now, all.underWay.bytes > 100 * KIB ? Infinity : 0);
        for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
        now -= 1;
      }),
    );
  });
  const small = readers.flatMap((reader) => Array.from({ length: 10 }, () => reader.read()));
  await Promise.all([...large, ...small]);
  expect(most).toBe(1);
  expect(all.underWay).toEqual({ bytes: 0, large: 0 });
});

test('S7: a large answer for a target that takes nothing keeps nobody else waiting', async () => {
  const all = shared();
  const [stuck, free] = [new Reader(all), new Reader(all)];
  const room = new ReadRoom(stuck.link, all);
  const giving = new AbortController();
  const given = room.within({ bytes: READ_BYTES }, giving.signal, async (admit) => {
    while (stuck.link.bufferedBytes <= LINK_BYTES) stuck.link.push({ header: QUEUED, body: Buffer.alloc(READ_BYTES) });
    await admit(100 * KIB);
  });
  for (let read = 0; read < 5; read += 1) await free.read();
  expect(free.done).toBe(5);
  giving.abort(new Error('enough'));
  await expect(given).rejects.toThrow('enough');
});

test('a stream that waits for room says why, also when more comes than was asked for', async () => {
  const all = shared();
  const one = new Reader(all);
  const room = new ReadRoom(one.link, all);
  const stream = new ShardStream({ kind: 'open', channel: 'c', stream: 's', credit: 1 }, one.link);
  const [others, large] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const before = room.within({ bytes: 16 * KIB }, NEVER, () => others.promise);
  const beside = new ReadRoom(one.link, all).within({ bytes: READ_BYTES }, NEVER, () => large.promise);
  const said: (string | undefined)[] = [];
  const read = stream.inRoom(room, READ_BYTES, NEVER, async (admit) => {
    said.push(stream.heldBecause);
    const admitted = admit(32 * KIB);
    said.push(stream.heldBecause);
    large.resolve();
    await admitted;
    said.push(stream.heldBecause);
  });
  await new Promise(setImmediate);
  expect(stream.heldBecause).toBe('the link has no room for more');
  others.resolve();
  await Promise.all([read, before, beside]);
  expect(said).toEqual([undefined, 'the link has no room for more', undefined]);
});
