import { Hono } from 'hono';
import { afterEach, describe, expect, test } from 'vitest';
import { ClockOffset } from '../../../src/adapters/mq/direct/clock-offset.ts';
import { createQueueDoors } from '../../../src/adapters/mq/direct/doors.ts';
import { LinkHost } from '../../../src/adapters/mq/direct/link-host.ts';
import { linkRoutes } from '../../../src/adapters/mq/direct/link-routes.ts';
import { DirectRemoteQueue } from '../../../src/adapters/mq/direct/remote-queue.ts';
import { QueueTokens } from '../../../src/adapters/mq/token.ts';
import { systemClock } from '../../../src/adapters/system-clock.ts';
import type { SenderLink } from '../../../src/replication/queue.ts';
import { ack, frame, never, seqOf, take } from './link-suite.ts';
import { loopbackCertificates } from './support/certificates.ts';
import { serveHttps } from './support/https-app.ts';

const certificates = loopbackCertificates();
const workersOwn = loopbackCertificates();
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A source with two masters and one worker, whose certificates come from two CAs. */
async function startSource({ isPublic = false } = {}) {
  const tokens = new QueueTokens('secret');
  const senders: SenderLink[] = [];
  const host = new LinkHost({ clock: systemClock, onLink: (link) => senders.push(link) });
  const app = new Hono().route('/_api/mq/direct/link', linkRoutes({ host: () => host, tokens, clock: systemClock }));
  const worker = await serveHttps(app, workersOwn.server);
  const asked: string[] = [];
  const state = { version: '1' };
  const startMaster = async (name: string) => {
    const doors = createQueueDoors({
      tokens,
      isTarget: () => true,
      routes: () => ({
        version: state.version,
        routes: { data1: { workerId: 'w', ...(isPublic ? { publicEndpoint: worker.endpoint } : {}) } },
      }),
      workerEndpoint: () => worker.endpoint,
      workerCaCertificate: () => workersOwn.ca,
    });
    const noting = new Hono();
    noting.use((c, next) => {
      asked.push(`${name} ${c.req.path}`);
      return next();
    });
    noting.route('/_api/mq/direct', doors.app);
    const master = await serveHttps(noting, certificates.server);
    closing.push(
      () => doors.close(),
      () => master.close(),
    );
    return master;
  };
  closing.push(() => worker.close());
  const masters = [await startMaster('one'), await startMaster('two')];
  const queue = new DirectRemoteQueue({
    remote: () => ({
      endpoints: masters.map(({ endpoint }) => endpoint),
      caCertificate: certificates.ca,
      token: tokens.issue('target'),
    }),
    clock: systemClock,
    onTrouble: () => {},
  });
  closing.push(() => queue.stop());
  return { queue, masters, senders, asked, state, host };
}

describe('the queue of a source', () => {
  test('a link lives on over another master when its own one dies, and loses nothing', async () => {
    const { queue, masters, senders, asked } = await startSource();
    const receiver = await queue.connect('w', never);
    const [sender] = senders;
    sender?.push(frame(1));
    expect((await take(receiver.frames, 1)).map(seqOf)).toEqual([1]);
    expect(asked.every((each) => each.startsWith('one'))).toBe(true);
    await masters[0]?.close();
    sender?.push(frame(2));
    receiver.send(ack(1));
    expect((await take(receiver.frames, 1)).map(seqOf)).toEqual([2]);
    if (sender === undefined) throw new Error('no link');
    expect(await take(sender.controls, 1)).toEqual([ack(1)]);
    expect(asked.some((each) => each.startsWith('two'))).toBe(true);
    expect(senders).toHaveLength(1);
  });

  test('a worker with a public endpoint is dialled without the masters, verified against the worker CA', async () => {
    const { queue, senders, asked } = await startSource({ isPublic: true });
    await queue.routes('target', never);
    const receiver = await queue.connect('w', never);
    senders[0]?.push(frame(1));
    expect((await take(receiver.frames, 1)).map(seqOf)).toEqual([1]);
    expect(asked).toEqual(['one /_api/mq/direct/routes']);
  });

  test('routes are fetched again when their version changed', async () => {
    const { queue, state } = await startSource();
    const first = await queue.routes('target', never);
    expect(await queue.routes('target', never)).toBe(first);
    state.version = '2';
    const second = await queue.routes('target', never);
    expect(second).not.toBe(first);
    expect(second).toEqual(first);
  });

  test('stopping it closes its links at both ends', async () => {
    const { queue, host } = await startSource();
    const receiver = await queue.connect('w', never);
    expect(host.size).toBe(1);
    await queue.stop();
    expect(receiver.closed.aborted).toBe(true);
    expect(host.size).toBe(0);
  });

  test('a connection that is opened is called off by its signal', async () => {
    const { queue, masters } = await startSource();
    for (const master of masters) await master.close();
    const stop = new AbortController();
    const opening = queue.connect('w', stop.signal);
    stop.abort(new Error('the role stops'));
    await expect(opening).rejects.toThrow('the role stops');
  });
});

describe('the offset of the source clock', () => {
  test('is taken from the shortest round trip', () => {
    const offset = new ClockOffset();
    expect(offset.offsetMs).toBeUndefined();
    offset.add(1_000, 1_400, 6_350);
    offset.add(2_000, 2_020, 7_010);
    offset.add(3_000, 3_200, 8_000);
    expect(offset.offsetMs).toBe(5_000);
  });

  test('ignores trips over which our own clock was set back, and times that are none', () => {
    const offset = new ClockOffset();
    offset.add(2_000, 1_000, 1_500);
    offset.add(1_000, 1_010, Number.NaN);
    expect(offset.offsetMs).toBeUndefined();
  });
});
