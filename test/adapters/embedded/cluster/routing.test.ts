import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basic, Client, failureOf } from '../http/client.ts';
import { TestCluster } from './cluster-client.ts';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await TestCluster.start();
});
afterAll(() => cluster.deployment.stop());

const keys = Array.from({ length: 300 }, (_, index) => `key${index}`);

describe('ids and shape (reference 2.8, 3.2, 3.6)', () => {
  test('system collections have the ids of a real cluster, one shard each, the first as prototype', async () => {
    const { collections } = (await cluster.front.get('/_api/replication/clusterInventory')).json;
    const parameters = (collections as { parameters: Record<string, unknown> }[]).map((entry) => entry.parameters);
    const users = parameters.find(({ name }) => name === '_users');
    expect(users).toMatchObject({ id: '10001', shards: { s10002: [expect.any(String), expect.any(String)] } });
    expect(parameters.find(({ name }) => name === '_graphs')).toMatchObject({
      id: '10003',
      distributeShardsLike: '_users',
      numberOfShards: 1,
      replicationFactor: 2,
    });
  });

  test('a collection and its shards have consecutive ids', async () => {
    const { json } = await cluster.front.post('/_api/collection', {
      name: 'ids',
      numberOfShards: 3,
      replicationFactor: 2,
    });
    expect(json).toMatchObject({ numberOfShards: 3, replicationFactor: 2, writeConcern: 1, shardKeys: ['_key'] });
    expect(json).toMatchObject({ globallyUniqueId: `c${json.id}/`, shardingStrategy: 'hash', minReplicationFactor: 1 });
    expect(json).not.toHaveProperty('objectId');
    expect(json.keyOptions).toEqual({ allowUserKeys: true, type: 'traditional' });
    const { shards } = (await cluster.front.get('/_api/collection/ids/shards')).json;
    expect(shards).toEqual([1, 2, 3].map((step) => `s${Number(json.id) + step}`));
  });

  test('details of shards and the inventory come unsorted', async () => {
    await cluster.front.post('/_api/collection', { name: 'unsorted', numberOfShards: 5 });
    const { shards } = (await cluster.front.get('/_api/collection/unsorted/shards?details=true')).json;
    const names = Object.keys(shards as object);
    expect(names).not.toEqual([...names].sort());
  });

  test('leaders are spread over the servers', async () => {
    await cluster.front.post('/_api/collection', { name: 'spread', numberOfShards: 6, replicationFactor: 3 });
    const leaders = [0, 1, 2, 3, 4, 5].map((index) => cluster.shard('spread', index).servers[0]);
    expect(new Set(leaders).size).toBe(3);
  });
});

describe('routing (4.5)', () => {
  test('each document lies in the shard that responsibleShard names, on leader and follower with one revision', async () => {
    await cluster.front.post('/_api/collection', { name: 'routed', numberOfShards: 4, replicationFactor: 2 });
    const { list } = await cluster.front.post(
      '/_api/document/routed',
      keys.map((_key) => ({ _key })),
    );
    expect(list.map(({ _key }) => _key)).toEqual(keys);
    const revisions = new Map(list.map(({ _key, _rev }) => [_key as string, _rev as string]));
    const found: string[] = [];
    for (const index of [0, 1, 2, 3]) {
      const { name, servers } = cluster.shard('routed', index);
      const [onLeader, onFollower] = await Promise.all(servers.map((server) => cluster.contents(server, name)));
      expect(onFollower).toEqual(onLeader);
      for (const line of onLeader as string[]) {
        const [key = '', rev] = line.split(' ');
        expect(rev).toBe(revisions.get(key));
        const answer = await cluster.front.put('/_api/collection/routed/responsibleShard', { _key: key });
        expect(answer.json.shardId).toBe(name);
        found.push(key);
      }
      expect((onLeader as string[]).length).toBeGreaterThan(40);
    }
    expect(found.sort()).toEqual([...keys].sort());
  });

  test('another deployment with equal settings puts shard i into shard i; another strategy does not', async () => {
    const other = await TestCluster.start({ dbServers: 2, coordinators: 1 });
    try {
      const shardOf = async (place: TestCluster, name: string, key: string) => {
        const { shards } = (await place.front.get(`/_api/collection/${name}/shards`)).json;
        const { shardId } = (await place.front.put(`/_api/collection/${name}/responsibleShard`, { _key: key })).json;
        return (shards as string[]).indexOf(shardId as string);
      };
      await cluster.front.post('/_api/collection', { name: 'equal', numberOfShards: 7 });
      await other.front.post('/_api/collection', { name: 'equal', numberOfShards: 7 });
      await other.front.post('/_api/collection', {
        name: 'unequal',
        numberOfShards: 7,
        shardingStrategy: 'community-compat',
      });
      let moved = 0;
      for (const key of keys.slice(0, 60)) {
        const here = await shardOf(cluster, 'equal', key);
        expect(await shardOf(other, 'equal', key)).toBe(here);
        if ((await shardOf(other, 'unequal', key)) !== here) moved++;
      }
      expect(moved).toBeGreaterThan(30);
    } finally {
      await other.deployment.stop();
    }
  });

  test('both coordinators show the same', async () => {
    const second = cluster.coordinator(1);
    await cluster.front.post('/_api/collection', { name: 'shared' });
    await cluster.front.post('/_api/document/shared', { _key: 'a' });
    expect((await second.get('/_api/document/shared/a')).status).toBe(200);
  });

  test('count by shard adds up', async () => {
    await cluster.front.post('/_api/collection', { name: 'counted', numberOfShards: 3 });
    await cluster.front.post(
      '/_api/document/counted',
      keys.map((_key) => ({ _key })),
    );
    const { count } = (await cluster.front.get('/_api/collection/counted/count?details=true')).json;
    expect(Object.values(count as Record<string, number>).reduce((sum, part) => sum + part)).toBe(keys.length);
    expect((await cluster.front.get('/_api/collection/counted/count')).json.count).toBe(keys.length);
  });

  test('truncate empties every replica', async () => {
    await cluster.front.post('/_api/collection', { name: 'emptied', numberOfShards: 2, replicationFactor: 3 });
    await cluster.front.post(
      '/_api/document/emptied',
      keys.map((_key) => ({ _key })),
    );
    expect((await cluster.front.put('/_api/collection/emptied/truncate')).status).toBe(200);
    for (const index of [0, 1]) {
      const { name, servers } = cluster.shard('emptied', index);
      for (const server of servers) expect(await cluster.contents(server, name)).toEqual([]);
    }
  });
});

describe('other shard keys than _key (4.3, 7.5)', () => {
  const path = '/_api/document/cities';

  beforeAll(async () => {
    const body = { name: 'cities', numberOfShards: 5, shardKeys: ['country', 'a.b'] };
    await cluster.front.post('/_api/collection', body);
  });

  test('keys are made by the server, but for isRestore', async () => {
    expect(failureOf(await cluster.front.post(path, { _key: 'k', country: 'x' }))).toEqual([400, 1466]);
    const { _key } = (await cluster.front.post(path, { country: 'de', a: { b: 1 } })).json;
    expect((await cluster.front.get(`${path}/${_key}`)).json).toMatchObject({ country: 'de' });
    expect((await cluster.front.post(`${path}?isRestore=true`, { _key: 'own', country: 'fr' })).status).toBe(202);
    expect((await cluster.front.get(`${path}/own`)).status).toBe(200);
  });

  test('equal values go together, by value and not by spelling', async () => {
    const where = async (values: object) => {
      const text = JSON.stringify(values);
      return (await cluster.front.call('PUT', '/_api/collection/cities/responsibleShard', { text })).json.shardId;
    };
    expect(await where({ country: 'de', a: { b: 1 } })).toBe(await where({ a: { b: 1 }, country: 'de', other: 9 }));
    expect(failureOf(await cluster.front.put('/_api/collection/cities/responsibleShard', { country: 'x' }))).toEqual([
      400, 1468,
    ]);
    const bulk = Array.from({ length: 40 }, (_, index) => ({ country: `c${index % 2}`, a: { b: index % 2 } }));
    await cluster.front.post('/_api/document/cities', bulk);
    const { count } = (await cluster.front.get('/_api/collection/cities/count?details=true')).json;
    const filled = Object.values(count as Record<string, number>).filter((number) => number >= 20);
    expect(filled.length).toBeGreaterThanOrEqual(1);
  });

  test('updates and removals by key find the document wherever it is', async () => {
    const { _key } = (await cluster.front.post(path, { country: 'es', a: { b: 2 } })).json;
    expect((await cluster.front.patch(`${path}/${_key}`, { n: 1 })).status).toBe(202);
    expect((await cluster.front.put(`${path}/${_key}`, { country: 'es', a: { b: 2 }, n: 2 })).status).toBe(202);
    expect((await cluster.front.get(`${path}/${_key}`)).json).toMatchObject({ n: 2 });
    expect((await cluster.front.delete(path, [_key as string])).list).toMatchObject([{ _key }]);
    expect(failureOf(await cluster.front.delete(`${path}/${_key}`))).toEqual([404, 1202]);
  });

  test('a shard key does not change (1469)', async () => {
    const { _key } = (await cluster.front.post(path, { country: 'it', a: { b: 3 } })).json;
    for (const country of ['ab', 'cd', 'ef', 'gh']) {
      const answer = await cluster.front.put(`${path}/${_key}`, { country, a: { b: 3 } });
      expect(failureOf(answer), country).toEqual([400, 1469]);
    }
  });

  test('one key in two shards: a single removal is contradicted, both are gone (1467)', async () => {
    const restore = `${path}?isRestore=true`;
    await cluster.front.post(restore, [
      { _key: 'twin', country: 'A', a: { b: 1 } },
      { _key: 'twin', country: 'B', a: { b: 1 } },
      { _key: 'twin', country: 'C', a: { b: 1 } },
      { _key: 'twin', country: 'D', a: { b: 1 } },
    ]);
    const before = (await cluster.front.get('/_api/collection/cities/count')).json.count as number;
    expect(failureOf(await cluster.front.delete(`${path}/twin`))).toEqual([500, 1467]);
    const after = (await cluster.front.get('/_api/collection/cities/count')).json.count as number;
    expect(before - after).toBeGreaterThan(1);
    expect((await cluster.front.get(`${path}/twin`)).status).toBe(404);
  });

  test('removals go where their shard keys say when all of a call say it, null for a missing one (7.5)', async () => {
    const twins = ['A', 'B', 'C', 'D', 'E', 'F'].map((country) => ({ _key: 'twin', country }));
    await cluster.front.post(`${path}?isRestore=true`, twins);
    const count = async () => (await cluster.front.get('/_api/collection/cities/count')).json.count as number;
    const before = await count();
    const removal = { _key: 'twin', country: 'A', a: { b: null } };
    expect((await cluster.front.delete(path, [removal])).json).toMatchObject([{ _key: 'twin' }]);
    expect(await count()).toBe(before - 1);
    await cluster.front.delete(path, [{ ...removal, country: 'B' }, { _key: 'twin' }]);
    expect((await cluster.front.get(`${path}/twin`)).status).toBe(404);
  });
});

describe('creating in a cluster (3.2)', () => {
  test.each([
    [{ replicationFactor: 4 }, 500, 1487],
    [{ replicationFactor: 1, writeConcern: 2 }, 400, 10],
    [{ replicationFactor: 11 }, 400, 10],
    [{ numberOfShards: 1001 }, 400, 1450],
    [{ distributeShardsLike: 'unknown' }, 500, 1486],
    [{ shardingStrategy: 'other' }, 400, 10],
    [{ numberOfShards: 2, keyOptions: { type: 'autoincrement' } }, 501, 1470],
    [{ shardKeys: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'] }, 400, 10],
  ])('%j is %i/%i', async (body, status, errorNum) => {
    expect(failureOf(await cluster.front.post('/_api/collection', { name: 'never', ...body }))).toEqual([
      status,
      errorNum,
    ]);
    expect((await cluster.front.get('/_api/collection/never')).status).toBe(404);
  });

  test('enforceReplicationFactor=0 makes what is possible', async () => {
    const body = { name: 'few', replicationFactor: 5 };
    expect((await cluster.front.post('/_api/collection?enforceReplicationFactor=0', body)).json.replicationFactor).toBe(
      5,
    );
    expect(cluster.shard('few').servers.length).toBe(3);
  });

  test('distributeShardsLike: same servers, a name outside and an id in the agency, no drop of the prototype', async () => {
    await cluster.front.post('/_api/collection', { name: 'proto', numberOfShards: 4, replicationFactor: 2 });
    const { json } = await cluster.front.post('/_api/collection', { name: 'like', distributeShardsLike: 'proto' });
    expect(json).toMatchObject({ numberOfShards: 4, replicationFactor: 2, distributeShardsLike: 'proto' });
    for (const index of [0, 1, 2, 3]) {
      expect(cluster.shard('like', index).servers).toEqual(cluster.shard('proto', index).servers);
    }
    const chain = await cluster.front.post('/_api/collection', { name: 'chain', distributeShardsLike: 'like' });
    expect(failureOf(chain)).toEqual([500, 1484]);
    const answer = await cluster.front.delete('/_api/collection/proto');
    expect(failureOf(answer)).toEqual([500, 1485]);
    expect(answer.json.errorMessage).toBe(
      "Collection 'proto' must not be dropped while 'like' has distributeShardsLike set to 'proto'.",
    );
  });

  test('databases have defaults, and OneShard forces one shard', async () => {
    await cluster.front.post('/_api/database', { name: 'two', options: { replicationFactor: 2, writeConcern: 2 } });
    const { json } = await cluster.front.post('/_db/two/_api/collection', { name: 'c' });
    expect(json).toMatchObject({ replicationFactor: 2, writeConcern: 2 });
    // What follows another one has that one's write concern, whatever the database says.
    const spread = { numberOfShards: 2, replicationFactor: 1, writeConcern: 1 };
    await cluster.front.post('/_db/two/_api/collection', { name: 'proto', ...spread });
    const follower = await cluster.front.post('/_db/two/_api/collection', { name: 'f', distributeShardsLike: 'proto' });
    expect(follower.json).toMatchObject(spread);
    const everywhere = { name: 'sat', replicationFactor: 'satellite', writeConcern: 2 };
    const satellite = await cluster.front.post('/_db/two/_api/collection', everywhere);
    expect(satellite.json).toMatchObject({ replicationFactor: 'satellite', writeConcern: 0, minReplicationFactor: 0 });
    const parameters = { name: '_jobsbackup', isSystem: true, distributeShardsLike: '_graphs' };
    const made = await cluster.front.put('/_db/two/_api/replication/restore-collection', { parameters, indexes: [] });
    expect(made.json).toEqual({ result: true });
    await cluster.front.post('/_api/database', { name: 'one', options: { sharding: 'single' } });
    const single = await cluster.front.post('/_db/one/_api/collection', { name: 'c', numberOfShards: 9 });
    expect(single.json).toMatchObject({ numberOfShards: 1, distributeShardsLike: '_graphs' });
    expect((await cluster.front.get('/_db/one/_api/database/current')).json.result).toMatchObject({
      sharding: 'single',
      replicationVersion: '1',
      path: '',
    });
    expect(
      failureOf(await cluster.front.post('/_api/database', { name: 'x', options: { replicationFactor: 9 } })),
    ).toEqual([500, 1487]);
  });

  test('a unique index needs all shard keys, and is on every replica', async () => {
    await cluster.front.post('/_api/collection', { name: 'unique', numberOfShards: 3, replicationFactor: 2 });
    const index = (fields: string[]) => ({ type: 'persistent', fields, unique: true });
    const refused = await cluster.front.post('/_api/index?collection=unique', index(['a']));
    expect(failureOf(refused)).toEqual([501, 1470]);
    expect(refused.json.errorMessage).toContain("shard key '_key' must be present in unique index");
    const { json } = await cluster.front.post('/_api/index?collection=unique', index(['_key', 'a']));
    const id = (json.id as string).split('/')[1];
    for (const shard of [0, 1, 2]) {
      const { name, servers } = cluster.shard('unique', shard);
      for (const server of servers) {
        const { indexes } = (await cluster.dbServer(server).get(`/_api/index?collection=${name}`)).json;
        expect((indexes as { id: string }[]).map((entry) => entry.id)).toContain(`${name}/${id}`);
      }
    }
  });

  test('renaming is not for clusters', async () => {
    await cluster.front.post('/_api/collection', { name: 'fixed' });
    expect(failureOf(await cluster.front.put('/_api/collection/fixed/rename', { name: 'x' }))).toEqual([501, 1470]);
  });

  test('the replication factor can change, and its replicas with it', async () => {
    await cluster.front.post('/_api/collection', { name: 'grown', numberOfShards: 2 });
    await cluster.front.post(
      '/_api/document/grown',
      keys.map((_key) => ({ _key })),
    );
    await cluster.front.put('/_api/collection/grown/properties', { replicationFactor: 3 });
    const { name, servers, inSync } = cluster.shard('grown');
    expect([servers.length, inSync.length]).toEqual([3, 3]);
    expect(await cluster.contents(servers[2] as string, name)).toEqual(
      await cluster.contents(servers[0] as string, name),
    );
    await cluster.front.put('/_api/collection/grown/properties', { replicationFactor: 1 });
    expect(cluster.shard('grown').servers.length).toBe(1);
    const tooHigh = await cluster.front.put('/_api/collection/grown/properties', { writeConcern: 2 });
    expect(failureOf(tooHigh)).toEqual([400, 10]);
  });
});

describe('DB-Servers (5.0, 8)', () => {
  test('let only the superuser in', async () => {
    const { endpoint } = cluster.deployment.dbServers[0] as { endpoint: string };
    expect(failureOf(await new Client(endpoint, basic('root', 'r')).get('/_api/version'))).toEqual([401, 11]);
    expect(failureOf(await new Client(endpoint).get('/_api/version'))).toEqual([401, 11]);
    expect((await new Client(endpoint).get('/_admin/server/availability')).status).toBe(200);
  });

  test('show shards under their names', async () => {
    await cluster.front.post('/_api/collection', { name: 'shown', numberOfShards: 2, replicationFactor: 2 });
    const { name, servers } = cluster.shard('shown');
    const client = cluster.dbServer(servers[1] as string);
    const { json } = await client.get(`/_api/collection/${name}`);
    expect(json.globallyUniqueId).toMatch(new RegExp(`^c[0-9]+/${name}$`));
    expect((await client.get('/_admin/server/role')).json.role).toBe('PRIMARY');
    expect((await client.get('/_admin/server/id')).json.id).toBe(servers[1]);
    expect(failureOf(await client.post('/_api/collection', { name: 'x' }))).toEqual([501, 1471]);
    expect(failureOf(await client.get('/_api/cluster/endpoints'))).toEqual([501, 1471]);
  });

  test("leader and follower shards are in a server's log, with the collection's name in _id", async () => {
    await cluster.front.post('/_api/collection', { name: 'logged', replicationFactor: 2 });
    const { name, servers } = cluster.shard('logged');
    const ticks = await Promise.all(servers.map((server) => cluster.tick(server)));
    await cluster.front.post('/_api/document/logged', { _key: 'a' });
    for (const [index, server] of servers.entries()) {
      const [marker] = await cluster.markers(server, name, ticks[index] as string);
      expect(marker).toMatchObject({ type: 2300, data: { _key: 'a', _id: 'logged/a' } });
    }
  });
});
