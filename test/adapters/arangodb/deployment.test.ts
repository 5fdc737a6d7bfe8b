import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type ConnectedDeployment, connectDeployment } from '../../../src/adapters/arangodb/deployment.ts';

const servers: Server[] = [];
const deployments: ConnectedDeployment[] = [];

afterEach(async () => {
  await Promise.all(deployments.splice(0).map((deployment) => deployment.close()));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A server that answers the paths given, 404 otherwise, and tells the authorizations it saw. */
async function serve(answers: Record<string, unknown>, seen: string[] = []): Promise<string> {
  const server = createServer((request, response) => {
    seen.push(String(request.headers.authorization));
    const answer = answers[String(request.url).replace('/_db/_system', '')];
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { error: true, errorNum: 404, errorMessage: 'unknown path', code: 404 }));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function connect(endpoint: string): Promise<ConnectedDeployment> {
  const credentials = { kind: 'secret', jwtSecret: 's' } as const;
  const deployment = await connectDeployment({ endpoints: [endpoint], credentials, verify: false });
  deployments.push(deployment);
  return deployment;
}

test('a single server is known by its server id in every version, and is its own DB-Server', async () => {
  const endpoint = await serve({
    '/_admin/server/role': { role: 'SINGLE' },
    '/_api/wal/lastTick': { tick: '9', server: { serverId: '268111977542955' } },
    '/_admin/deployment/id': { id: 'uuid' },
    '/_api/database': { result: ['_system', 'd1'] },
  });
  const deployment = await connect(endpoint);
  expect(deployment).toMatchObject({ kind: 'single', id: '268111977542955' });
  const [server] = await deployment.dbServers();
  expect(server).toMatchObject({ id: '268111977542955', healthy: true });
  expect(await deployment.dbServer('268111977542955')).toBe(deployment.front);
  await expect(deployment.dbServer('other')).rejects.toThrow(/not other/);
  expect(await deployment.databases()).toEqual(['_system', 'd1']);
});

test('a cluster is known by the id that every version tells, and its DB-Servers by health', async () => {
  const seen: string[] = [];
  const dbServer = await serve({ '/_admin/server/id': { id: 'PRMR-a' } }, seen);
  const endpoint = await serve({
    '/_admin/server/role': { role: 'COORDINATOR' },
    '/_admin/deployment/id': { id: 'uuid' },
    '/_admin/cluster/health': {
      ClusterId: 'cluster',
      Health: {
        'PRMR-a': { Role: 'DBServer', ShortName: 'DBServer0001', Endpoint: dbServer, Status: 'GOOD' },
        'PRMR-b': { Role: 'DBSERVER', Endpoint: 'ssl://db2:8529', Status: 'FAILED' },
        'CRDN-a': { Role: 'Coordinator', Endpoint: 'tcp://c:8529', Status: 'GOOD' },
        'AGNT-a': { Role: 'Agent', Endpoint: 'tcp://a:8529', Status: 'GOOD' },
      },
    },
  });
  const deployment = await connect(endpoint);
  expect(deployment).toMatchObject({ kind: 'cluster', id: 'cluster' });
  expect(await deployment.dbServers()).toEqual([
    { id: 'PRMR-a', shortName: 'DBServer0001', endpoint: dbServer.replace('tcp', 'http'), healthy: true },
    { id: 'PRMR-b', shortName: 'PRMR-b', endpoint: 'https://db2:8529', healthy: false },
  ]);
  const server = await deployment.dbServer('PRMR-a');
  expect(await server.json({ method: 'GET', path: '/_admin/server/id' })).toEqual({ id: 'PRMR-a' });
  expect(seen[0]).toMatch(/^bearer eyJ/);
  expect(await deployment.dbServer('PRMR-a')).toBe(server);
  await expect(deployment.dbServer('CRDN-a')).rejects.toThrow(/no DB-Server CRDN-a/);
});

test('an older cluster is known by the id of its agency', async () => {
  const endpoint = await serve({
    '/_admin/server/role': { role: 'COORDINATOR' },
    '/_admin/cluster/health': { ClusterId: '4c39b846', Health: {} },
  });
  expect((await connect(endpoint)).id).toBe('4c39b846');
});

test('the endpoint of a DB-Server or an agent is refused with its role', async () => {
  const endpoint = await serve({ '/_admin/server/role': { role: 'AGENT' } });
  await expect(connect(endpoint)).rejects.toThrow(/role AGENT: give the endpoints of coordinators/);
});
