import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basic, Client, failureOf } from '../http/client.ts';
import { TestCluster } from './cluster-client.ts';

let cluster: TestCluster;
let server: string;

beforeAll(async () => {
  cluster = await TestCluster.start();
  await cluster.front.post('/_api/collection', { name: 'c', numberOfShards: 3, replicationFactor: 2 });
  await cluster.front.post('/_api/document/c', [{ _key: 'a' }, { _key: 'b' }, { _key: 'd' }]);
  server = cluster.shard('c').servers[0] as string;
});
afterAll(() => cluster.deployment.stop());

describe('replication calls on a coordinator (reference 5.0)', () => {
  test.each([
    ['GET', '/_api/wal/tail?from=0', 501, 1470],
    ['GET', '/_api/wal/lastTick', 501, 1470],
    ['POST', '/_api/replication/batch', 400, 400],
    ['GET', '/_api/replication/inventory?batchId=1', 400, 400],
    ['GET', '/_api/replication/dump?collection=c&batchId=1', 400, 400],
    ['POST', '/_api/replication/batch?DBserver=PRMR-unknown', 404, 1449],
    ['GET', '/_api/replication/revisions/tree?collection=c&batchId=1', 501, 1470],
    ['GET', '/_api/replication/unknown', 400, 400],
  ])('%s %s is %i/%i', async (method, path, status, errorNum) => {
    expect(failureOf(await cluster.front.call(method, path))).toEqual([status, errorNum]);
  });

  test('batch and dump are passed on, and say to whom', async () => {
    const made = await cluster.front.post(`/_api/replication/batch?DBserver=${server}`, { ttl: 60 });
    expect(made.headers['x-arango-request-forwarded-to']).toBe(server);
    const { id, lastTick } = made.json;
    expect(Number(lastTick)).toBeGreaterThan(0);
    const { name } = cluster.shard('c');
    const dump = await cluster.front.get(
      `/_api/replication/dump?collection=${name}&batchId=${id}&DBserver=${server}&useEnvelope=false`,
    );
    expect(dump.headers['content-type']).toContain('application/x-arango-dump');
    expect(dump.headers['x-arango-replication-checkmore']).toBe('false');
    expect(dump.headers.server).toBe('ArangoDB');
    expect(dump.rawHeaders.filter((header) => header === 'Server').length).toBe(1);
    expect((await cluster.front.delete(`/_api/replication/batch/${id}?DBserver=${server}`)).status).toBe(204);
  });

  test('users may not dump what they may not read', async () => {
    await cluster.front.post('/_api/user', { user: 'bob', passwd: 'b' });
    await cluster.front.put('/_api/user/bob/database/_system', { grant: 'ro' });
    await cluster.front.put('/_api/user/bob/database/_system/c', { grant: 'none' });
    const bob = new Client(cluster.front.endpoint, basic('bob', 'b'));
    const { id } = (await bob.post(`/_api/replication/batch?DBserver=${server}`, { ttl: 60 })).json;
    const path = `/_api/replication/dump?collection=${cluster.shard('c').name}&batchId=${id}&DBserver=${server}`;
    expect(failureOf(await bob.get(path))).toEqual([403, 11]);
    const { collections } = (await bob.get('/_api/replication/clusterInventory')).json;
    expect((collections as { parameters: { name: string } }[]).some(({ parameters }) => parameters.name === 'c')).toBe(
      false,
    );
  });

  test('a parallel dump goes through with the name of its user, and checks his rights', async () => {
    const path = (what: string) => `/_api/dump/${what}?dbserver=${server}`;
    const { name } = cluster.shard('c');
    const started = await cluster.front.post(path('start'), { shards: [name] });
    expect(started.status).toBe(201);
    const id = started.headers['x-arango-dump-id'];
    const next = await cluster.front.post(`${path(`next/${id}`)}&batchId=1`);
    expect(next.headers['x-arango-dump-shard-id'] ?? next.status).toBe(next.status === 200 ? name : 204);
    expect((await cluster.front.delete(path(id as string))).status).toBe(200);
    const bob = new Client(cluster.front.endpoint, basic('bob', 'b'));
    expect(failureOf(await bob.post(path('start'), { shards: [name] }))).toEqual([403, 11]);
    expect(failureOf(await cluster.front.post('/_api/dump/start', { shards: [name] }))).toEqual([400, 10]);
  });

  test('3.12.10 passes no other call on, an older one any', async () => {
    const path = `/_api/replication/logger-state?DBserver=${server}`;
    expect(failureOf(await cluster.front.get(path))).toEqual([501, 1470]);
    const older = await TestCluster.start({ serverVersion: '3.12.9', coordinators: 1 });
    try {
      const { id } = older.deployment.dbServers[0] as { id: string };
      const answer = await older.front.get(`/_api/replication/logger-state?DBserver=${id}`);
      expect([answer.status, answer.headers['x-arango-request-forwarded-to']]).toEqual([200, id]);
    } finally {
      await older.deployment.stop();
    }
  });

  test('a server that is down is 503/1478', async () => {
    const other = await TestCluster.start({ coordinators: 1 });
    try {
      const { id } = other.deployment.dbServers[2] as { id: string };
      await other.deployment.control.stop(id);
      expect(failureOf(await other.front.post(`/_api/replication/batch?DBserver=${id}`, {}))).toEqual([503, 1478]);
    } finally {
      await other.deployment.stop();
    }
  });

  test('clusterInventory: everything of one database, names and not ids', async () => {
    await cluster.front.post('/_api/index?collection=c', { type: 'persistent', fields: ['n'], name: 'by_n' });
    const { json } = await cluster.front.get('/_api/replication/clusterInventory');
    expect(json).toMatchObject({ properties: { name: '_system', id: '1' }, views: [], state: 'unused' });
    const entry = (json.collections as { parameters: Record<string, unknown>; indexes: object[] }[]).find(
      ({ parameters }) => parameters.name === 'c',
    );
    expect(entry).toMatchObject({ planVersion: 1, isReady: true, allInSync: true });
    expect(entry?.indexes).toMatchObject([{ name: 'by_n', type: 'persistent', fields: ['n'] }]);
    expect(entry?.parameters).toMatchObject({ deleted: false, numberOfShards: 3, planId: entry?.parameters.id });
    expect(Object.keys(entry?.parameters.shards as object).length).toBe(3);
    const { collections } = (await cluster.front.get('/_api/replication/clusterInventory?includeSystem=false')).json;
    expect((collections as unknown[]).length).toBe(1);
  });

  test('restore-collection draws new ids and makes what it is told', async () => {
    const parameters = {
      id: '1',
      planId: '1',
      name: 'restored',
      type: 3,
      numberOfShards: 4,
      shardKeys: ['k'],
      replicationFactor: 2,
      shardingStrategy: 'hash',
      globallyUniqueId: 'c1/',
    };
    const { status } = await cluster.front.put('/_api/replication/restore-collection', { parameters, indexes: [] });
    expect(status).toBe(200);
    const made = (await cluster.front.get('/_api/collection/restored/properties')).json;
    expect(made).toMatchObject({
      type: 3,
      numberOfShards: 4,
      shardKeys: ['k'],
      replicationFactor: 2,
      shardingStrategy: 'hash',
    });
    expect(made.globallyUniqueId).toBe(`c${made.id}/`);
    const bare = { parameters: { name: 'bare' }, indexes: [] };
    await cluster.front.put('/_api/replication/restore-collection', bare);
    expect((await cluster.front.get('/_api/collection/bare/properties')).json.shardingStrategy).toBe(
      'community-compat',
    );
    expect(failureOf(await cluster.front.put('/_api/replication/restore-collection', bare))).toEqual([409, 1207]);
  });
});

describe('streaming transactions (4.7)', () => {
  test('are seen after commit, on all replicas, from any coordinator', async () => {
    const begin = await cluster.front.post('/_api/transaction/begin', { collections: { write: ['c'] } });
    const { id } = begin.json.result as { id: string };
    const headers = { 'x-arango-trx-id': id };
    const items = Array.from({ length: 30 }, (_, index) => ({ _key: `t${index}` }));
    expect((await cluster.coordinator(1).post('/_api/document/c', items, { headers })).status).toBe(202);
    expect((await cluster.front.get('/_api/document/c/t1')).status).toBe(404);
    expect((await cluster.front.get('/_api/document/c/t1', { headers })).status).toBe(200);
    await cluster.front.put(`/_api/transaction/${id}`);
    expect((await cluster.coordinator(1).get('/_api/document/c/t1')).status).toBe(200);
    for (const index of [0, 1, 2]) {
      const { name, servers } = cluster.shard('c', index);
      const [leader, follower] = await Promise.all(servers.map((place) => cluster.contents(place, name)));
      expect(follower).toEqual(leader);
    }
    expect(failureOf(await cluster.front.get('/_api/document/c/a', { headers }))).toEqual([410, 1654]);
  });

  test('leave nothing when aborted', async () => {
    const begin = await cluster.front.post('/_api/transaction/begin', { collections: { write: 'c' } });
    const { id } = begin.json.result as { id: string };
    await cluster.front.post('/_api/document/c', [{ _key: 'never' }], { headers: { 'x-arango-trx-id': id } });
    expect((await cluster.front.delete(`/_api/transaction/${id}`)).json.result).toEqual({ id, status: 'aborted' });
    expect((await cluster.front.get('/_api/document/c/never')).status).toBe(404);
    expect(failureOf(await cluster.front.put(`/_api/transaction/${id}`))).toEqual([400, 1653]);
  });
});

describe('the agency (2.8)', () => {
  test('answers the superuser only', async () => {
    const { endpoint } = cluster.deployment.agent as { endpoint: string };
    expect(failureOf(await new Client(endpoint, basic('root', 'r')).post('/_api/agency/read', [['/']]))).toEqual([
      401, 11,
    ]);
  });

  test('tells Plan and Current of a collection', async () => {
    const { id } = (await cluster.front.get('/_api/collection/c')).json;
    const paths = [`/arango/Plan/Collections/_system/${id}`, `/arango/Current/Collections/_system/${id}`];
    const [tree] = (await cluster.agent().post('/_api/agency/read', [paths])).list;
    const { Plan, Current } = (
      tree as { arango: Record<string, Record<string, Record<string, Record<string, unknown>>>> }
    ).arango;
    const { name, servers } = cluster.shard('c');
    expect(Plan?.Collections?._system?.[id as string]).toMatchObject({ name: 'c', shards: { [name]: servers } });
    expect(Current?.Collections?._system?.[id as string]).toMatchObject({ [name]: { servers, error: false } });
  });

  test('a missing path gives the deepest level there is', async () => {
    const { list } = await cluster.agent().post('/_api/agency/read', [['/nothing'], ['arango/Plan/Nothing']]);
    expect(list).toEqual([{}, { arango: { Plan: {} } }]);
  });

  test('writes with preconditions', async () => {
    const write = (body: object[]) => cluster.agent().post('/_api/agency/write', body as never);
    expect((await write([[{ '/own/x': { op: 'set', new: 1 } }, { '/own/x': { oldEmpty: true } }, 'me']])).status).toBe(
      200,
    );
    const again = await write([[{ '/own/x': { op: 'set', new: 2 } }, { '/own/x': { oldEmpty: true } }, 'me']]);
    expect([again.status, again.json]).toEqual([412, { results: [0] }]);
    await write([[{ '/own/x': { op: 'increment', step: 4 }, '/own/l': { op: 'push', new: 'a' } }, { '/own/x': 1 }]]);
    expect((await cluster.agent().post('/_api/agency/read', [['/own']])).list).toEqual([{ own: { x: 5, l: ['a'] } }]);
    expect(failureOf(await write([['no']]))).toEqual([400, 20030]);
  });

  test('Readonly is the mode of all servers', async () => {
    await cluster.agent().post('/_api/agency/write', [[{ '/arango/Readonly': true }]]);
    for (const index of [0, 1]) {
      expect((await cluster.coordinator(index).get('/_admin/server/mode')).json.mode).toBe('readonly');
    }
    expect((await cluster.dbServer(server).get('/_admin/server/mode')).json.mode).toBe('readonly');
    const root = new Client(cluster.front.endpoint, basic('root', 'r'));
    expect(failureOf(await root.post('/_api/document/c', {}))).toEqual([403, 1004]);
    expect((await cluster.front.post('/_api/document/c', {})).status).toBe(202);
    await cluster.front.put('/_admin/server/mode', { mode: 'default' });
  });

  test('a new mode can reach one server later than the others', async () => {
    cluster.deployment.control.holdMode(server);
    await cluster.front.put('/_admin/server/mode', { mode: 'readonly' });
    expect((await cluster.front.get('/_admin/server/mode')).json.mode).toBe('readonly');
    expect((await cluster.dbServer(server).get('/_admin/server/mode')).json.mode).toBe('default');
    cluster.deployment.control.releaseMode(server);
    expect((await cluster.dbServer(server).get('/_admin/server/mode')).json.mode).toBe('readonly');
    await cluster.front.put('/_admin/server/mode', { mode: 'default' });
  });

  test('config names the leader', async () => {
    const { json } = await cluster.agent().get('/_api/agency/config');
    expect(json).toMatchObject({ leaderId: cluster.deployment.agent?.id, version: '3.12.10' });
  });
});

describe('ids (2.7)', () => {
  test('a minimum raises generated keys above it', async () => {
    const { largest } = (await cluster.front.put('/_admin/cluster/uniqId?minimum=500000')).json;
    expect(Number(largest)).toBeGreaterThanOrEqual(500_000);
    const { _key } = (await cluster.front.post('/_api/document/c', {})).json;
    expect(Number(_key)).toBeGreaterThan(500_000);
  });

  test('a number reserves a run', async () => {
    const { smallest, largest } = (await cluster.front.put('/_admin/cluster/uniqId?number=100')).json;
    expect(Number(largest) - Number(smallest)).toBe(99);
    const { _key } = (await cluster.front.post('/_api/document/c', {})).json;
    expect(Number(_key)).toBeGreaterThan(Number(largest));
  });
});
