import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { Throttle } from '../../../src/replication/throttle/throttle.ts';
import { patientClock } from '../../support/patient-clock.ts';
import { frame, never, seqOf, take } from './link-suite.ts';
import { loopbackCertificates } from './support/certificates.ts';
import { startDirectLoopback } from './support/direct-loopback.ts';

const KIB = 1024;
const certificates = loopbackCertificates();
let loopback: Awaited<ReturnType<typeof startDirectLoopback>> | undefined;
afterEach(() => loopback?.stop());

const sleep = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });

async function limited(bytesPerS: number | undefined) {
  const throttle = new Throttle({ now: () => performance.now(), sleep });
  throttle.setRate({ bytesPerS });
  // A connection without a sign of life for so long is dead.
  const timing = { giveUpMs: 20_000, silenceMs: 7_000 };
  loopback = await startDirectLoopback({ certificates, throttle, timing });
  return { throttle, loopback, ...(await loopback.connect()) };
}

test('what leaves over a link is held to the limit as it is on the wire, and nothing is lost or cut', async () => {
  const { throttle, sender, receiver, loopback: running } = await limited(512 * KIB);
  // Random bytes do not pack.
  const bodies = Array.from({ length: 6 }, () => randomBytes(256 * KIB));
  const began = performance.now();
  for (const [at, body] of bodies.entries()) sender.push(frame(at + 1, body));
  const came = await take(receiver.frames, bodies.length);
  const seconds = (performance.now() - began) / 1_000;
  expect(came.every(({ body }, at) => Buffer.compare(body, bodies[at] ?? Buffer.alloc(0)) === 0)).toBe(true);
  // A burst and the last block are not waited for.
  expect(seconds).toBeGreaterThan((1_536 - 128 - 128) / 512);
  throttle.setRate({});
  const freed = patientClock.monotonicMs();
  for (let seq = 7; seq <= 12; seq += 1) sender.push(frame(seq, randomBytes(256 * KIB)));
  expect((await take(receiver.frames, 6)).map(seqOf)).toEqual([7, 8, 9, 10, 11, 12]);
  expect(patientClock.monotonicMs() - freed).toBeLessThan(2_000);
  expect(running.troubles).toEqual([]);
});

test('a block that has to wait for longer than a connection may be silent does not end it', async () => {
  const { throttle, sender, receiver, loopback: running } = await limited(16 * KIB);
  sender.push(frame(1, randomBytes(16 * KIB)));
  await take(receiver.frames, 1);
  // Some nine seconds of debt.
  throttle.charge({ bytes: 144 * KIB, operations: 0 }, 'log');
  sender.push(frame(2, randomBytes(16 * KIB)));
  expect((await take(receiver.frames, 1)).map(seqOf)).toEqual([2]);
  expect(running.troubles).toEqual([]);
});

test('S7: under a limit little is in the buffer, and the log has the next place in it', async () => {
  const { throttle, sender, receiver } = await limited(64 * KIB);
  const order: string[] = [];
  let seq = 0;
  const push = async (urgency: 'log' | 'copy') => {
    await sender.writable(never, urgency);
    seq += 1;
    order.push(urgency);
    sender.push(frame(seq, randomBytes(64 * KIB)));
  };
  // What two seconds of the limit take, not the 32 MiB of a link without one.
  for (let held = 0; held < 2; held += 1) await push('copy');
  const copies = Array.from({ length: 10 }, () => push('copy'));
  const log = push('log');
  const pulling = take(receiver.frames, 13);
  await log;
  expect(order.indexOf('log')).toBeLessThanOrEqual(3);
  throttle.setRate({});
  await Promise.all(copies);
  expect(await pulling).toHaveLength(13);
});
