import { afterEach, describe, expect, test } from 'vitest';
import { freePort } from '../../src/adapters/embedded/free-ports.ts';
import { startEmbedded } from '../../src/adapters/embedded/index.ts';
import { EndpointClient } from '../../src/adapters/http/endpoint-client.ts';
import { signJwt } from '../../src/adapters/http/jwt.ts';
import { createLogger } from '../../src/adapters/logging/logger.ts';
import { type MasterProcess, startMaster } from '../../src/adapters/master-process.ts';
import { createCa, issueCertificate } from '../../src/adapters/tls/index.ts';
import { startWorker, type WorkerProcess } from '../../src/adapters/worker-process.ts';
import type { Engines, TargetConnections } from '../../src/adapters/worker-roles.ts';
import type { SenderLink } from '../../src/replication/queue.ts';
import type { WorkerInstructions, WorkerTask } from '../../src/wire/worker.ts';
import { ack, frame, seqOf, take } from '../adapters/mq/link-suite.ts';
import { steadyLeases } from '../master/support/steady-leases.ts';
import { shardReport } from './support/fake-roles.ts';

const validForMs = 3_600_000;
const tlsCa = createCa({ commonName: 'TLS CA', validForMs });
const clientCa = createCa({ commonName: 'client CA', validForMs });
const master = issueCertificate({ ca: tlsCa, kind: 'server', hosts: ['127.0.0.1'], commonName: 'master', validForMs });
const client = issueCertificate({ ca: clientCa, kind: 'client', hosts: [], commonName: 'target', validForMs });
let registrations = 0;
const log = createLogger({
  level: 'info',
  role: 'test',
  destination: {
    write: (line) => {
      if (/registered as worker/.test(line)) registrations += 1;
    },
  },
});
const version = { version: '0.1.0', build: 'test' };
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  registrations = 0;
  for (const close of closing.splice(0).reverse()) await close();
});

/** Engines that carry nothing: what they are told, and the links they get. */
class IdleEngines implements Engines {
  readonly links: SenderLink[] = [];
  sends: readonly WorkerTask[] = [];
  received: WorkerInstructions | undefined;
  connections: TargetConnections | undefined;

  source() {
    return {
      serve: (link: SenderLink) => void this.links.push(link),
      setTasks: (tasks: readonly WorkerTask[]) => {
        this.sends = tasks;
      },
      setThrottle: () => {},
      reports: () => [],
      stop: async () => {},
    };
  }

  target(connections: TargetConnections) {
    this.connections = connections;
    return {
      setInstructions: (instructions: WorkerInstructions) => {
        this.received = instructions;
      },
      reports: () =>
        (this.received?.tasks ?? []).flatMap(({ id, shard }) =>
          shard === undefined ? [] : [shardReport(id, { shard })],
        ),
      setComparisons: () => {},
      comparisons: () => [],
      stop: async () => {},
    };
  }
}

interface Datacenter {
  readonly masters: readonly MasterProcess[];
  readonly endpoints: readonly string[];
  readonly worker: WorkerProcess;
  readonly engines: IdleEngines;
  ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }>;
}

async function startDatacenter(name: string, masterCount = 1): Promise<Datacenter> {
  const clusterSecret = `cluster secret of ${name}`;
  const masterSecret = `master secret of ${name}`;
  const database = await startEmbedded({ mode: 'single', auth: { jwtSecret: clusterSecret } });
  closing.push(() => database.stop());
  const masters: MasterProcess[] = [];
  while (masters.length < masterCount) {
    const started = await startMaster({
      clusterEndpoints: database.endpoints,
      clusterJwtSecret: clusterSecret,
      host: '127.0.0.1',
      port: 0,
      keyfile: `${master.certificate}${master.key}`,
      clientCa: clientCa.certificate,
      masterSecret,
      masterCa: tlsCa.certificate,
      mqType: 'direct',
      log,
      version,
      times: steadyLeases,
    });
    masters.push(started);
    closing.push(() => started.stop());
  }
  const endpoints = masters.map(({ port }) => `https://127.0.0.1:${port}`);
  const engines = new IdleEngines();
  const port = await freePort();
  const worker = startWorker({
    masterEndpoints: endpoints,
    masterSecret,
    masterCa: tlsCa.certificate,
    endpoint: `https://127.0.0.1:${port}`,
    host: '127.0.0.1',
    port,
    log,
    version,
    openEngines: () => engines,
  });
  closing.push(() => worker.stop());
  const operator = new EndpointClient({
    endpoints,
    ca: tlsCa.certificate,
    authorization: () => `bearer ${signJwt({ server_id: 'operator' }, masterSecret)}`,
  });
  closing.push(() => operator.close());
  const ask: Datacenter['ask'] = async (method, path, body) => {
    const answer = await operator.request({ method, path, body, timeoutMs: 10_000 });
    return { status: answer.status, body: JSON.parse(answer.text) };
  };
  return { masters, endpoints, worker, engines, ask };
}

/** `configure sync`, as soon as a leader is there to take it. */
async function configure(target: Datacenter, source: Datacenter): Promise<void> {
  await until('the leader takes the command', async () => {
    const { status } = await target.ask('POST', '/_api/sync', {
      source: source.endpoints,
      authentication: {
        clientCertificate: client.certificate,
        clientKey: client.key,
        caCertificate: tlsCa.certificate,
      },
    });
    return status === 200 || undefined;
  });
}

function withTasks({ engines: { received } }: Datacenter): WorkerInstructions | undefined {
  return received !== undefined && received.tasks.length > 0 ? received : undefined;
}

describe('workers under real masters', () => {
  test('get their tasks from configure sync, and carry a shard over a link between the datacenters', async () => {
    const [source, target] = await Promise.all([startDatacenter('source'), startDatacenter('target')]);
    await configure(target, source);
    const receiving = await until('the receiving worker has its instructions', async () => withTasks(target));
    expect(receiving.tasks.map(({ type }) => type)).toEqual(['receive-inventory']);
    await until('the sending worker has its task', async () => source.engines.sends[0]);
    const { connections } = target.engines;
    if (connections === undefined || receiving.incoming === undefined) throw new Error('nothing comes in');
    const shard = { database: '_system', collection: '_graphs', shardIndex: 0 };
    await connections.structure({
      epoch: receiving.incoming.epoch,
      sourceDeployment: receiving.incoming.sourceDeployment,
      shards: [shard],
      problems: [],
      heldDrops: [],
      changes: [],
    });
    const receive = await until('there is a task for the shard', async () =>
      target.engines.received?.tasks.find(({ type }) => type === 'receive-shard'),
    );
    const send = await until('and one at the source, on the same channels', async () =>
      source.engines.sends.find(({ type }) => type === 'send-shard'),
    );
    expect(send).toMatchObject({ shard, channels: receive.channels });
    const workerId = await until('the routes name the source worker', async () =>
      (await connections.routes()).get(receive.channels.data),
    );
    expect(workerId).toBe(source.worker.id);
    const receiver = await connections.connect(workerId);
    const [sender] = source.engines.links;
    if (sender === undefined) throw new Error('no link');
    expect(sender.targetId).toBe(send.peerId);
    sender.push(frame(1));
    expect((await take(receiver.frames, 1)).map(seqOf)).toEqual([1]);
    receiver.send(ack(1));
    expect(await take(sender.controls, 1)).toEqual([ack(1)]);
    const reported = await until('the report is seen in the status', async () => {
      const { body } = await target.ask('GET', '/_api/sync');
      return (body.shards as { status: string }[] | undefined)?.find(({ status }) => status === 'running');
    });
    expect(reported).toMatchObject({ collection: '_graphs', status: 'running' });
  });

  test('go on under the same registration when their leader ends and another one takes over', async () => {
    const [source, target] = await Promise.all([startDatacenter('source', 2), startDatacenter('target', 2)]);
    await configure(target, source);
    const before = await until('the instructions come', async () => withTasks(target));
    const leader = target.masters.find(({ master: { leads } }) => leads);
    await leader?.stop();
    const other = target.masters.find((each) => each !== leader);
    await until('the other master leads', async () => other?.master.leads || undefined);
    await until('its instructions reach the worker', async () => {
      const received = withTasks(target);
      return received !== undefined && received.term > before.term ? received : undefined;
    });
    expect(target.engines.received?.tasks).toEqual(before.tasks);
    expect(registrations).toBe(2);
    const { body } = await target.ask('GET', '/_api/worker');
    expect(body.workers).toMatchObject([{ id: target.worker.id }]);
  });
});

/** Polls until something is there. */
async function until<T>(what: string, read: () => Promise<T | undefined>): Promise<T> {
  const found: { value?: T } = {};
  await expect
    .poll(
      async () => {
        const value = await read().catch(() => undefined);
        if (value !== undefined) found.value = value;
        return value !== undefined;
      },
      { timeout: 30_000, message: what },
    )
    .toBe(true);
  if (found.value === undefined) throw new Error(what);
  return found.value;
}
