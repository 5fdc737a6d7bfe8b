import { type ChildProcess, fork } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../src/adapters/embedded/free-ports.ts';
import { type EmbeddedDeployment, startEmbedded } from '../../src/adapters/embedded/index.ts';
import { EndpointClient } from '../../src/adapters/http/endpoint-client.ts';
import { signJwt } from '../../src/adapters/http/jwt.ts';
import { createLogger } from '../../src/adapters/logging/logger.ts';
import { type MasterProcess, type MasterProcessOptions, startMaster } from '../../src/adapters/master-process.ts';
import { patientClock } from '../support/patient-clock.ts';
import { client, clientCa, keyfile, tlsCa } from './support/certificates.ts';
import { steadyLeases } from './support/steady-leases.ts';
import { until } from './support/until.ts';

const jwtSecret = 'cluster secret';
const masterSecret = 'the secret of the masters';
const authentication = {
  clientCertificate: client.certificate,
  clientKey: client.key,
  caCertificate: tlsCa.certificate,
};
const token = () => `bearer ${signJwt({ server_id: 'test' }, masterSecret)}`;
const root = () => `Basic ${Buffer.from('root:pass').toString('base64')}`;

let source: EmbeddedDeployment;
let target: EmbeddedDeployment;
const running: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  const auth = { jwtSecret, rootPassword: 'pass' };
  [source, target] = await Promise.all([
    startEmbedded({ mode: 'cluster', auth }),
    startEmbedded({ mode: 'cluster', auth }),
  ]);
});

afterAll(async () => {
  await Promise.all([source.stop(), target.stop()]);
});

afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each.stop();
});

function optionsFor(database: EmbeddedDeployment): Omit<MasterProcessOptions, 'log'> {
  return {
    clusterEndpoints: database.endpoints,
    clusterJwtSecret: jwtSecret,
    host: '127.0.0.1',
    port: 0,
    keyfile,
    clientCa: clientCa.certificate,
    masterSecret,
    masterCa: tlsCa.certificate,
    mqType: 'direct',
    version: { version: '0.1.0', build: 'test' },
  };
}

async function start(
  database: EmbeddedDeployment,
  overrides: Partial<MasterProcessOptions> = {},
): Promise<MasterProcess> {
  const log = createLogger({ level: 'silent', role: 'master' });
  const started = await startMaster({ ...optionsFor(database), log, times: steadyLeases, ...overrides });
  running.push(started);
  return started;
}

/** A master in a process of its own. */
async function startChild(database: EmbeddedDeployment): Promise<{ child: ChildProcess; id: string; port: number }> {
  const script = new URL('./support/master-child.ts', import.meta.url);
  const child = fork(script, [JSON.stringify(optionsFor(database))]);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  running.push({
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  });
  const { id, port } = await new Promise<{ id: string; port: number }>((resolve, reject) => {
    child.once('message', (message) => resolve(message as { id: string; port: number }));
    void exited.then(() => reject(new Error('the master ended before it listened')));
  });
  return { child, id, port };
}

function asking(ports: readonly number[], authorization: () => string) {
  const made = new EndpointClient({
    endpoints: ports.map((port) => `https://127.0.0.1:${port}`),
    ca: tlsCa.certificate,
    authorization,
  });
  running.push({ stop: () => made.close() });
  return async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) => {
    const answer = await made.request({ method, path, body, timeoutMs: 30_000 });
    return { status: answer.status, body: JSON.parse(answer.text) };
  };
}

async function modeOf(database: EmbeddedDeployment): Promise<string> {
  const headers = { authorization: `bearer ${database.superuserToken()}` };
  const answer = await fetch(`${database.endpoints[0]}/_admin/server/mode`, { headers });
  return ((await answer.json()) as { mode: string }).mode;
}

describe('masters on an embedded cluster', () => {
  it('take over within five seconds when the leader is killed', async () => {
    const killed = await startChild(target);
    const first = asking([killed.port], token);
    await until('the first leads', async () => {
      const answer = await first('GET', '/_api/masters').catch(() => undefined);
      return answer?.body.masters.some(({ leader }: { leader: boolean }) => leader);
    });
    const second = await start(target, { times: {} });
    await until('the second follows', () => second.master.state.masters.has(second.id));
    expect(second.master.state.leadership.leader?.masterId).toBe(killed.id);
    killed.child.kill('SIGKILL');
    const killedAt = patientClock.monotonicMs();
    await until('the second leads', () => second.master.leads);
    expect(patientClock.monotonicMs() - killedAt).toBeLessThan(5_000);
    const ask = asking([second.port], token);
    await until('the dead one is left out', async () => {
      const { body } = await ask('GET', '/_api/endpoints');
      return body.endpoints.length === 1 && body.endpoints[0] === `https://127.0.0.1:${second.port}`;
    });
  });

  it('follow a source, admit users while the target is read-only, refuse another source, and stop', async () => {
    const [a, b] = [await start(source), await start(target)];
    await until('both lead', () => a.master.leads && b.master.leads);
    const ask = asking([b.port], root);
    const request = { source: [`https://127.0.0.1:${a.port}`], authentication };
    expect(await ask('POST', '/_api/sync', request)).toEqual({ status: 200, body: {} });
    await until('read-only', async () => (await modeOf(target)) === 'readonly');
    await until('tasks', () => b.master.state.tasks.size === 1 && a.master.state.tasks.size === 1);
    expect(await ask('POST', '/_api/sync', request)).toEqual({ status: 200, body: {} });
    expect(b.master.state.tasks.size).toBe(1);
    const other = { ...request, source: ['https://127.0.0.1:1'] };
    expect((await ask('POST', '/_api/sync', other)).status).toBe(412);
    const { body } = await ask('GET', '/_api/sync/shards');
    expect(body.datacenters.map(({ id }: { id: string }) => id)).toEqual([
      b.master.state.synchronization.identity?.deploymentId,
      [...a.master.state.outgoing.keys()][0],
    ]);
    const listed = body.datacenters[0].databases._system;
    expect(Object.keys(listed.collections)).toContain('_graphs');
    expect(Object.keys(listed.excluded_collections)).toEqual(expect.arrayContaining(['_users', '_analyzers']));
    const stopped = await ask('DELETE', '/_api/sync', { wait_timeout: 20_000_000_000 });
    expect([stopped.status, stopped.body.cancelling]).toEqual([200, false]);
    expect(await modeOf(target)).toBe('default');
    expect(a.master.state.outgoing.size).toBe(0);
  });

  it('give equal checksums for equal shards of two clusters, taken on their leaders', async () => {
    const [a, b] = [await start(source), await start(target)];
    await until('both lead', () => a.master.leads && b.master.leads);
    const ask = asking([b.port], root);
    await ask('POST', '/_api/sync', { source: [`https://127.0.0.1:${a.port}`], authentication });
    await until('identified', () => b.master.state.synchronization.identity !== null);
    const shards = [{ database: '_system', collection: '_graphs', shardIndex: 0 }];
    const { body } = await ask('POST', '/_api/sync/checksums', { shards });
    expect(body.results).toEqual([{ shard: shards[0], checksums: ['0:0', '0:0'] }]);
    await ask('DELETE', '/_api/sync', { wait_timeout: 20_000_000_000 });
  });

  it('S1: fail when another deployment answers under the address of the source', async () => {
    const port = await freePort();
    const first = await startEmbedded({ mode: 'single', auth: { jwtSecret, rootPassword: 'pass' } });
    const log = createLogger({ level: 'silent', role: 'master' });
    const a = await startMaster({ ...optionsFor(first), port, log, times: steadyLeases });
    const b = await start(target);
    await until('both lead', () => a.master.leads && b.master.leads);
    const ask = asking([b.port], token);
    await ask('POST', '/_api/sync', { source: [`https://127.0.0.1:${port}`], authentication });
    await until('followed', () => b.master.state.tasks.size === 1);
    await a.stop();
    await first.stop();
    const empty = await startEmbedded({ mode: 'single', auth: { jwtSecret, rootPassword: 'pass' } });
    running.push(empty);
    await start(empty, { port });
    await until('failed', () => b.master.state.synchronization.phase === 'failed');
    await until('nothing can write', () => b.master.state.tasks.size === 0);
    const { body } = await ask('GET', '/_api/sync');
    expect([body.status, body.status_message]).toEqual(['failed', expect.stringContaining('configure')]);
    const aborted = await ask('DELETE', '/_api/sync', {
      force: true,
      force_timeout: 1_000_000_000,
      wait_timeout: 20_000_000_000,
    });
    expect(aborted.status).toBe(200);
  });
});
