import { afterEach, expect, test, vi } from 'vitest';
import type { LinkPacking } from '../../../src/adapters/mq/direct/direct-link.ts';
import { systemClock } from '../../../src/adapters/system-clock.ts';
import { Throttle } from '../../../src/replication/throttle/throttle.ts';
import { frame, take } from './link-suite.ts';
import { loopbackCertificates } from './support/certificates.ts';
import { startDirectLoopback } from './support/direct-loopback.ts';

const MIB = 1024 * 1024;
const certificates = loopbackCertificates();
let loopback: Awaited<ReturnType<typeof startDirectLoopback>> | undefined;
afterEach(() => loopback?.stop());

/** What the other side's clock and ours show does not matter for how long an answer takes. */
const near = { ...systemClock, wallMs: () => 1 };
let wallMs = 0;
/** Each look at the clock comes so much later. */
const far = { ...systemClock, wallMs: () => (wallMs += 50) };

/** Machines that are busy at first: short trips come later. */
let looks = 0;
const busy = {
  ...systemClock,
  wallMs: () => {
    looks += 1;
    return Math.min(looks, 20) * 50;
  },
};

/** Bytes that pass for a frame of a MiB that packs well, once a trip has told how far the other side is. */
async function bytesOnTheWire(packing: LinkPacking | undefined, clock: typeof near, bytesPerS?: number) {
  const throttle = new Throttle({ now: () => performance.now(), sleep: systemClock.sleep });
  throttle.setRate({ bytesPerS });
  const timing = { giveUpMs: 20_000, silenceMs: 7_000, holdMs: 50 };
  loopback = await startDirectLoopback({
    certificates,
    timing,
    clock,
    throttle,
    ...(packing === undefined ? {} : { packing }),
  });
  const { sender, receiver } = await loopback.connect();
  sender.push(frame(1, Buffer.from('first')));
  await take(receiver.frames, 1);
  const before = loopback.proxy.passedBytes();
  sender.push(frame(2, Buffer.alloc(MIB)));
  await take(receiver.frames, 1);
  return loopback.proxy.passedBytes() - before;
}

test.each([
  ['is packed', 'when the other side is far away', undefined, far, undefined],
  ['is sent as it is', 'when the other side is near', undefined, near, undefined],
  ['is packed', 'when the other side is near and bytes are limited', undefined, near, 64 * MIB],
  ['is packed', 'near as well when that is always wanted', 'always', near, undefined],
  ['is sent as it is', 'over any distance when that is never wanted', 'never', far, 64 * MIB],
] satisfies [string, string, LinkPacking | undefined, typeof near, number | undefined][])(
  'what goes over a link %s %s',
  async (what, _when, packing, clock, bytesPerS) => {
    const bytes = await bytesOnTheWire(packing, clock, bytesPerS);
    if (what === 'is packed') expect(bytes).toBeLessThan(MIB / 10);
    else expect(bytes).toBeGreaterThanOrEqual(MIB);
  },
);

test('a link between machines that were busy when it opened is found to be near soon after', async () => {
  const timing = { giveUpMs: 20_000, silenceMs: 7_000 };
  loopback = await startDirectLoopback({ certificates, timing, clock: busy });
  const { sender, receiver } = await loopback.connect();
  let seq = 0;
  const passes = async () => {
    const before = loopback?.proxy.passedBytes() ?? 0;
    seq += 1;
    sender.push(frame(seq, Buffer.alloc(MIB)));
    await take(receiver.frames, 1);
    return (loopback?.proxy.passedBytes() ?? 0) - before;
  };
  expect(await passes()).toBeLessThan(MIB / 10);
  // Long before a poll ends that is held as long as it may be.
  await vi.waitFor(async () => expect(await passes()).toBeGreaterThanOrEqual(MIB), { timeout: 4_000 });
});
