import { Hono } from 'hono';
import type { LinkPacking } from '../../../../src/adapters/mq/direct/direct-link.ts';
import { createQueueDoors } from '../../../../src/adapters/mq/direct/doors.ts';
import { LinkHost } from '../../../../src/adapters/mq/direct/link-host.ts';
import { linkRoutes } from '../../../../src/adapters/mq/direct/link-routes.ts';
import { DirectRemoteQueue, type LinkTiming } from '../../../../src/adapters/mq/direct/remote-queue.ts';
import { QueueTokens } from '../../../../src/adapters/mq/token.ts';
import { systemClock } from '../../../../src/adapters/system-clock.ts';
import type { SenderLink } from '../../../../src/replication/queue.ts';
import type { Throttle } from '../../../../src/replication/throttle/throttle.ts';
import type { Clock } from '../../../../src/worker/clock.ts';
import type { LoopbackCertificates } from './certificates.ts';
import { type Fault, startFaultyProxy } from './faulty-proxy.ts';
import { serveHttps } from './https-app.ts';

export const TARGET = 'target-deployment';
export const WORKER = 'worker-1';
export const MASTER_SECRET = 'master secret of the source';

export interface LoopbackOptions {
  readonly certificates: LoopbackCertificates;
  /** Between target worker and master. */
  readonly fault?: (request: { readonly method: string; readonly path: string; readonly number: number }) => Fault;
  readonly timing?: LinkTiming;
  /** Of what leaves the source worker. */
  readonly throttle?: Throttle;
  /** Of the target worker. */
  readonly clock?: Clock;
  readonly packing?: LinkPacking;
}

/** Target worker → (faulty network) → master's door → source worker, all over real HTTPS. */
export async function startDirectLoopback({ certificates, fault, timing, throttle, clock, packing }: LoopbackOptions) {
  const tokens = new QueueTokens(MASTER_SECRET);
  const senders: SenderLink[] = [];
  let announce = Promise.withResolvers<SenderLink>();
  const host = new LinkHost({
    clock: systemClock,
    ...(throttle === undefined ? {} : { throttle }),
    onLink: (link) => {
      senders.push(link);
      announce.resolve(link);
    },
  });
  const worker = await serveHttps(
    new Hono().route('/_api/mq/direct/link', linkRoutes({ host: () => host, tokens, clock: systemClock })),
    certificates.server,
  );
  const doors = createQueueDoors({
    tokens,
    isTarget: (id) => id === TARGET,
    routes: () => ({ version: '7', routes: { data1: { workerId: WORKER } } }),
    workerEndpoint: (id) => (id === WORKER ? worker.endpoint : undefined),
    workerCaCertificate: () => certificates.ca,
  });
  const master = await serveHttps(new Hono().route('/_api/mq/direct', doors.app), certificates.server);
  const proxy = await startFaultyProxy(() => master.endpoint, certificates, fault ?? (() => ({})));
  const troubles: unknown[] = [];
  const token = { value: tokens.issue(TARGET) };
  const queue = new DirectRemoteQueue({
    remote: () => ({ endpoints: [proxy.endpoint], caCertificate: certificates.ca, token: token.value }),
    clock: clock ?? systemClock,
    onTrouble: (error) => troubles.push(error),
    ...(timing === undefined ? {} : { timing }),
    ...(packing === undefined ? {} : { packing }),
  });
  return {
    tokens,
    token,
    host,
    worker,
    master,
    doors,
    proxy,
    queue,
    senders,
    troubles,
    async connect(signal: AbortSignal = new AbortController().signal) {
      announce = Promise.withResolvers<SenderLink>();
      const receiver = await queue.connect(WORKER, signal);
      return { receiver, sender: await announce.promise };
    },
    async stop() {
      await queue.stop();
      host.stop('the test is over');
      await proxy.close();
      await master.close();
      await doors.close();
      await worker.close();
    },
  };
}
