import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import {
  ACK_PACE_MS,
  LINK_BUFFER_BYTES_MAX,
  POLL_HOLD_MS_MAX,
  RETRY_MS_MAX,
  SILENCE_MS_MAX,
} from '../../../src/adapters/mq/direct/limits.ts';
import { ManualClock, turn } from '../../worker/support/manual-clock.ts';
import { ack, frame, never, seqOf, take } from './link-suite.ts';
import { loopbackCertificates } from './support/certificates.ts';
import { type LoopbackOptions, startDirectLoopback } from './support/direct-loopback.ts';
import type { Fault } from './support/faulty-proxy.ts';

const certificates = loopbackCertificates();
const loopbacks: Awaited<ReturnType<typeof startDirectLoopback>>[] = [];

async function start(options: Omit<LoopbackOptions, 'certificates'> = {}) {
  const loopback = await startDirectLoopback({ certificates, ...options });
  loopbacks.push(loopback);
  return loopback;
}

afterEach(async () => {
  for (const loopback of loopbacks.splice(0)) await loopback.stop();
});

const isPoll = (path: string) => path.endsWith('/poll');
const isControl = (path: string) => path.endsWith('/control');

/** Bytes that do not compress, so that cuts fall into the middle of frames too. */
function noise(bytes: number, seed: number): Buffer {
  const body = Buffer.allocUnsafe(bytes);
  let state = seed * 2_654_435_761 + 1;
  for (let at = 0; at < bytes; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    body[at] = state >>> 24;
  }
  return body;
}

const anyFault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  { weight: 4, arbitrary: fc.record({ cutAnswerAfterBytes: fc.integer({ min: 0, max: 60_000 }) }) },
  { weight: 2, arbitrary: fc.constant({ cutAnswerAfterBytes: 0 }) },
  { weight: 1, arbitrary: fc.constant({ lost: true }) },
  { weight: 2, arbitrary: fc.constant({ twice: true }) },
);

describe('S15: whatever the network does to a link', () => {
  test('every frame and every control arrives exactly once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyFault, { minLength: 5, maxLength: 25 }),
        fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 80 }),
        async (faults, sizes, controlCount) => {
          const left = [...faults];
          const loopback = await start({ fault: ({ method }) => (method === 'POST' ? (left.shift() ?? {}) : {}) });
          const { sender, receiver } = await loopback.connect();
          const bodies = sizes.map((size, at) => noise(size, at + 1));
          const frames = take(receiver.frames, bodies.length);
          const controls = take(sender.controls, controlCount);
          for (const [at, body] of bodies.entries()) sender.push(frame(at + 1, body));
          for (let seq = 1; seq <= controlCount; seq += 1) receiver.send(ack(seq));
          const came = await frames;
          expect(came.map(seqOf)).toEqual(bodies.map((_, at) => at + 1));
          expect(came.every((each, at) => Buffer.compare(each.body, bodies[at] ?? Buffer.alloc(0)) === 0)).toBe(true);
          expect(await controls).toEqual(Array.from({ length: controlCount }, (_, at) => ack(at + 1)));
          expect(receiver.closed.aborted).toBe(false);
          await loopback.stop();
          loopbacks.length = 0;
        },
      ),
      { numRuns: 12 },
    );
  });

  test('nothing is acknowledged that did not arrive: a cut answer is sent again from the frame that was cut', async () => {
    let cuts = 4;
    const loopback = await start({
      fault: ({ path }) => (isPoll(path) && cuts-- > 0 ? { cutAnswerAfterBytes: 70_000 } : {}),
    });
    const { sender, receiver } = await loopback.connect();
    for (let seq = 1; seq <= 20; seq += 1) sender.push(frame(seq, noise(30_000, seq)));
    expect((await take(receiver.frames, 20)).map(seqOf)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
    expect(loopback.proxy.requests.filter(isPoll).length).toBeGreaterThanOrEqual(5);
  });

  test.each([
    ['its answer is lost', { cutAnswerAfterBytes: 0 }],
    ['it is delivered twice', { twice: true }],
    ['it is lost itself', { lost: true }],
  ] satisfies [string, Fault][])('a control is taken once although %s', async (_what, fault) => {
    let left = 3;
    const loopback = await start({ fault: ({ path }) => (isControl(path) && left-- > 0 ? fault : {}) });
    const { sender, receiver } = await loopback.connect();
    const controls = take(sender.controls, 6);
    for (let seq = 1; seq <= 5; seq += 1) receiver.send(ack(seq));
    await expect.poll(() => loopback.proxy.requests.filter(isControl).length).toBeGreaterThanOrEqual(left > 0 ? 1 : 4);
    receiver.send(ack(6));
    expect(await controls).toEqual([1, 2, 3, 4, 5, 6].map(ack));
  });

  test('streams that break now and then are asked again for ever: only failures in a row end a link', async () => {
    const clock = new ManualClock();
    // Polls that last: nothing is on its way when the connections break.
    const loopback = await start({
      clock,
      timing: { giveUpMs: RETRY_MS_MAX, silenceMs: SILENCE_MS_MAX, holdMs: POLL_HOLD_MS_MAX },
    });
    const { sender, receiver } = await loopback.connect();
    for (let round = 1; round <= 3; round += 1) {
      sender.push(frame(round));
      const coming = take(receiver.frames, 1);
      await expect
        .poll(async () => {
          await clock.advance(100);
          return Promise.race([coming.then((came) => came.map(seqOf)), turn()]);
        })
        .toEqual([round]);
      await expect
        .poll(async () => {
          await clock.advance(100);
          return sender.bufferedBytes;
        })
        .toBe(0);
      await clock.advance(RETRY_MS_MAX);
      const before = loopback.troubles.length;
      loopback.proxy.server.closeAllConnections();
      await expect.poll(() => loopback.troubles.length).toBeGreaterThan(before);
    }
    expect(receiver.closed.aborted).toBe(false);
  });

  test('a connection that falls silent is given up and asked again', async () => {
    let held = true;
    const loopback = await start({
      timing: { giveUpMs: 20_000, silenceMs: 1_000 },
      fault: ({ path }) => {
        if (!isPoll(path) || !held) return {};
        held = false;
        return { until: new Promise<void>(() => {}) };
      },
    });
    const { sender, receiver } = await loopback.connect();
    sender.push(frame(1));
    expect((await take(receiver.frames, 1)).map(seqOf)).toEqual([1]);
    expect(loopback.troubles.length).toBeGreaterThan(0);
  });

  test('a network that stays away ends the link at the receiver with what went wrong', async () => {
    let away = false;
    const loopback = await start({
      timing: { giveUpMs: 300, silenceMs: 1_000 },
      fault: () => (away ? { lost: true } : {}),
    });
    const { receiver } = await loopback.connect();
    away = true;
    receiver.send(ack(1));
    await expect(take(receiver.frames, 1)).rejects.toThrow(/control|poll/);
    expect(receiver.closed.aborted).toBe(true);
  });

  test('a restarted source worker does not know the link: the receiver learns it at once', async () => {
    const loopback = await start();
    const { receiver } = await loopback.connect();
    loopback.host.stop('the worker stops');
    await expect(take(receiver.frames, 1)).rejects.toThrow(/there is no link/);
  });
});

describe('a link over a long way', () => {
  test('sends on without waiting for answers: hundreds of frames in one round trip', async () => {
    const answers = Promise.withResolvers<void>();
    const loopback = await start({ fault: ({ path }) => (isControl(path) ? { until: answers.promise } : {}) });
    const { sender, receiver } = await loopback.connect();
    const frames = take(receiver.frames, 400);
    for (let seq = 1; seq <= 400; seq += 1) sender.push(frame(seq, noise(1000, seq)));
    expect((await frames).length).toBe(400);
    expect(loopback.proxy.requests.filter(isPoll).length).toBe(1);
    answers.resolve();
  });

  test('travels compressed', async () => {
    const loopback = await start();
    const { sender, receiver } = await loopback.connect();
    const body = Buffer.from(
      Array.from({ length: 5_000 }, (_, at) => `+{"_key":"${at}","_rev":"_k${at * 7919}","name":"the name"}\n`).join(
        '',
      ),
    );
    sender.push(frame(1, body));
    await take(receiver.frames, 1);
    expect(loopback.proxy.passedBytes()).toBeLessThan(body.length / 3);
  });

  test('holds no more than its buffer while acknowledgements stay away', async () => {
    const loopback = await start({
      fault: ({ path }) => (isControl(path) ? { until: new Promise<void>(() => {}) } : {}),
    });
    const { sender, receiver } = await loopback.connect();
    const stop = new AbortController();
    const draining = (async () => {
      for await (const each of receiver.frames) if (stop.signal.aborted) return each;
      return undefined;
    })();
    const body = noise(1024 * 1024, 1);
    let pushed = 0;
    const filled = (async () => {
      for (;;) {
        await sender.writable(stop.signal);
        sender.push(frame(++pushed, body));
      }
    })();
    await expect.poll(() => sender.bufferedBytes).toBeGreaterThanOrEqual(LINK_BUFFER_BYTES_MAX);
    expect(sender.bufferedBytes).toBeLessThanOrEqual(LINK_BUFFER_BYTES_MAX + body.length + 1024);
    stop.abort(new Error('seen enough'));
    await expect(filled).rejects.toThrow('seen enough');
    receiver.close();
    await draining;
  });

  test('many bytes are acknowledged at once, whatever the time', async () => {
    const loopback = await start({ clock: new ManualClock() });
    const { sender, receiver } = await loopback.connect();
    const body = noise(512 * 1024, 1);
    for (let seq = 1; seq <= 12; seq += 1) sender.push(frame(seq, body));
    const full = sender.bufferedBytes;
    await take(receiver.frames, 12);
    await expect.poll(() => sender.bufferedBytes).toBeLessThan(full / 2);
  });

  test('acknowledgements wait for each other, and go with the first control that cannot wait', async () => {
    const clock = new ManualClock();
    const loopback = await start({ clock });
    const { sender, receiver } = await loopback.connect();
    const controls = take(sender.controls, 4);
    for (let seq = 1; seq <= 2; seq += 1) {
      receiver.send(ack(seq));
      sender.push(frame(seq));
      await take(receiver.frames, 1);
    }
    const requests = () => loopback.proxy.requests.filter(isControl).length;
    expect(requests()).toBe(0);
    const close = { kind: 'close', channel: 'data1', stream: 'S' } as const;
    receiver.send(close);
    await expect.poll(requests).toBe(1);
    receiver.send(ack(3));
    const later = async () => {
      await clock.advance(ACK_PACE_MS);
      return requests();
    };
    await expect.poll(later).toBe(2);
    expect(await controls).toEqual([ack(1), ack(2), close, ack(3)]);
  });

  test('many writers that wait for room do not all push into it', async () => {
    const loopback = await start({
      fault: ({ path }) => (isControl(path) ? { until: new Promise<void>(() => {}) } : {}),
    });
    const { sender, receiver } = await loopback.connect();
    const size = 4 * 1024 * 1024;
    for (let seq = 1; sender.bufferedBytes < LINK_BUFFER_BYTES_MAX; seq += 1)
      sender.push(frame(seq, Buffer.alloc(size)));
    let pushed = 8;
    const stop = new AbortController();
    const writers = Array.from({ length: 16 }, async () => {
      await sender.writable(stop.signal);
      sender.push(frame(++pushed, Buffer.alloc(size)));
    });
    // One frame acknowledged by a poll makes room for one.
    const session = loopback.host.find(
      new URL(`x:${loopback.proxy.requests[0]?.split(' ')[1]}`).pathname.split('/').at(-1) ?? '',
      'target-deployment',
    );
    session?.takeControls(1, [], 1);
    await expect.poll(() => pushed).toBe(9);
    expect(sender.bufferedBytes).toBeLessThanOrEqual(LINK_BUFFER_BYTES_MAX + size);
    stop.abort(new Error('over'));
    await Promise.allSettled(writers);
    receiver.close();
  });

  test('learns how far the source clock is ahead', async () => {
    const loopback = await start();
    const beganMs = performance.now();
    const { receiver } = await loopback.connect(never);
    // Both have the same clock: what is told is wrong by no more than half of the way there and back.
    const wrongMsMax = (performance.now() - beganMs) / 2 + 2;
    expect(Math.abs(receiver.clockOffsetMs ?? Number.NaN)).toBeLessThanOrEqual(wrongMsMax);
  });
});
