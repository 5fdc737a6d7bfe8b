import { Validator } from '@seriousme/openapi-schema-validator';
import { Hono } from 'hono';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Answered, App } from '../../src/adapters/http/app.ts';
import { Authentication } from '../../src/adapters/http/authentication.ts';
import { signJwt } from '../../src/adapters/http/jwt.ts';
import { createMasterApp } from '../../src/adapters/http/master-app.ts';
import { masterOperations } from '../../src/adapters/http/openapi/operations.ts';
import { createMasterMetrics, observeMaster } from '../../src/adapters/metrics/master-metrics.ts';
import type { Master } from '../../src/master/master.ts';
import { MasterList, WorkerList } from '../../src/wire/cluster-members.ts';
import { SyncInfo } from '../../src/wire/sync-info.ts';
import { TaskList } from '../../src/wire/task-info.ts';
import { WorkerConfiguration, WorkerInstructions, WorkerRegistered } from '../../src/wire/worker.ts';
import { Conformance, type OpenApi } from '../adapters/http/support/conformance.ts';
import { credentials, Datacenter, fastTimes, secret } from './support/datacenter.ts';
import { steadyLeases } from './support/steady-leases.ts';
import { until } from './support/until.ts';

const internal = { authorization: `bearer ${signJwt({ iss: 'arangosync', server_id: 'w1' }, secret)}` };
const operator = { authorization: `Basic ${Buffer.from('root:x').toString('base64')}` };
const monitoring = { authorization: 'Bearer watch' };
const configure = JSON.stringify({ source: ['https://a1:8629'], authentication: credentials });

const times = { ...fastTimes, ...steadyLeases };

let datacenter: Datacenter;
let source: Datacenter;
let master: Master;
let app: App;
let answered: Answered[];
let unexpected: unknown[];
let conformance: Conformance;

beforeEach(async () => {
  datacenter = await Datacenter.open('AAA');
  source = await Datacenter.open('SSS');
  datacenter.source = source;
  await source.startMaster('s1', undefined, { times });
  await source.leader();
  master = await datacenter.startMaster('m1', undefined, { times });
  await until('it leads', () => master.leads);
  answered = [];
  unexpected = [];
  const registry = new Registry();
  createMasterMetrics(registry).workerRegistered();
  observeMaster(registry, master);
  app = createMasterApp(master, {
    authentication: new Authentication({ jwtSecret: secret, monitoringToken: 'watch', checkUser: async () => 'admin' }),
    onUnexpected: (error) => unexpected.push(error),
    onAnswered: (answer) => answered.push(answer),
    version: { version: '0.1.0', build: 'abc' },
    registry,
    queueDoors: new Hono().get('/routes', (context) => context.json({ door: true })),
  });
  const described = await app.request('/_api/openapi.json', { headers: operator });
  conformance = new Conformance((await described.json()) as OpenApi);
  answered.length = 0;
});

afterEach(async () => {
  await datacenter.stop();
  expect(unexpected).toEqual([]);
});

async function ask(method: string, path: string, headers: Record<string, string>, body?: string) {
  const answer = await app.request(path, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await answer.text();
  const contentType = answer.headers.get('content-type') ?? '';
  const sent = body === undefined ? {} : { requestBody: body };
  conformance.check({ method, path, status: answer.status, contentType, text, ...sent });
  return { status: answer.status, body: text.startsWith('{') ? JSON.parse(text) : text };
}

describe('what a master is', () => {
  it('tells version, role and health, the version also to the monitoring token', async () => {
    expect(await ask('GET', '/_api/version', monitoring)).toEqual({
      status: 200,
      body: { version: '0.1.0', build: 'abc' },
    });
    expect(await ask('GET', '/_api/role', operator)).toEqual({ status: 200, body: { role: 'master' } });
    expect(await ask('GET', '/_api/health', operator)).toEqual({ status: 200, body: {} });
  });

  it('tells nothing to nobody', async () => {
    for (const path of ['/_api/version', '/_api/sync', '/metrics', '/_api/masters']) {
      expect((await ask('GET', path, {})).status).toBe(401);
    }
  });

  it('lists masters, endpoints and the leader', async () => {
    const { body } = await ask('GET', '/_api/masters', operator);
    expect(MasterList.parse(body).masters).toEqual([{ id: 'm1', endpoint: 'https://m1:8629', leader: true }]);
    expect((await ask('GET', '/_api/endpoints', operator)).body).toEqual({ endpoints: ['https://m1.public:8629'] });
    expect((await ask('GET', '/_api/leader/endpoint', operator)).body).toEqual({ endpoints: ['https://m1:8629'] });
  });

  it('serves metrics under the names of the original, as text and as JSON', async () => {
    const text = (await ask('GET', '/metrics', monitoring)).body;
    expect(text).toContain('# TYPE arangosync_master_worker_registrations counter\n');
    expect(text).toContain('arangosync_master_worker_registrations 1\n');
    expect(text).toContain('arangosync_master_worker_storage{kind="",op="save",result="success"} 0\n');
    expect(text).toContain('arangosync_master_leads 1\n');
    const { body } = await ask('GET', '/metrics.json', monitoring);
    expect(body.arangosync_master_worker_registrations).toEqual({
      help: 'Total number of registrations',
      type: 'counter',
      samples: [{ value: 1 }],
    });
  });
});

describe('operators', () => {
  it('see an inactive synchronization as clients expect it', async () => {
    const { status, body } = await ask('GET', '/_api/sync?details=', operator);
    expect(status).toBe(200);
    expect(SyncInfo.parse(body)).toEqual({ source: [], status: 'inactive', shardsCount: 0, totalShardsCount: 0 });
    expect(body).not.toHaveProperty('outgoing');
  });

  it('configure with a body without Content-Type, and again', async () => {
    expect(await ask('POST', '/_api/sync', operator, configure)).toEqual({ status: 200, body: {} });
    expect(await ask('POST', '/_api/sync', operator, configure)).toEqual({ status: 200, body: {} });
    expect((await ask('GET', '/_api/sync', operator)).body).toMatchObject({
      source: ['https://a1:8629'],
      status: 'initializing',
    });
  });

  it('are told with 400 what a configuration lacks', async () => {
    const without = (field: string) =>
      JSON.stringify({ source: ['https://a1:8629'], authentication: { ...credentials, [field]: undefined } });
    for (const field of ['clientCertificate', 'clientKey', 'caCertificate']) {
      const { status, body } = await ask('POST', '/_api/sync', operator, without(field));
      expect([status, body.error]).toEqual([400, expect.stringContaining(field)]);
    }
    const bad = JSON.stringify({ source: ['not a url'], authentication: credentials });
    expect((await ask('POST', '/_api/sync', operator, bad)).status).toBe(400);
    const none = JSON.stringify({ source: [], authentication: credentials });
    expect((await ask('POST', '/_api/sync', operator, none)).status).toBe(400);
  });

  it('get 412 for another source while one is active', async () => {
    await ask('POST', '/_api/sync', operator, configure);
    const other = JSON.stringify({ source: ['https://z:8629'], authentication: credentials });
    const { status, body } = await ask('POST', '/_api/sync', operator, other);
    expect([status, body.error]).toEqual([412, expect.stringContaining('https://a1:8629')]);
  });

  it('set and read the message timeout in nanoseconds', async () => {
    expect((await ask('GET', '/_api/message-timeout', operator)).body).toEqual({ messageTimeout: 3_600_000_000_000 });
    const set = await ask('PUT', '/_api/message-timeout', operator, '{"messageTimeout":900000000000}');
    expect(set).toEqual({ status: 200, body: {} });
    expect((await ask('GET', '/_api/message-timeout', operator)).body).toEqual({ messageTimeout: 900_000_000_000 });
    expect((await ask('PUT', '/_api/message-timeout', operator, '{"messageTimeout":0}')).status).toBe(400);
  });

  it('stop what is not there with 200', async () => {
    expect((await ask('DELETE', '/_api/sync', operator, '{"source_server_mode":""}')).status).toBe(200);
  });

  it('list tasks, and get 404 for an unknown one', async () => {
    expect(TaskList.parse((await ask('GET', '/_api/task', operator)).body)).toEqual({ tasks: [] });
    expect((await ask('GET', '/_api/task/id/nothing', operator)).status).toBe(404);
    expect((await ask('GET', '/_api/task/channel/nothing', operator)).body).toEqual({ tasks: [] });
  });

  it('get 404 with a text for a shard that is not synchronized, and for calls that we do not serve', async () => {
    await ask('POST', '/_api/sync', operator, configure);
    const reset = await ask('PUT', '/_api/sync/database/d/collection/c/shard/0/reset', operator);
    expect([reset.status, reset.body.error]).toEqual([404, expect.stringContaining('d/c')]);
    for (const [method, path] of [
      ['GET', '/_api/channels/prefix'],
      ['POST', '/_api/mq/direct/token/clone'],
      ['PUT', '/_api/sync/multiple/status'],
      ['POST', '/_api/sync/database/d/collection/c/shard/0'],
      ['GET', '/_api/sync/'],
    ] as const) {
      const { status, body } = await ask(method, path, internal);
      expect([status, body.error]).toEqual([404, expect.stringContaining(path)]);
    }
  });
});

describe('workers', () => {
  const registration = JSON.stringify({ id: 'w1', endpoint: 'https://w1.local:8729' });

  it('register, are listed, get instructions, and sign off', async () => {
    const registered = WorkerRegistered.parse((await ask('PUT', '/_api/worker', internal, registration)).body);
    expect(registered).toMatchObject({ id: 'w1', expiresDuration: 10_000_000_000, messageTimeout: 3_600_000_000_000 });
    expect(registered.serverID).toBeGreaterThan(0);
    const { workers } = WorkerList.parse((await ask('GET', '/_api/worker', operator)).body);
    expect(workers).toMatchObject([{ id: 'w1', endpoint: 'https://w1.local:8729' }]);
    expect((await ask('GET', '/_api/worker/w1', operator)).body).toMatchObject({ id: 'w1' });
    const instructions = WorkerInstructions.parse((await ask('GET', '/_api/worker/w1/tasks', internal)).body);
    expect(instructions).toMatchObject({ term: 1, deploymentId: 'AAA', tasks: [] });
    expect((await ask('DELETE', '/_api/worker/w1', internal)).status).toBe(200);
    expect((await ask('GET', '/_api/worker/w1/tasks', internal)).status).toBe(404);
    expect((await ask('GET', '/_api/worker/w1', operator)).status).toBe(404);
  });

  it('get the cluster and a certificate for their endpoint, all from one CA', async () => {
    const body = JSON.stringify({ endpoint: 'https://w1.local:8729' });
    const answers = await Promise.all([1, 2].map(() => ask('POST', '/_api/worker/configure', internal, body)));
    const chains = answers.map(({ body: answer }) => {
      const { cluster, httpServer, mq } = WorkerConfiguration.parse(answer);
      expect(cluster).toEqual({ endpoints: ['http://db:8529'], token: expect.stringMatching(/^token until \d+$/) });
      expect(mq.type).toBe('direct');
      return httpServer.certificate.split(/(?<=-----END CERTIFICATE-----\n)/);
    });
    expect(chains[0]?.[1]).toBe(chains[1]?.[1]);
    expect(chains[0]?.[1]?.trim()).toBe(master.workerAuthority.certificate.trim());
  });

  it('are the only ones who may: operators are refused', async () => {
    expect((await ask('PUT', '/_api/worker', operator, registration)).status).toBe(403);
    const configuration = JSON.stringify({ endpoint: 'https://w1.local:8729' });
    expect((await ask('POST', '/_api/worker/configure', operator, configuration)).status).toBe(403);
    expect((await ask('POST', '/_api/worker/configure', monitoring, configuration)).status).toBe(403);
  });
});

describe('targets', () => {
  const registration = JSON.stringify({
    id: 'BBB',
    target: ['https://b1:8629'],
    channels: { inventory: 'sync_b.inventory' },
  });

  it('register with their certificate and get a token, a head, and the endpoints from outside', async () => {
    const peer = { peer: { subject: 'CN=b', fingerprint: 'f1' } };
    const answer = await app.request('/_api/sync/outgoing', { method: 'POST', body: registration }, peer);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      {
        deploymentId: 'AAA',
        version: '3.12.10',
        head: { position: expect.any(Number), hash: expect.any(String) },
        registered: true,
        seen: 0,
        containsRemembered: true,
        endpoints: ['https://m1.public:8629'],
        token: expect.any(String),
        'token-ttl': 3_600_000_000_000,
      },
    ]);
    const { body } = await ask('GET', '/_api/sync', operator);
    expect(SyncInfo.parse(body).outgoing).toEqual([
      { id: 'BBB', endpoint: ['https://b1:8629'], status: 'initializing', shards: [], shardsCount: 0 },
    ]);
  });

  it('cannot register with a password', async () => {
    expect((await ask('POST', '/_api/sync/outgoing', operator, registration)).status).toBe(403);
    expect((await ask('POST', '/_api/sync/outgoing', internal, registration)).status).toBe(403);
  });

  it('come to the door for messages before any other authentication', async () => {
    expect(await ask('GET', '/_api/mq/direct/routes', {})).toEqual({ status: 200, body: { door: true } });
  });
});

describe('the log of requests', () => {
  it('names the caller, never what it showed', async () => {
    await ask('GET', '/_api/masters', { ...operator, 'x-arangosync-client-id': 'a test' });
    expect(answered).toEqual([
      {
        method: 'GET',
        route: '/_api/masters',
        status: 200,
        durationMs: expect.any(Number),
        caller: 'root',
        clientId: 'a test',
      },
    ]);
  });
});

describe('the description of the calls', () => {
  it('has every call that is served, the door for messages apart', async () => {
    const { body } = await ask('GET', '/_api/openapi.json', operator);
    const described = Object.entries(body.paths as OpenApi['paths']).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replaceAll(/[{](\w+)[}]/g, ':$1')}`),
    );
    const served = app.routes
      .filter(({ path }) => !path.startsWith('/_api/mq/direct'))
      .map(({ method, path }) => `${method} ${path}`);
    expect(described.sort()).toEqual(served.sort());
    const unserved = Object.keys(masterOperations).filter((call) => !served.includes(call));
    expect(unserved).toEqual([]);
  });

  it('is valid OpenAPI 3.1 and names each call once', async () => {
    const { body } = await ask('GET', '/_api/openapi.json', operator);
    expect(await new Validator().validate(structuredClone(body))).toEqual({ valid: true });
    const ids = Object.values(body.paths as OpenApi['paths']).flatMap((operations) =>
      Object.values(operations).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
});
