import { Agent, request as httpsRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectMasters } from '../../cli/master-client.ts';
import { freePort } from '../../src/adapters/embedded/free-ports.ts';
import { EndpointClient } from '../../src/adapters/http/endpoint-client.ts';
import { signJwt } from '../../src/adapters/http/jwt.ts';
import { createLogger } from '../../src/adapters/logging/logger.ts';
import { type MasterProcess, startMaster } from '../../src/adapters/master-process.ts';
import { client, clientCa, forged, keyfile, tlsCa } from './support/certificates.ts';
import { fastTimes } from './support/datacenter.ts';
import { FakeServer } from './support/fake-deployment.ts';
import { type HttpFront, serveFake } from './support/http-front.ts';
import { steadyLeases } from './support/steady-leases.ts';
import { until } from './support/until.ts';

const secret = 'the secret of the masters';
const authorization = `bearer ${signJwt({ server_id: 'test' }, secret)}`;
const basic = `Basic ${Buffer.from('root:x').toString('base64')}`;
const log = createLogger({ level: 'silent', role: 'master' });

let processes: MasterProcess[];
let clients: EndpointClient[];
let fronts: HttpFront[];

beforeEach(() => {
  [processes, clients, fronts] = [[], [], []];
});

afterEach(async () => {
  await Promise.all(clients.map((each) => each.close()));
  await Promise.all(processes.map((each) => each.stop()));
  await Promise.all(fronts.map((each) => each.close()));
});

async function database(id: string): Promise<HttpFront> {
  const front = await serveFake(new FakeServer(), id);
  fronts.push(front);
  return front;
}

async function start(
  front: HttpFront,
  overrides: Partial<Parameters<typeof startMaster>[0]> = {},
): Promise<MasterProcess> {
  const started = await startMaster({
    clusterEndpoints: [front.endpoint],
    clusterJwtSecret: 'cluster secret',
    host: '127.0.0.1',
    port: 0,
    keyfile,
    clientCa: clientCa.certificate,
    masterSecret: secret,
    masterCa: tlsCa.certificate,
    mqType: 'direct',
    monitoringToken: 'watch',
    log,
    version: { version: '0.1.0', build: 'test' },
    times: { ...fastTimes, ...steadyLeases },
    ...overrides,
  });
  processes.push(started);
  return started;
}

function connect(to: readonly MasterProcess[], options: Partial<ConstructorParameters<typeof EndpointClient>[0]> = {}) {
  const endpoints = to.map(({ port }) => `https://127.0.0.1:${port}`);
  const made = new EndpointClient({ endpoints, ca: tlsCa.certificate, ...options });
  clients.push(made);
  return {
    ask: async (
      method: 'GET' | 'POST' | 'PUT' | 'DELETE',
      path: string,
      body?: unknown,
      headers?: Record<string, string>,
    ) => {
      const answer = await made.request({
        method,
        path,
        body,
        timeoutMs: 20_000,
        ...(headers === undefined ? {} : { headers }),
      });
      return { status: answer.status, body: JSON.parse(answer.text) };
    },
  };
}

describe('a master process', () => {
  it('recognises a client certificate of its CA over TLS, and none of another CA', async () => {
    const master = await start(await database('AAA'));
    await until('it leads', () => master.master.leads);
    const good = connect([master], { certificate: client.certificate, key: client.key });
    expect((await good.ask('GET', '/_api/masters')).status).toBe(200);
    const bad = connect([master], { certificate: forged.certificate, key: forged.key });
    expect((await bad.ask('GET', '/_api/masters')).status).toBe(401);
    const nobody = connect([master]);
    expect((await nobody.ask('GET', '/_api/masters')).status).toBe(401);
    const user = connect([master], { authorization: () => basic });
    expect((await user.ask('GET', '/_api/masters')).status).toBe(200);
  });

  it('recognises a client certificate, or its lack, on a resumed TLS session as on a new one', async () => {
    const master = await start(await database('AAA'));
    await until('it leads', () => master.master.leads);
    const statuses = async (certificate?: { certificate: string; key: string }) => {
      const shown = certificate === undefined ? {} : { cert: certificate.certificate, key: certificate.key };
      const agent = new Agent({ ca: tlsCa.certificate, keepAlive: false, ...shown });
      const answers = [await get(agent, master.port), await get(agent, master.port)];
      agent.destroy();
      return answers;
    };
    expect(await statuses(client)).toEqual([
      { status: 200, resumed: false },
      { status: 200, resumed: true },
    ]);
    for (const stranger of [forged, undefined]) {
      expect(await statuses(stranger)).toEqual([
        { status: 401, resumed: false },
        { status: 401, resumed: true },
      ]);
    }
  });

  it('passes commands on to the leader with the caller’s identity (S23), and says 503 when it may not', async () => {
    const front = await database('AAA');
    const first = await start(front);
    await until('the first leads', () => first.master.leads);
    const second = await start(front);
    await until('the second follows', () => second.master.state.masters.size === 2);
    const user = connect([second], { authorization: () => basic });
    expect((await user.ask('PUT', '/_api/message-timeout', { messageTimeout: 60_000_000_000 })).status).toBe(200);
    expect(first.master.state.audit.at(-1)?.cause).toBe('set-message-timeout by user root');
    const refused = user.ask(
      'PUT',
      '/_api/message-timeout',
      { messageTimeout: 1_000_000 },
      {
        'x-allow-forward-to-leader': 'false',
      },
    );
    await expect(refused).rejects.toThrow('503');
    const own = connect([second], { certificate: client.certificate, key: client.key });
    const registration = { id: 'BBB', target: ['https://b:8629'], channels: { inventory: 'i' } };
    expect((await own.ask('POST', '/_api/sync/outgoing', registration)).status).toBe(200);
    const fingerprint = first.master.state.outgoing.get('BBB')?.fingerprint;
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  it('elects, follows and answers reads when masters cannot reach each other, and takes commands where the leader is', async () => {
    const front = await database('AAA');
    // Nobody listens on port 1: each is known to the others by an endpoint that leads nowhere.
    const first = await start(front, { endpoint: 'https://127.0.0.1:1' });
    await until('the first leads', () => first.master.leads);
    const second = await start(front, { endpoint: 'https://127.0.0.1:1/' });
    await until('both know each other', () => [first, second].every(({ master }) => master.state.masters.size === 2));
    const timeout = { messageTimeout: 60_000_000_000 };
    const follower = connect([second], { authorization: () => basic });
    await expect(follower.ask('PUT', '/_api/message-timeout', timeout)).rejects.toThrow('503');
    const both = [second, first].map(({ port }) => `https://127.0.0.1:${port}`);
    const masters = connectMasters(
      {
        endpoints: both,
        caCertificate: tlsCa.certificate,
        jwtSecret: secret,
        keyfile: undefined,
        user: undefined,
        password: undefined,
      },
      () => {},
    );
    await masters.tell({ method: 'PUT', path: '/_api/message-timeout', body: timeout });
    await masters.close();
    expect(await follower.ask('GET', '/_api/message-timeout')).toEqual({ status: 200, body: timeout });
    await first.stop();
    await until('the second leads', () => second.master.leads);
    expect((await follower.ask('PUT', '/_api/message-timeout', timeout)).status).toBe(200);
  });

  it('hands large bodies and long answers through a follower', async () => {
    const front = await database('AAA');
    const first = await start(front);
    await until('the first leads', () => first.master.leads);
    const second = await start(front);
    const peer = connect([second], { certificate: client.certificate, key: client.key });
    await peer.ask('POST', '/_api/sync/outgoing', {
      id: 'BBB',
      target: ['https://b:8629'],
      channels: { inventory: 'i' },
    });
    const shards = Array.from({ length: 20_000 }, (_, shardIndex) => ({
      shard: { database: 'd', collection: 'c'.repeat(100), shardIndex },
      channels: { data: `data-${shardIndex}`, control: `control-${shardIndex}` },
    }));
    expect((await peer.ask('PUT', '/_api/sync/outgoing/BBB/shards', { version: '1', shards })).status).toBe(200);
    const operator = connect([second], { authorization: () => authorization });
    const { body } = await operator.ask('GET', '/_api/sync');
    expect(body.outgoing[0].shards).toHaveLength(20_000);
  });

  it('takes over when the leader is gone, while a worker goes on through the other master', async () => {
    const front = await database('AAA');
    const first = await start(front);
    await until('the first leads', () => first.master.leads);
    const second = await start(front);
    await until('the second follows', () => second.master.state.masters.size === 2);
    const worker = connect([first, second], { authorization: () => authorization });
    expect((await worker.ask('PUT', '/_api/worker', { id: 'w1', endpoint: 'https://w1:8729' })).status).toBe(200);
    await first.stop();
    const timeout = { messageTimeout: 60_000_000_000 };
    expect((await worker.ask('PUT', '/_api/message-timeout', timeout)).status).toBe(200);
    expect(second.master.state.settings.messageTimeoutMs).toBe(60_000);
    const { status, body } = await worker.ask('GET', '/_api/worker/w1/tasks');
    expect([status, body.term]).toEqual([200, 2]);
  });

  it('follows a source over TLS, with a token and tasks on both sides', async () => {
    const a = await start(await database('AAA'));
    const b = await start(await database('BBB'));
    await until('both lead', () => a.master.leads && b.master.leads);
    const operator = connect([b], { authorization: () => basic });
    const configured = await operator.ask('POST', '/_api/sync', {
      source: [`https://127.0.0.1:${a.port}`],
      authentication: {
        clientCertificate: client.certificate,
        clientKey: client.key,
        caCertificate: tlsCa.certificate,
      },
    });
    expect(configured).toEqual({ status: 200, body: {} });
    const types = (process: MasterProcess) => [...process.master.state.tasks.values()].map(({ type }) => type);
    await until('tasks on both sides', () => types(a).length === 1 && types(b).length === 1);
    expect([types(a), types(b)]).toEqual([['send-inventory'], ['receive-inventory']]);
    expect((await operator.ask('DELETE', '/_api/sync', { wait_timeout: 15_000_000_000 })).body).toMatchObject({
      cancelling: false,
    });
    await until('the source forgot', () => a.master.state.outgoing.size === 0 && types(a).length === 0);
  });

  it('listens before its database is there, and is not healthy then', async () => {
    const front = await database('AAA');
    const unreachable = { endpoint: front.endpoint.replace(/\d+$/, '1'), close: async () => undefined };
    const giveUp = new AbortController();
    const port = await freePort();
    const starting = startMaster(
      {
        clusterEndpoints: [unreachable.endpoint],
        clusterJwtSecret: '',
        host: '127.0.0.1',
        port,
        keyfile,
        masterSecret: secret,
        mqType: 'direct',
        log,
        version: { version: '0.1.0', build: 'test' },
      },
      giveUp.signal,
    );
    starting.catch(() => undefined);
    const user = connect([{ port } as MasterProcess], { authorization: () => authorization });
    const byPassword = connect([{ port } as MasterProcess], { authorization: () => basic });
    const version = await until('it listens', () => user.ask('GET', '/_api/version').catch(() => undefined));
    expect(version.body).toEqual({ version: '0.1.0', build: 'test' });
    await expect(user.ask('GET', '/_api/health')).rejects.toThrow('starting');
    // Nobody's password is called wrong before the database was asked.
    await expect(byPassword.ask('GET', '/_api/version')).rejects.toThrow('503 users cannot be checked yet');
    giveUp.abort(new Error('enough'));
    await expect(starting).rejects.toThrow('enough');
  });

  it('refuses what it cannot do with a plain message', async () => {
    const front = await database('AAA');
    await expect(start(front, { mqType: 'kafka' })).rejects.toThrow('--mq.type=kafka is not available yet');
    await expect(start(front, { masterSecret: '' })).rejects.toThrow('--master.jwtSecret');
    const running = await start(front);
    await expect(start(front, { port: running.port })).rejects.toThrow(`cannot listen on 127.0.0.1:${running.port}`);
  });
});

/** `GET /_api/masters` on a connection of its own, with the TLS session of the one before if there was one. */
function get(agent: Agent, port: number): Promise<{ status: number | undefined; resumed: boolean }> {
  return new Promise((resolve, reject) => {
    const asked = httpsRequest({ host: '127.0.0.1', port, path: '/_api/masters', agent }, (answer) => {
      const resumed = (answer.socket as TLSSocket).isSessionReused();
      answer.resume().once('close', () => resolve({ status: answer.statusCode, resumed }));
    });
    asked.once('error', reject).end();
  });
}
