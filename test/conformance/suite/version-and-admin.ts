import { expect } from 'vitest';
import { expectRefusal } from '../answer.ts';
import type { Target } from '../target.ts';

/** Reference 2: what a server tells of itself. */
export function defineVersionAndAdmin(target: Target): void {
  const { check, isCluster } = target;

  check('2.1: GET version is bare, with apiVersions', async () => {
    const answer = await target.ask('GET /_api/version');
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        server: 'arango',
        license: expect.stringMatching(/^(enterprise|community)$/),
        version: expect.stringMatching(/^3\.12\.\d+/),
        apiVersions: ['v0'],
        deprecatedApiVersions: [],
        requestedApiVersion: 'v0',
      },
    ]);
  });

  check('2.1: details of the version tell the role as texts', async () => {
    const answer = await target.ask('GET /_api/version?details=true');
    expect(answer.at('details.role')).toBe(isCluster ? 'COORDINATOR' : 'SINGLE');
    expect(answer.at('details.mode')).toBe('server');
    expect(Object.values(answer.at('details') as object).every((value) => typeof value === 'string')).toBe(true);
  });

  check('2.2: GET role', async () => {
    const role = isCluster ? 'COORDINATOR' : 'SINGLE';
    expect((await target.ask('GET /_admin/server/role')).body).toEqual({
      error: false,
      code: 200,
      role,
      mode: 'default',
    });
  });

  check(`2.2: GET id ${isCluster ? 'names the coordinator' : 'is 500/500 on a single server'}`, async () => {
    const answer = await target.ask('GET /_admin/server/id');
    if (!isCluster) return expectRefusal(answer, 500, 500);
    expect(answer.body).toEqual({ error: false, code: 200, id: expect.stringMatching(/^CRDN-/) });
  });

  check('2.2: GET mode is default', async () => {
    expect((await target.ask('GET /_admin/server/mode')).body).toEqual({ error: false, code: 200, mode: 'default' });
  });

  check('2.2: PUT mode with another text or no object is 400/400', async () => {
    expectRefusal(await target.ask('PUT /_admin/server/mode', { mode: 'sleepy' }), 400, 400);
    expectRefusal(await target.ask('PUT /_admin/server/mode', ['readonly']), 400, 400);
  });

  check('2.2: an unknown suffix is 404/404, another method 405/405', async () => {
    expectRefusal(await target.ask('GET /_admin/server/no-such'), 404, 404);
    expectRefusal(await target.ask('DELETE /_admin/server/mode'), 405, 405);
  });

  check('2.3: the engine is rocksdb with the indexes of 3.12', async () => {
    const answer = await target.ask('GET /_api/engine');
    expect(answer.at('name')).toBe('rocksdb');
    expect(answer.at('supports.indexes')).toEqual(
      expect.arrayContaining(['primary', 'edge', 'persistent', 'ttl', 'geo', 'fulltext', 'mdi', 'inverted']),
    );
    expect(answer.at('supports.aliases.indexes')).toMatchObject({ hash: 'persistent', skiplist: 'persistent' });
  });

  check('2.4: GET status is bare and tells the role and the phase', async () => {
    const answer = await target.ask('GET /_admin/status');
    expect(answer.body).toMatchObject({
      server: 'arango',
      mode: 'server',
      operationMode: 'server',
      serverInfo: { role: isCluster ? 'COORDINATOR' : 'SINGLE', readOnly: false, progress: { phase: 'in wait' } },
    });
    expect(answer.body).not.toHaveProperty('error');
  });

  check('2.5: the deployment has an id', async () => {
    const first = await target.ask('GET /_admin/deployment/id');
    expect(first.textAt('id')).toMatch(/^[0-9a-f-]{36}$/);
    expect((await target.ask('GET /_admin/deployment/id')).body).toEqual(first.body);
  });

  check('2.7: GET time is seconds', async () => {
    const answer = await target.ask('GET /_admin/time');
    expect(answer.body).toEqual({ error: false, code: 200, time: expect.any(Number) });
    expect(answer.at('time') as number).toBeLessThan(10_000_000_000);
  });

  check('2.7: metrics are Prometheus text', async () => {
    const answer = await target.ask('GET /_admin/metrics/v2');
    expect(answer.header('content-type')).toMatch(/^text\/plain/);
    expect(answer.text).toMatch(/^# (HELP|TYPE) arangodb_/m);
  });

  check('5.7: calls removed with 3.12.10 are gone', async () => {
    for (const command of ['logger-follow', 'logger-first-tick', 'logger-tick-ranges', 'server-id']) {
      expect((await target.ask(`GET /_api/replication/${command}`)).status).toBeGreaterThanOrEqual(400);
    }
  });

  check('5.0: an unknown replication command is 400/400', async () => {
    expectRefusal(await target.ask('GET /_api/replication/no-such-command'), 400, 400);
  });

  check('5.0: a known replication command with another method is 405/405', async () => {
    expectRefusal(await target.ask('GET /_api/replication/restore-data?collection=c'), 405, 405);
  });

  if (!isCluster) return;

  check('2.6: health names every server with role, endpoint and status', async () => {
    const answer = await target.ask('GET /_admin/cluster/health');
    expect(answer.body).toMatchObject({ error: false, code: 200, ClusterId: expect.any(String) });
    const servers = Object.entries(answer.at('Health') as Record<string, Record<string, unknown>>);
    const ofRole = (prefix: string) => servers.filter(([id]) => id.startsWith(prefix)).map(([, server]) => server);
    expect(ofRole('PRMR-').length).toBeGreaterThan(0);
    for (const server of [...ofRole('PRMR-'), ...ofRole('CRDN-')]) {
      expect(server).toMatchObject({
        Role: expect.stringMatching(/^(DBServer|Coordinator)$/),
        ShortName: expect.stringMatching(/^(DBServer|Coordinator)\d{4}$/),
        Endpoint: expect.stringMatching(/^(tcp|ssl):\/\//),
        Status: 'GOOD',
        SyncStatus: 'SERVING',
        LastAckedTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      });
    }
    for (const agent of ofRole('AGNT-')) {
      expect(agent).toMatchObject({ Role: 'Agent', LastAckedTime: expect.any(Number), Leading: expect.any(Boolean) });
    }
  });

  check('2.7: endpoints lists the coordinators', async () => {
    const answer = await target.ask('GET /_api/cluster/endpoints');
    expect(answer.body).toMatchObject({ error: false, code: 200 });
    const endpoints = answer.at('endpoints') as { endpoint: string }[];
    expect(endpoints.every(({ endpoint }) => /^(tcp|ssl):\/\//.test(endpoint))).toBe(true);
    expect(endpoints.length).toBeGreaterThan(0);
  });

  check('2.7: the shard distribution has short names in Plan and Current', async () => {
    const collection = await target.collection({ numberOfShards: 2, replicationFactor: 1 });
    const answer = await target.ask('GET /_admin/cluster/shardDistribution');
    const { Plan, Current } = answer.at(`results.${collection}`) as Record<string, Record<string, unknown>>;
    expect(Object.keys(Plan ?? {}).length).toBe(2);
    expect(Object.keys(Current ?? {}).sort()).toEqual(Object.keys(Plan ?? {}).sort());
    for (const shard of Object.values(Plan ?? {})) {
      expect(shard).toMatchObject({ leader: expect.stringMatching(/^DBServer\d{4}$/), followers: [] });
    }
  });
}
