import { setTimeout as sleep } from 'node:timers/promises';
import { ulid } from 'ulid';
import { type ConnectedDeployment, connectDeployment } from '../src/adapters/arangodb/deployment.ts';
import { type EmbeddedDeployment, startEmbedded } from '../src/adapters/embedded/index.ts';
import { memoryLink } from '../src/replication/memory-link.ts';
import type { ReceiverLink, SenderLink } from '../src/replication/queue.ts';
import { SourceEngine } from '../src/replication/source/engine.ts';
import { TargetEngine } from '../src/replication/target/engine.ts';
import type { ShardReport, WorkerTask } from '../src/wire/worker.ts';
import { type Measurement, reportMeasurements } from './report.ts';

const BULK = 5_000;
const CHANGED = 1_000;
const MIB = 1_024 * 1_024;
const LOOK_MS = 5;
const SHARD = { database: '_system', collection: 'bench', shardIndex: 0 };
const CHANNEL = 'bench';

interface Side {
  readonly embedded: EmbeddedDeployment;
  readonly deployment: ConnectedDeployment;
}

/**
 * A shard that its log cannot bring up to date any more: what is moved when 1,000 of its documents were changed meanwhile,
 * against a copy of all of it. Everything in one process, so that the bytes of the link can be counted.
 */
export async function run({ json, documents }: { json: boolean; documents: number }): Promise<void> {
  const [source, target] = [await start(), await start()];
  const name = `${documents} documents, ${CHANGED} changed`;
  try {
    await Promise.all([source, target].map((side) => request(side, 'POST', '/_api/collection', { name: 'bench' })));
    for (let from = 0; from < documents; from += BULK) await write(source, from, BULK, 'first');
    const copy = await follow(source, target, 'copy');
    const step = Math.floor(documents / CHANGED);
    for (let index = 0; index < CHANGED; index += 1) await write(source, index * step, 1, 'changed');
    // Nothing of it can be read from the log.
    source.embedded.control.prune();
    const difference = await follow(source, target, 'difference');
    const results: Measurement[] = [
      { case: name, metric: 'docs_moved', value: difference.documents, unit: '' },
      { case: name, metric: 'bytes_to_full_copy', value: difference.bytes / copy.bytes, unit: '' },
      { case: name, metric: 'mib', value: difference.bytes / MIB, unit: 'MiB' },
      { case: name, metric: 'seconds', value: difference.seconds, unit: 's' },
      { case: name, metric: 'seconds_to_full_copy', value: difference.seconds / copy.seconds, unit: '' },
      { case: name, metric: 'full_copy_seconds', value: copy.seconds, unit: 's' },
    ];
    reportMeasurements('difference', results, json);
  } finally {
    await stop(source);
    await stop(target);
  }
}

async function start(): Promise<Side> {
  const embedded = await startEmbedded({ mode: 'single' });
  const deployment = await connectDeployment({
    endpoints: embedded.endpoints,
    credentials: { kind: 'none' },
    verify: false,
  });
  return { embedded, deployment };
}

async function stop({ deployment, embedded }: Side): Promise<void> {
  await deployment.close();
  await embedded.stop();
}

async function request({ deployment }: Side, method: 'POST', path: string, body: unknown): Promise<void> {
  await deployment.front.json({ method, path, query: { overwriteMode: 'replace', silent: true }, body });
}

async function write(side: Side, from: number, count: number, state: string): Promise<void> {
  const body = Array.from({ length: count }, (_, index) => ({
    _key: `document-${from + index}`,
    name: `the document of number ${from + index}`,
    number: from + index,
    state,
    tags: ['some', 'tags', 'of', 'it'],
  }));
  await request(side, 'POST', '/_api/document/bench', body);
}

interface CaughtUp {
  readonly documents: number;
  /** Of frames and controls, as they would be written on a link. */
  readonly bytes: number;
  readonly seconds: number;
}

/** A worker of each side until the shard runs; then both stop, and the position is stored. */
async function follow(source: Side, target: Side, way: ShardReport['way']): Promise<CaughtUp> {
  const environment = {
    now: Date.now,
    sleep: async (ms: number, signal: AbortSignal) => {
      await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
    },
    newId: () => ulid(),
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  };
  let bytes = 0;
  const count = (moved: number) => {
    bytes += moved;
  };
  const sending = new SourceEngine({ deployment: source.deployment, syncerSeed: 'bench', ...environment });
  const receiving = new TargetEngine({
    deployment: target.deployment,
    onStructure: async () => undefined,
    onDoubt: async () => undefined,
    connect: async () => {
      const { sender, receiver } = counted(memoryLink({ targetId: target.deployment.id }), count);
      void sending.serve(sender);
      return receiver;
    },
    routes: async () => new Map([[CHANNEL, 'worker']]),
    ...environment,
  });
  const task = (type: WorkerTask['type'], peerId: string): WorkerTask => ({
    ...{ id: CHANNEL, type, channels: { data: CHANNEL }, peerId, shard: SHARD },
  });
  await sending.setTasks([task('send-shard', target.deployment.id)]);
  const startedAt = performance.now();
  await receiving.setInstructions({
    incoming: {
      epoch: 'bench',
      sourceDeployment: source.deployment.id,
      remote: { endpoints: [], caCertificate: '', token: '' },
      confirmedDrops: [],
    },
    tasks: [task('receive-shard', source.deployment.id)],
  });
  const report = await running(receiving);
  const seconds = (performance.now() - startedAt) / 1_000;
  await receiving.stop();
  await sending.stop();
  if (report.way !== way) throw new Error(`the shard went by ${report.way}: ${report.reason}`);
  return { documents: report.documentsCopied, bytes, seconds };
}

async function running(engine: TargetEngine): Promise<ShardReport> {
  for (;;) {
    const [report] = engine.reports();
    if (report?.status === 'running') return report;
    if (report?.status === 'failed') throw new Error(report.statusMessage);
    await sleep(LOOK_MS);
  }
}

interface LinkEnds {
  readonly sender: SenderLink;
  readonly receiver: ReceiverLink;
}

/** The link, with what goes over it counted in both directions. */
function counted({ sender, receiver }: LinkEnds, count: (bytes: number) => void): LinkEnds {
  return {
    sender: {
      targetId: sender.targetId,
      closed: sender.closed,
      controls: sender.controls,
      get bufferedBytes() {
        return sender.bufferedBytes;
      },
      push: (frame) => {
        count(frame.body.byteLength + JSON.stringify(frame.header).length);
        sender.push(frame);
      },
      writable: (signal) => sender.writable(signal),
    },
    receiver: {
      frames: receiver.frames,
      closed: receiver.closed,
      clockOffsetMs: receiver.clockOffsetMs,
      send: (control) => {
        count(JSON.stringify(control).length);
        receiver.send(control);
      },
      close: () => receiver.close(),
    },
  };
}
