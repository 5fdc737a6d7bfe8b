import { expect, test } from 'vitest';
import { memoryLink } from '../../src/replication/memory-link.ts';
import type { Frame, FrameHeader } from '../../src/replication/queue.ts';

function frame(seq: number, bytes = 0): Frame {
  const header: FrameHeader = { kind: 'copy', channel: 'c', stream: 's', seq, documents: 0, last: false };
  return { header, body: Buffer.alloc(bytes) };
}

const never = new AbortController().signal;

test('frames and controls arrive in order', async () => {
  const { sender, receiver } = memoryLink({ targetId: 't' });
  sender.push(frame(1));
  sender.push(frame(2));
  receiver.send({ kind: 'close', channel: 'a', stream: 's' });
  receiver.send({ kind: 'close', channel: 'b', stream: 's' });
  const frames = receiver.frames[Symbol.asyncIterator]();
  const controls = sender.controls[Symbol.asyncIterator]();
  expect((await frames.next()).value.header.seq).toBe(1);
  expect((await frames.next()).value.header.seq).toBe(2);
  expect((await controls.next()).value.channel).toBe('a');
  expect((await controls.next()).value.channel).toBe('b');
});

test('a full buffer makes the sender wait until the receiver takes a frame', async () => {
  const { sender, receiver } = memoryLink({ targetId: 't', bufferBytesMax: 1000 });
  sender.push(frame(1, 2000));
  expect(sender.bufferedBytes).toBeGreaterThan(2000);
  let writable = false;
  const waiting = sender.writable(never).then(() => {
    writable = true;
  });
  await Promise.resolve();
  expect(writable).toBe(false);
  await receiver.frames[Symbol.asyncIterator]().next();
  await waiting;
  expect(sender.bufferedBytes).toBe(0);
});

test('closing ends both directions and refuses more', async () => {
  const { sender, receiver } = memoryLink({ targetId: 't', bufferBytesMax: 0 });
  const controls = sender.controls[Symbol.asyncIterator]().next();
  const frames = receiver.frames[Symbol.asyncIterator]();
  sender.push(frame(1, 10));
  const waiting = sender.writable(never);
  receiver.close();
  expect((await controls).done).toBe(true);
  expect((await frames.next()).done).toBe(true);
  await expect(waiting).rejects.toThrow('the link was closed');
  expect(() => sender.push(frame(2))).toThrow('the link was closed');
  expect(sender.closed.aborted).toBe(true);
});

test('waiting for room ends with the caller’s signal', async () => {
  const { sender } = memoryLink({ targetId: 't', bufferBytesMax: 0 });
  sender.push(frame(1));
  const stop = new AbortController();
  const waiting = sender.writable(stop.signal);
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
});
