import { Agent } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { freePort } from '../../src/adapters/embedded/free-ports.ts';
import { createLogger } from '../../src/adapters/logging/logger.ts';
import { createCa } from '../../src/adapters/tls/index.ts';
import { startWorker, type WorkerProcess, type WorkerProcessOptions } from '../../src/adapters/worker-process.ts';
import type { Engines, TargetConnections } from '../../src/adapters/worker-roles.ts';
import type { SenderLink } from '../../src/replication/queue.ts';
import type { WorkerInstructions } from '../../src/wire/worker.ts';
import { ack, frame, seqOf, take } from '../adapters/mq/link-suite.ts';
import { SECRET, startFakeDatacenter } from './support/fake-datacenter.ts';
import { instructions, shardReport, task } from './support/fake-roles.ts';

const ca = createCa({ commonName: 'worker CA', validForMs: 3_600_000 });
const log = createLogger({ level: 'silent', role: 'worker' });
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function datacenter(mqType?: 'direct' | 'kafka') {
  const started = await startFakeDatacenter(ca, mqType);
  closing.push(() => started.close());
  return started;
}

function recordingEngines() {
  const links: SenderLink[] = [];
  const seen: { instructions: WorkerInstructions | undefined; connections: TargetConnections | undefined } = {
    instructions: undefined,
    connections: undefined,
  };
  let running = 0;
  const stop = async () => {
    running -= 1;
  };
  const engines: Engines = {
    source: () => {
      running += 1;
      return {
        serve: (link) => links.push(link),
        setTasks: () => {},
        setThrottle: () => {},
        reports: () => [shardReport('a')],
        stop,
      };
    },
    target: (connections) => {
      running += 1;
      seen.connections = connections;
      return {
        setInstructions: (next) => {
          seen.instructions = next;
        },
        reports: () => [],
        setComparisons: () => {},
        comparisons: () => [],
        stop,
      };
    },
  };
  return { engines, links, seen, running: () => running };
}

async function startOne(masterEndpoints: string[], changes: Partial<WorkerProcessOptions> = {}) {
  const port = await freePort();
  const recording = recordingEngines();
  const worker: WorkerProcess = startWorker({
    masterEndpoints,
    masterSecret: SECRET,
    masterCa: ca.certificate,
    endpoint: `https://127.0.0.1:${port}`,
    host: '127.0.0.1',
    port,
    log,
    version: { version: '1.2.3', build: 'abc' },
    monitoringToken: 'watch',
    openEngines: () => recording.engines,
    ...changes,
  });
  worker.ended.catch(() => undefined);
  closing.push(() => worker.stop().catch(() => undefined));
  return { ...recording, worker, endpoint: `https://127.0.0.1:${port}` };
}

async function get(url: string, authorization?: string) {
  const agent = new Agent({ connect: { ca: ca.certificate } });
  try {
    const { origin, pathname } = new URL(url);
    const headers = authorization === undefined ? {} : { authorization };
    const answer = await agent.request({ origin, path: pathname, method: 'GET', headers });
    return { status: answer.statusCode, text: await answer.body.text() };
  } finally {
    await agent.destroy();
  }
}

describe('the worker process', () => {
  test('gets its certificate and its database from a master, registers, and reports', async () => {
    const dc = await datacenter();
    const { worker, running } = await startOne([dc.endpoint]);
    await worker.listening;
    expect(worker.id).toMatch(/^[A-Za-z0-9]{20}$/);
    await expect.poll(() => dc.workers.has(worker.id)).toBe(true);
    dc.instructions.set(worker.id, instructions([task('a', 'send-shard')]));
    await expect.poll(running).toBe(1);
    await expect.poll(() => dc.reports.length).toBeGreaterThan(0);
    expect(dc.reports[0]).toMatchObject({ term: 3, shards: [{ taskId: 'a' }] });
    await worker.stop();
    expect(running()).toBe(0);
    expect(dc.workers.has(worker.id)).toBe(false);
  });

  test('goes to the next master when one is dead', async () => {
    const dc = await datacenter();
    const { worker } = await startOne([`https://127.0.0.1:${await freePort()}`, dc.endpoint]);
    await worker.listening;
    await expect.poll(() => dc.workers.has(worker.id)).toBe(true);
  });

  test('can be stopped while it still waits for its masters', async () => {
    const { worker } = await startOne([`https://127.0.0.1:${await freePort()}`]);
    await worker.stop();
    await expect(worker.listening).rejects.toThrow('ended');
  });

  test('says plainly that it does not know the message queue of its masters', async () => {
    const dc = await datacenter('kafka');
    const { worker } = await startOne([dc.endpoint]);
    await expect(worker.ended).rejects.toThrow("message queue 'kafka'");
  });

  test('does not trust masters of another CA', async () => {
    const dc = await datacenter();
    const other = createCa({ commonName: 'another CA', validForMs: 3_600_000 });
    const { worker } = await startOne([dc.endpoint], { masterCa: other.certificate });
    await expect(Promise.race([worker.listening.then(() => 'listens'), waitForCall(dc.calls)])).resolves.toBe(
      'no call',
    );
  });

  test('tells what it is and how it is to those who may know', async () => {
    const dc = await datacenter();
    const { worker, endpoint } = await startOne([dc.endpoint]);
    await worker.listening;
    await expect.poll(() => dc.workers.has(worker.id)).toBe(true);
    const secret = `bearer ${dc.operatorToken()}`;
    expect(await get(`${endpoint}/_api/version`)).toMatchObject({ status: 401 });
    for (const token of ['Bearer watch', secret]) {
      expect(await get(`${endpoint}/_api/version`, token)).toEqual({
        status: 200,
        text: '{"version":"1.2.3","build":"abc"}',
      });
      expect((await get(`${endpoint}/metrics`, token)).text).toContain('arangosync_worker_registered 1');
      expect((await get(`${endpoint}/metrics.json`, token)).text).toContain('"arangosync_worker_links"');
    }
    expect(await get(`${endpoint}/_api/role`, secret)).toEqual({ status: 200, text: '{"role":"worker"}' });
    await expect.poll(async () => (await get(`${endpoint}/_api/health`, secret)).status).toBe(200);
    expect((await get(`${endpoint}/nothing`, secret)).status).toBe(404);
    const queue = `bearer ${dc.tokens.issue('target')}`;
    expect((await get(`${endpoint}/_api/version`, queue)).status).toBe(401);
  });
});

describe('two workers of two datacenters', () => {
  test('exchange frames and controls through the master of the source', async () => {
    const source = await datacenter();
    const target = await datacenter();
    const sending = await startOne([source.endpoint]);
    const receiving = await startOne([target.endpoint]);
    await expect.poll(() => source.workers.size + target.workers.size).toBe(2);
    source.instructions.set(sending.worker.id, instructions([task('s', 'send-shard')]));
    source.setRoutes({ 'data-s': { workerId: sending.worker.id } });
    const { incoming, ...rest } = instructions([task('r', 'receive-shard')], { epoch: 'E1', deploymentId: 'target' });
    if (incoming === undefined) throw new Error('no incoming');
    const remote = {
      endpoints: [source.endpoint],
      caCertificate: ca.certificate,
      token: source.tokens.issue('target'),
    };
    target.instructions.set(receiving.worker.id, { ...rest, incoming: { ...incoming, remote } });
    await expect.poll(() => receiving.seen.instructions?.tasks[0]?.id).toBe('r');
    const { connections } = receiving.seen;
    if (connections === undefined) throw new Error('no target engine');
    const routes = await connections.routes();
    expect([...routes]).toEqual([['data-s', sending.worker.id]]);
    const receiver = await connections.connect(sending.worker.id);
    await expect.poll(() => sending.links.length).toBe(1);
    const [sender] = sending.links;
    if (sender === undefined) throw new Error('no link');
    expect(sender.targetId).toBe('target');
    sender.push(frame(1));
    expect((await take(receiver.frames, 1)).map(seqOf)).toEqual([1]);
    receiver.send(ack(1));
    expect(await take(sender.controls, 1)).toEqual([ack(1)]);
    const lost = connections.connect('nobody').catch((error: Error) => error.message);
    expect(await lost).toContain('not registered');
    // The source worker ends: its link does too, and the target learns it.
    await sending.worker.stop();
    await expect.poll(() => sender.closed.aborted).toBe(true);
  });
});

/** Resolves when a connection attempt had its chance and no call came through. */
async function waitForCall(calls: readonly string[]): Promise<string> {
  await expect
    .poll(() => calls.length, { timeout: 600 })
    .toBeGreaterThan(0)
    .catch(() => undefined);
  return calls.length === 0 ? 'no call' : 'a call';
}
