import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryLink } from '../../../src/replication/memory-link.ts';
import type { Control, FrameHeader, SenderLink } from '../../../src/replication/queue.ts';
import { CatchUpMemory } from '../../../src/replication/target/catch-up-memory.ts';
import { Inbox } from '../../../src/replication/target/inbox.ts';
import { instructions, shardTask, type TestEngine, TestTarget, testEngine, until } from './harness.ts';
import { documentLine } from './operations.ts';
import { ScriptedSource, SOURCE_ID, SOURCE_SERVER } from './scripted-source.ts';

let target: TestTarget;
let running: TestEngine | undefined;

beforeAll(async () => {
  target = await TestTarget.start({ mode: 'single' });
});
afterAll(async () => {
  target.embedded.control.clearFaults();
  await running?.engine.stop();
  await target.stop();
});

test('S7: a shard that waits for the target does not hold up the others on its link', async () => {
  const stuckId = await target.createCollection('stuck');
  await target.createCollection('free');
  const source = new ScriptedSource(['stuck', 'free']);
  const engine = testEngine(target.deployment, source, { frameBytes: 40_000, shardCreditBytes: 60_000 });
  running = engine;
  const tasks = [shardTask('stuck', { collection: 'stuck' }), shardTask('free', { collection: 'free' })];
  await engine.engine.setInstructions(instructions(tasks));
  const stuck = await source.nextStream('stuck');
  const free = await source.nextStream('free');
  const path = new RegExp(`/_api/document/${stuckId}`);
  target.embedded.control.addFault({ path, action: { kind: 'fail', status: 500, errorNum: 18 } });
  const text = 'x'.repeat(10_000);
  stuck.opened('copy', '100').copy([], true);
  for (let number = 0; number < 5; number += 1) {
    const line = `+${documentLine(`k${number}`, '_kEJrpFq--_', { text })}`;
    stuck.ops(`${100 + number}`, `${101 + number}`, [line]);
  }
  free.opened('copy', '100').copy([], true);
  for (let number = 0; number < 20; number += 1) {
    const line = `+${documentLine(`k${number}`, `_kEJrpFq-${'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.charAt(number)}-`, { text })}`;
    free.ops(`${100 + number}`, `${101 + number}`, [line]);
  }
  await until('the other shard', async () => (await target.count('free')) === 20);
  expect(await target.count('stuck')).toBe(0);
  const again = await source.nextStream('stuck');
  target.embedded.control.clearFaults();
  again.opened('copy', '100').copy([documentLine('k', '_kEJrpFq--_')], true);
  await engine.shard('stuck', ({ status }) => status === 'running');
  expect(await target.count('stuck')).toBe(1);
});

test('S7: copies that are held to a limit do not fill the memory that streaming shards share', async () => {
  await target.createCollection('slow');
  await target.createCollection('quick');
  const source = new ScriptedSource(['slow', 'quick']);
  const engine = testEngine(target.deployment, source, { frameBytes: 40_000, shardCreditBytes: 60_000 });
  const tasks = [shardTask('slow', { collection: 'slow' }), shardTask('quick', { collection: 'quick' })];
  await engine.engine.setInstructions({ ...instructions(tasks), throttle: { targetWrite: { bytesPerS: 10_000 } } });
  const quick = (await source.nextStream('quick')).opened('copy', '100').copy([], true);
  await engine.shard('quick', ({ status }) => status === 'running');
  const slow = (await source.nextStream('slow')).opened('copy', '100');
  const text = 'x'.repeat(10_000);
  for (let number = 0; number < 8; number += 1) slow.copy([documentLine(`k${number}`, '_kEJrpFq--_', { text })], false);
  quick.ops('100', '101', [`+${documentLine('k', '_kEJrpFq--_')}`]);
  await until('the other shard', async () => (await target.count('quick')) === 1);
  // Eight seconds for all of it: most waits still, and nobody had to begin anew.
  expect(await target.count('slow')).toBeLessThan(6);
  expect(source.controls.filter(({ kind }) => kind === 'open')).toHaveLength(2);
  await engine.engine.stop();
});

test('S7: a sender that goes far beyond its credit is cut off', async () => {
  await target.createCollection('greedy');
  const source = new ScriptedSource(['greedy']);
  const engine = testEngine(target.deployment, source, { shardCreditBytes: 5_000 });
  await engine.engine.setInstructions(instructions([shardTask('greedy', { collection: 'greedy' })]));
  const stream = await source.nextStream('greedy');
  const documents = [documentLine('k', '_kEJrpFq--_', { text: 'x'.repeat(4_000) })];
  stream.opened('copy', '100');
  for (let number = 0; number < 5; number += 1) stream.copy(documents, false);
  await source.nextStream('greedy');
  expect(engine.log.some(({ fields }) => String(fields.reason).includes('beyond its credit'))).toBe(true);
  await engine.engine.stop();
});

const FRAMES_PER_SHARD = 50;
const TEXT = 'x'.repeat(2_000);

/** Source workers that push all they have at once: each has a link of its own, from which the target takes what it likes. */
class PushingSource {
  readonly #workers: number;
  readonly #senders: SenderLink[] = [];
  #pushed = 0;

  constructor(workers: number) {
    this.#workers = workers;
  }

  readonly channels = (shards: number) => Array.from({ length: shards }, (_, index) => `shard-${index}`);

  readonly routes = async () =>
    new Map(this.channels(this.#workers * 10).map((channel, index) => [channel, `worker-${index % this.#workers}`]));

  readonly connect = async () => {
    const { sender, receiver } = memoryLink({ targetId: 'target' });
    this.#senders.push(sender);
    void this.#serve(sender);
    return receiver;
  };

  get pushed(): number {
    return this.#pushed;
  }

  /** Bytes that the target has taken from its links. */
  get taken(): number {
    return this.#pushed - this.#senders.reduce((sum, { bufferedBytes }) => sum + bufferedBytes, 0);
  }

  async #serve(sender: SenderLink): Promise<void> {
    for await (const control of sender.controls) if (control.kind === 'open') this.#push(sender, control);
  }

  #push(sender: SenderLink, { channel, stream }: Extract<Control, { kind: 'open' }>): void {
    const place = { channel, stream };
    const send = (header: object, seq: number, body = '') => {
      sender.push({ header: { ...header, ...place, seq } as FrameHeader, body: Buffer.from(body) });
      this.#pushed += body.length + 512;
    };
    const opened = {
      way: 'copy',
      reason: '',
      sourceDeployment: SOURCE_ID,
      ...SOURCE_SERVER,
      cuid: 'c1/s1',
      from: '100',
    };
    send({ kind: 'opened', ...opened }, 1);
    send({ kind: 'copy', documents: 0, last: true }, 2);
    for (let frame = 0; frame < FRAMES_PER_SHARD; frame += 1) {
      const line = `+${documentLine(`${channel}-${frame}`, `_kEJrpF${String.fromCharCode(65 + (frame % 26))}---`, { text: TEXT })}\n`;
      const ticks = { from: `${100 + frame}`, to: `${101 + frame}` };
      const header = { kind: 'ops', ...ticks, complete: true, operations: 1, witnesses: [], readAt: 1 };
      send(header, 3 + frame, line);
    }
  }
}

test('S7: many shards over many links take no more from them than the worker may hold', async () => {
  const WORKERS = 5;
  const FRAME_BYTES = 200_000;
  const source = new PushingSource(WORKERS);
  const channels = source.channels(WORKERS * 10);
  for (const channel of channels) await target.createCollection(channel);
  // What is asked for is not answered: nothing that was taken is ever free again.
  const fault = target.embedded.control.addFault({
    method: 'POST',
    path: /_api\/document\/(?!_sync)/,
    action: { kind: 'delay', ms: 60_000 },
  });
  const engine = testEngine(target.deployment, source, {
    frameBytes: FRAME_BYTES,
    openingsAtOnce: 100,
    copiesAtOnce: 100,
  });
  const tasks = channels.map((channel) => shardTask(channel, { collection: channel }));
  await engine.engine.setInstructions(instructions(tasks));
  const all = channels.length * FRAMES_PER_SHARD * TEXT.length;
  await until('all is pushed', () => source.pushed >= all);
  await until('a write', () => fault.hits > 0);
  // Whoever has room would take more at once.
  for (let turn = 0; turn < 1_000; turn += 1) await new Promise(setImmediate);
  expect(source.taken).toBeGreaterThan(0);
  expect(source.taken).toBeLessThanOrEqual(FRAME_BYTES + WORKERS * 3_000);
  fault.remove();
  await engine.engine.stop();
});

test('S7: many small operations count with what each takes beside its bytes', () => {
  const inbox = new Inbox({ kind: 'open', channel: 'c', stream: 's', credit: 1_000 }, 0, () => {});
  const place = { channel: 'c', stream: 's', seq: 1 };
  const header = { kind: 'copy', documents: 10_000, last: false, ...place } as const;
  expect(inbox.accept({ header, body: Buffer.alloc(1_500) }, 0)).toBeGreaterThan(1_000_000);
  // The sender knows of the bytes only: what it may send is not less for it.
  inbox.accept({ header: { ...header, seq: 2 }, body: Buffer.alloc(10) }, 0);
  expect(inbox.bufferedBytes).toBeGreaterThan(2_000_000);
});

test('S7: what is caught up with has its credit beside the streams, and no more than so many copies have', () => {
  const memory = new CatchUpMemory(2_500);
  const catchingUp = (stream: string) =>
    new Inbox({ kind: 'open', channel: stream, stream, credit: 1_000 }, 0, () => {});
  const arrive = (inbox: Inbox, seq: number) => {
    const place = { channel: inbox.channel, stream: inbox.stream, seq };
    const header = { kind: 'copy', documents: 0, last: false, ...place } as const;
    return memory.take(inbox, inbox.accept({ header, body: Buffer.alloc(188) }, 0));
  };
  const [a, b, c] = [catchingUp('a'), catchingUp('b'), catchingUp('c')];
  expect([arrive(a, 1), arrive(a, 2), arrive(b, 1), arrive(b, 2), arrive(c, 1)]).toEqual([700, 300, 700, 300, 500]);
  // What had found no room goes first.
  b.end(new Error('over'));
  expect([memory.freed(b), memory.freed(a), memory.of(a), memory.of(b)]).toEqual([1_000, 0, 1_000, 0]);
  expect(arrive(c, 2)).toBe(500);
});
