import { describe, expect, test } from 'vitest';
import type { Control, Frame, ReceiverLink, SenderLink } from '../../../src/replication/queue.ts';

export interface LinkPair {
  readonly sender: SenderLink;
  readonly receiver: ReceiverLink;
  stop(): Promise<void>;
}

export const never = new AbortController().signal;

export function frame(seq: number, body: Uint8Array | string = `+{"_key":"${seq}"}\n`): Frame {
  return {
    header: { kind: 'copy', channel: 'data1', stream: 'S', seq, documents: 1, last: false },
    body: typeof body === 'string' ? Buffer.from(body) : body,
  };
}

export const ack = (seq: number): Control => ({ kind: 'ack', channel: 'data1', stream: 'S', seq });

/** The first `count` items; the iteration goes on being usable through the returned iterator. */
export async function take<T>(items: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  if (count === 0) return taken;
  for await (const item of items) {
    taken.push(item);
    if (taken.length === count) break;
  }
  return taken;
}

export const seqOf = ({ header }: Frame) => ('seq' in header ? header.seq : undefined);

/** What every link between two workers promises, whatever carries it. */
export function linkSuite(name: string, connect: () => Promise<LinkPair>): void {
  const linked = (body: (pair: LinkPair) => Promise<void>) => async () => {
    const pair = await connect();
    try {
      await body(pair);
    } finally {
      await pair.stop();
    }
  };

  describe(name, () => {
    test(
      'frames come out as they were pushed, in order',
      linked(async ({ sender, receiver }) => {
        const pushed = Array.from({ length: 500 }, (_, at) => frame(at + 1, Buffer.alloc(at * 7, at)));
        for (const each of pushed) sender.push(each);
        const came = await take(receiver.frames, pushed.length);
        expect(came.map((each) => each.header)).toEqual(pushed.map((each) => each.header));
        expect(came.every((each, at) => Buffer.compare(each.body, pushed[at]?.body ?? Buffer.alloc(0)) === 0)).toBe(
          true,
        );
      }),
    );

    test(
      'a frame with an empty body and one of several MiB pass unchanged',
      linked(async ({ sender, receiver }) => {
        const large = Buffer.alloc(5_000_003, 'abcdefg');
        sender.push(frame(1, new Uint8Array()));
        sender.push(frame(2, large));
        const [empty, second] = await take(receiver.frames, 2);
        expect(empty?.body.length).toBe(0);
        expect(Buffer.compare(second?.body ?? Buffer.alloc(0), large)).toBe(0);
      }),
    );

    test(
      'controls come out as they were sent, in order',
      linked(async ({ sender, receiver }) => {
        const sent: Control[] = [
          { kind: 'open', channel: 'data1', stream: 'S', credit: 1000, catchUpBecause: 'it is asked for' },
          ...Array.from({ length: 3000 }, (_, at) => ack(at + 1)),
          { kind: 'verify', channel: 'data1', stream: 'S' },
          { kind: 'close', channel: 'data1', stream: 'S' },
        ];
        for (const control of sent) receiver.send(control);
        expect(await take(sender.controls, sent.length)).toEqual(sent);
      }),
    );

    test(
      'a receiver that does not pull stops the sender, and pulling lets it go on',
      linked(async ({ sender, receiver }) => {
        const body = Buffer.alloc(512 * 1024);
        const writable = () =>
          sender.writable(AbortSignal.timeout(500)).then(
            () => true,
            () => false,
          );
        let pushed = 0;
        while (pushed < 200 && (await writable())) sender.push(frame(++pushed, body));
        expect(pushed).toBeLessThan(200);
        expect(sender.bufferedBytes).toBeGreaterThan(0);
        const pulling = take(receiver.frames, pushed + 20);
        for (let more = 0; more < 20; more += 1) {
          await sender.writable(AbortSignal.timeout(10_000));
          sender.push(frame(++pushed, body));
        }
        expect((await pulling).map(seqOf)).toEqual(Array.from({ length: pushed }, (_, at) => at + 1));
      }),
    );

    test(
      'what the other side took no longer counts as buffered',
      linked(async ({ sender, receiver }) => {
        for (let seq = 1; seq <= 10; seq += 1) sender.push(frame(seq, Buffer.alloc(1000)));
        expect(sender.bufferedBytes).toBeGreaterThanOrEqual(10_000);
        await take(receiver.frames, 10);
        await expect.poll(() => sender.bufferedBytes).toBe(0);
      }),
    );

    test(
      'closing the receiver closes the sender: its controls end, it takes no frame more',
      linked(async ({ sender, receiver }) => {
        const controls = take(sender.controls, 1);
        const frames = take(receiver.frames, 1);
        receiver.close();
        expect(receiver.closed.aborted).toBe(true);
        expect(await frames).toEqual([]);
        expect(await controls).toEqual([]);
        await expect.poll(() => sender.closed.aborted).toBe(true);
        expect(() => sender.push(frame(1))).toThrow();
        await expect(sender.writable(never)).rejects.toThrow();
      }),
    );

    test(
      'a sender that waits for room is told when its own signal fires',
      linked(async ({ sender }) => {
        const stop = new AbortController();
        for (let seq = 1; seq <= 100; seq += 1) sender.push(frame(seq, Buffer.alloc(1024 * 1024)));
        const waiting = sender.writable(stop.signal);
        stop.abort(new Error('stopped by the test'));
        await expect(waiting).rejects.toThrow('stopped by the test');
      }),
    );

    test(
      'sending on a closed link does nothing',
      linked(async ({ receiver }) => {
        receiver.close();
        expect(() => receiver.send(ack(1))).not.toThrow();
      }),
    );
  });
}
