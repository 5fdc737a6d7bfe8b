import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Hono } from 'hono';
import { signJwt, verifyJwt } from '../../../src/adapters/http/jwt.ts';
import { createQueueDoors } from '../../../src/adapters/mq/direct/doors.ts';
import { QueueTokens } from '../../../src/adapters/mq/token.ts';
import { issueCertificate, type SignedCertificate } from '../../../src/adapters/tls/index.ts';
import { type WorkerInstructions, WorkerRegistration, WorkerReport } from '../../../src/wire/worker.ts';
import { serveHttps } from '../../adapters/mq/support/https-app.ts';

export const SECRET = 'master secret';
const LEASE_NS = 15_000_000_000;
const POLL_MS = 20;

/** As much of a single server as a worker asks before its engines start. */
async function startDatabase() {
  const answers: Readonly<Record<string, unknown>> = {
    '/_admin/server/role': { role: 'SINGLE', mode: 'default' },
    '/_api/wal/lastTick': { tick: '1', server: { serverId: 'deployment', version: '3.12.10' } },
  };
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/^\/_db\/_system/, '').replace(/\?.*/, '');
    const answer = answers[path];
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { error: true, code: 404, errorNum: 404, errorMessage: path }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One master over real HTTPS and the database it knows: registers workers, hands out instructions, opens queue doors. */
export async function startFakeDatacenter(ca: SignedCertificate, mqType: 'direct' | 'kafka' = 'direct') {
  const issue = (host: string) =>
    issueCertificate({ ca, kind: 'server', hosts: [host], commonName: 'test', validForMs: 3_600_000 });
  const database = await startDatabase();
  const workers = new Map<string, string>();
  const instructions = new Map<string, WorkerInstructions>();
  const reports: WorkerReport[] = [];
  const calls: string[] = [];
  const tokens = new QueueTokens(SECRET);
  let routes: Record<string, { workerId: string }> = {};
  const doors = createQueueDoors({
    tokens,
    isTarget: (id) => id === 'target',
    routes: () => ({ version: JSON.stringify(routes), routes }),
    workerEndpoint: (id) => workers.get(id),
    workerCaCertificate: () => ca.certificate,
  });
  const app = new Hono();
  app.route('/_api/mq/direct', doors.app);
  app.use(async (c, next) => {
    calls.push(`${c.req.method} ${c.req.path}`);
    const token = (c.req.header('authorization') ?? '').replace(/^bearer /i, '');
    if (verifyJwt(token, SECRET, Date.now()) === undefined) return c.json({ error: 'unauthorized' }, 401);
    return next();
  });
  app.post('/_api/worker/configure', async (c) => {
    const { endpoint } = (await c.req.json()) as { endpoint: string };
    return c.json({
      cluster: { endpoints: [database.endpoint], token: 'a token' },
      httpServer: issue(new URL(endpoint).hostname),
      mq: { type: mqType },
    });
  });
  app.put('/_api/worker', async (c) => {
    const { id = '', endpoint } = WorkerRegistration.parse(await c.req.json());
    workers.set(id, endpoint);
    return c.json({
      id,
      endpoint,
      expiresAt: new Date().toISOString(),
      serverID: 1,
      messageTimeout: 3_600_000_000_000,
      expiresDuration: LEASE_NS,
      clusterToken: 'a token',
    });
  });
  app.get('/_api/worker/:id/tasks', async (c) => {
    const { id } = c.req.param();
    const endMs = Date.now() + Number(c.req.query('wait')) / 1_000_000;
    while (workers.has(id) && instructions.get(id)?.version === c.req.query('after') && Date.now() < endMs) {
      if (c.req.raw.signal.aborted) break;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const current = instructions.get(id) ?? { term: 1, version: 'none', deploymentId: 'own', tasks: [] };
    return workers.has(id) ? c.json(current) : c.json({ error: 'no such worker' }, 404);
  });
  app.put('/_api/worker/:id/report', async (c) => {
    reports.push(WorkerReport.parse(await c.req.json()));
    return c.json({});
  });
  app.delete('/_api/worker/:id', (c) => {
    workers.delete(c.req.param('id'));
    return c.json({});
  });
  const master = await serveHttps(app, issue('127.0.0.1'));
  return {
    endpoint: master.endpoint,
    tokens,
    workers,
    instructions,
    reports,
    calls,
    setRoutes: (next: Record<string, { workerId: string }>) => {
      routes = next;
    },
    operatorToken: () => signJwt({ iss: 'arangosync', server_id: 'operator' }, SECRET),
    close: async () => {
      await master.close();
      await doors.close();
      await database.close();
    },
  };
}
