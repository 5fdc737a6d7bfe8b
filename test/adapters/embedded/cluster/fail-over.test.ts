import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failureOf } from '../http/client.ts';
import { TestCluster, until } from './cluster-client.ts';

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start({ failoverGraceMs: 20, backendWaitMs: 5_000 });
  await cluster.front.post('/_api/collection', { name: 'c', replicationFactor: 2 });
});
afterEach(() => cluster.deployment.stop());

async function statusOf(id: string): Promise<string | undefined> {
  const { Health } = (await cluster.front.get('/_admin/cluster/health')).json;
  return (Health as Record<string, { Status: string }>)[id]?.Status;
}

/** The shard's servers, all in sync, hold the same documents. */
async function expectEqualReplicas(): Promise<void> {
  const { name, servers, inSync } = cluster.shard('c');
  expect([...inSync].sort()).toEqual([...servers].sort());
  const [first, ...others] = await Promise.all(servers.map((server) => cluster.contents(server, name)));
  for (const other of others) expect(other).toEqual(first);
}

describe('a leader that stops (reference 2.6, 6.5)', () => {
  test('is BAD, then FAILED; its follower leads with the same revisions, and writes go on', async () => {
    const { list } = await cluster.front.post('/_api/document/c', [{ _key: 'a' }, { _key: 'b' }]);
    const { servers, name } = cluster.shard('c');
    const [leader = '', follower = ''] = servers;
    const stopping = cluster.deployment.control.stop(leader);
    await stopping;
    expect(['BAD', 'FAILED']).toContain(await statusOf(leader));
    const written = await cluster.front.post('/_api/document/c', { _key: 'late' });
    expect(written.status).toBe(202);
    expect(await statusOf(leader)).toBe('FAILED');
    expect(cluster.shard('c')).toMatchObject({ servers: [follower, leader], inSync: [follower] });
    const revisions = [...list, written.json].map(({ _key, _rev }) => `${_key} ${_rev}`).sort();
    expect(await cluster.contents(follower, name)).toEqual(revisions);
  });

  test('comes back as a follower that catches up by ordinary inserts and removals of its own log', async () => {
    await cluster.front.post('/_api/document/c', [{ _key: 'a' }, { _key: 'b' }]);
    const { name, servers } = cluster.shard('c');
    const [leader = ''] = servers;
    const before = await cluster.tick(leader);
    await cluster.deployment.control.stop(leader);
    await cluster.front.post('/_api/document/c', { _key: 'new' });
    await cluster.front.delete('/_api/document/c/a');
    await cluster.front.put('/_api/document/c/b', { changed: true });
    await cluster.deployment.control.start(leader);
    await expectEqualReplicas();
    expect(cluster.shard('c').servers[1]).toBe(leader);
    expect(await statusOf(leader)).toBe('GOOD');
    const markers = await cluster.markers(leader, name, before);
    const written = markers.filter(({ type }) => type === 2300).map(({ data }) => data?._key);
    const removed = markers.filter(({ type }) => type === 2302).map(({ data }) => data?._key);
    expect(written.sort()).toEqual(['b', 'new']);
    expect(removed).toContain('a');
  });

  test('keeps its place when it is back before the grace time', async () => {
    const { servers } = cluster.shard('c');
    await cluster.deployment.control.restart(servers[0]);
    expect(cluster.shard('c').servers).toEqual(servers);
    expect((await cluster.front.post('/_api/document/c', {})).status).toBe(202);
    await expectEqualReplicas();
  });

  test('without a follower in sync: 503 until it is back', async () => {
    const { deployment } = await TestCluster.start({ failoverGraceMs: 1, backendWaitMs: 30 });
    const alone = new TestCluster(deployment);
    try {
      await alone.front.post('/_api/collection', { name: 'one' });
      const [leader] = alone.shard('one').servers;
      await deployment.control.stop(leader);
      expect(failureOf(await alone.front.post('/_api/document/one', {}))).toEqual([503, 1478]);
      await deployment.control.start(leader);
      expect((await alone.front.post('/_api/document/one', {})).status).toBe(202);
    } finally {
      await deployment.stop();
    }
  });

  test('new revisions are larger than all before the change', async () => {
    const letters = '-_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
    const order = (rev: unknown) =>
      [...(rev as string)].map((letter) => String.fromCharCode(letters.indexOf(letter))).join('');
    let last = '';
    for (let round = 0; round < 3; round++) {
      const { list } = await cluster.front.post(
        '/_api/document/c',
        Array.from({ length: 20 }, () => ({})),
      );
      for (const { _rev } of list) {
        expect(order(_rev) > last).toBe(true);
        last = order(_rev);
      }
      cluster.deployment.control.moveLeader({ collection: 'c' });
    }
  });
});

describe('followers that do not answer (4.5)', () => {
  test('fall out of sync and catch up when they return', async () => {
    const [, follower = ''] = cluster.shard('c').servers;
    cluster.deployment.control.freeze(follower);
    await cluster.front.post('/_api/document/c', [{ _key: 'a' }]);
    expect(cluster.shard('c').inSync).not.toContain(follower);
    cluster.deployment.control.thaw(follower);
    await expectEqualReplicas();
  });

  test('below the write concern the shard is read-only: 403/1004', async () => {
    await cluster.front.post('/_api/collection', { name: 'strict', replicationFactor: 2, writeConcern: 2 });
    const [, follower] = cluster.shard('strict').servers;
    await cluster.deployment.control.stop(follower, { failover: false });
    expect(failureOf(await cluster.front.post('/_api/document/strict', {}))).toEqual([403, 1004]);
    expect(failureOf(await cluster.front.put('/_api/collection/strict/truncate'))).toEqual([403, 1004]);
    expect((await cluster.front.get('/_api/collection/strict/count')).json.count).toBe(0);
    await cluster.deployment.control.start(follower);
    expect((await cluster.front.post('/_api/document/strict', {})).status).toBe(202);
  });

  test('a server that missed structure is brought in line', async () => {
    const { id } = cluster.deployment.dbServers[0] as { id: string };
    await cluster.front.post('/_api/collection', { name: 'dropped', numberOfShards: 3 });
    await cluster.front.post('/_api/database', { name: 'old' });
    await cluster.deployment.control.stop(id, { failover: false });
    await cluster.front.delete('/_api/collection/dropped');
    await cluster.front.delete('/_api/database/old');
    await cluster.front.post('/_api/database', { name: 'new' });
    await cluster.front.post('/_api/index?collection=c', { type: 'persistent', fields: ['n'] });
    await cluster.deployment.control.start(id);
    const client = cluster.dbServer(id);
    expect((await client.get('/_db/old/_api/collection')).status).toBe(404);
    expect((await client.get('/_db/new/_api/collection')).status).toBe(200);
    const { result } = (await client.get('/_api/collection')).json;
    for (const { name } of result as { name: string }[]) {
      const { indexes } = (await client.get(`/_api/index?collection=${name}`)).json;
      expect((indexes as unknown[]).length).toBe(name === cluster.shard('c').name ? 2 : 1);
    }
  });
});

describe('a server that lost power (S5, S6)', () => {
  test('as a leader: what it lost is lost on its followers too, and ticks are given again', async () => {
    await cluster.front.post('/_api/document/c?waitForSync=true', { _key: 'kept' });
    const { name, servers } = cluster.shard('c');
    const [leader = ''] = servers;
    const tick = await cluster.tick(leader);
    await cluster.front.post('/_api/document/c', { _key: 'lost' });
    await cluster.deployment.control.losePower(leader);
    expect(await cluster.tick(leader)).toBe(tick);
    expect((await cluster.front.get('/_api/document/c/lost')).status).toBe(404);
    await expectEqualReplicas();
    expect((await cluster.contents(leader, name)).map((line) => line.split(' ')[0])).toEqual(['kept']);
  });

  test('as a follower: it gets what it lost again', async () => {
    await cluster.front.post('/_api/document/c', [{ _key: 'a' }, { _key: 'b' }]);
    const [, follower = ''] = cluster.shard('c').servers;
    await cluster.deployment.control.losePower(follower);
    await expectEqualReplicas();
    expect((await cluster.front.get('/_api/collection/c/count')).json.count).toBe(2);
  });
});

describe('moves (2.7)', () => {
  test('moveShard takes a shard to another server, with those distributed like it', async () => {
    await cluster.front.post('/_api/collection', { name: 'like', distributeShardsLike: 'c' });
    await cluster.front.post('/_api/document/c', [{ _key: 'a' }, { _key: 'b' }]);
    const { name, servers } = cluster.shard('c');
    const [leader = ''] = servers;
    const free = cluster.deployment.dbServers.find(({ id }) => !servers.includes(id))?.id as string;
    const before = await cluster.tick(leader);
    const body = { database: '_system', collection: 'c', shard: name, fromServer: leader, toServer: free };
    const { status, json } = await cluster.front.post('/_admin/cluster/moveShard', body);
    expect(status).toBe(202);
    await until(async () => {
      const job = await cluster.front.get(`/_admin/cluster/queryAgencyJob?id=${json.id}`);
      return job.json.status === 'Finished';
    });
    expect(cluster.shard('c').servers).toEqual([free, servers[1]]);
    expect(cluster.shard('like').servers).toEqual([free, servers[1]]);
    await expectEqualReplicas();
    const { text } = await cluster.dbServer(leader).get(`/_api/wal/tail?from=${before}&includeSystem=true`);
    expect(text).toContain(`"type":2001`);
    expect((await cluster.front.post('/_api/document/c', { _key: 'd' })).status).toBe(202);
  });

  test('a move that cannot be is a failed job with its reason', async () => {
    const { name, servers } = cluster.shard('c');
    const body = {
      database: '_system',
      collection: 'c',
      shard: name,
      fromServer: servers[0] as string,
      toServer: servers[1] as string,
    };
    const { json } = await cluster.front.post('/_admin/cluster/moveShard', body);
    await until(async () => {
      const job = (await cluster.front.get(`/_admin/cluster/queryAgencyJob?id=${json.id}`)).json;
      return job.status === 'Failed' && JSON.stringify(job.job).includes('already');
    });
  });

  test('resignLeadership and cleanOutServer empty a server of leaders, and of shards', async () => {
    const [leader = ''] = cluster.shard('c').servers;
    await cluster.front.post('/_admin/cluster/resignLeadership', { server: leader });
    await until(() => cluster.shard('c').servers[0] !== leader);
    await cluster.front.post('/_admin/cluster/cleanOutServer', { server: leader });
    await until(() => !cluster.shard('c').servers.includes(leader));
    const { result } = (await cluster.dbServer(leader).get('/_api/collection')).json;
    expect(result).toEqual([]);
    await expectEqualReplicas();
    expect((await cluster.front.get('/_admin/cluster/numberOfServers')).json.cleanedServers).toEqual([leader]);
  });

  test('shardDistribution tells short names, as Plan and Current have them', async () => {
    const { results } = (await cluster.front.get('/_admin/cluster/shardDistribution')).json;
    const { name, servers } = cluster.shard('c');
    const { Health } = (await cluster.front.get('/_admin/cluster/health')).json;
    const short = servers.map((id) => (Health as Record<string, { ShortName: string }>)[id]?.ShortName);
    const expected = { [name]: { leader: short[0], followers: [short[1]] } };
    expect((results as Record<string, object>).c).toEqual({ Plan: expected, Current: expected });
  });
});

test('a frozen leader holds writes until it thaws', async () => {
  const [leader] = cluster.shard('c').servers;
  cluster.deployment.control.freeze(leader);
  let answered = false;
  const waiting = cluster.front.post('/_api/document/c', { _key: 'a' }).then((answer) => {
    answered = true;
    return answer;
  });
  await cluster.front.get('/_api/version');
  expect(answered).toBe(false);
  cluster.deployment.control.thaw(leader);
  expect((await waiting).status).toBe(202);
});

test('a frozen server without heartbeats is failed over', async () => {
  const [leader, follower] = cluster.shard('c').servers;
  cluster.deployment.control.freeze(leader, { heartbeats: false });
  expect((await cluster.front.post('/_api/document/c', { _key: 'a' })).status).toBe(202);
  expect(cluster.shard('c').servers).toEqual([follower, leader]);
  cluster.deployment.control.thaw(leader);
  await expectEqualReplicas();
});
