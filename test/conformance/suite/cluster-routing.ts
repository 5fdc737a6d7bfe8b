import { expect } from 'vitest';
import { expectRefusal } from '../answer.ts';
import type { Target } from '../target.ts';

/** Reference 5.0, 5.3, 4.5 and 6.1 at coordinators. */
export function defineClusterRouting(target: Target): void {
  if (target.isCluster) defineCoordinator(target);
  else defineSingle(target);
}

function defineCoordinator(target: Target): void {
  const { check } = target;

  async function leaderOf(collection: string): Promise<{ shard: string; leader: string }> {
    const answer = await target.ask(`GET /_api/collection/${collection}/shards?details=true`);
    const [[shard, [leader]]] = Object.entries(answer.at('shards') as object) as [[string, [string]]];
    return { shard, leader };
  }

  check('6.1: the log is 501/1470 at a coordinator', async () => {
    for (const call of ['range', 'lastTick', 'tail?from=0', 'open-transactions']) {
      expectRefusal(await target.ask(`GET /_api/wal/${call}`), 501, 1470);
    }
  });

  check('5.0: batch, inventory and dump without DBserver are 400/400', async () => {
    expectRefusal(await target.ask('POST /_api/replication/batch', { ttl: 60 }), 400, 400);
    expectRefusal(await target.ask('GET /_api/replication/inventory?batchId=1'), 400, 400);
    expectRefusal(await target.ask('GET /_api/replication/dump?collection=c&batchId=1'), 400, 400);
  });

  check('5.0: an unknown DBserver is 404/1449', async () => {
    expectRefusal(await target.ask('POST /_api/replication/batch?DBserver=PRMR-none', { ttl: 60 }), 404, 1449);
  });

  check('5.0: revision trees without DBserver are 501/1470', async () => {
    expectRefusal(await target.ask('GET /_api/replication/revisions/tree?collection=c&batchId=1'), 501, 1470);
    expectRefusal(await target.ask('PUT /_api/replication/revisions/ranges?collection=c&batchId=1', []), 501, 1470);
  });

  check('5.0: batch and dump are forwarded with DBserver, and tell to whom', async () => {
    const name = await target.collection();
    await target.ask(`POST /_api/document/${name}`, { _key: 'k' });
    const { shard, leader } = await leaderOf(name);
    const batch = await target.ask(`POST /_api/replication/batch?DBserver=${leader}`, { ttl: 60 });
    expect([batch.status, batch.header('x-arango-request-forwarded-to')]).toEqual([200, leader]);
    const id = batch.textAt('id');
    const path = `/_api/replication/dump?collection=${shard}&batchId=${id}&DBserver=${leader}&useEnvelope=false`;
    const dump = await target.ask(`GET ${path}`);
    expect(dump.lines).toMatchObject([{ _key: 'k' }]);
    const extended = await target.ask(`PUT /_api/replication/batch/${id}?DBserver=${leader}`, { ttl: 60 });
    expect(extended.status).toBe(204);
    expect((await target.ask(`DELETE /_api/replication/batch/${id}?DBserver=${leader}`)).status).toBe(204);
  });

  check('5.4: a dump through a coordinator of an unknown shard, or by the logical name, is 404/1203', async () => {
    const logical = await target.collection();
    const { leader } = await leaderOf(logical);
    const batch = await target.ask(`POST /_api/replication/batch?DBserver=${leader}`, { ttl: 60 });
    const id = batch.textAt('id');
    target.dropLater(`/_api/replication/batch/${id}?DBserver=${leader}`);
    for (const name of ['s999999999999', logical]) {
      const path = `/_api/replication/dump?collection=${name}&batchId=${id}&DBserver=${leader}`;
      expectRefusal(await target.ask(`GET ${path}`), 404, 1203);
    }
  });

  check('5.0: of 3.12.10 on, inventory and trees are no longer forwarded', async () => {
    const { shard, leader } = await leaderOf(await target.collection());
    const inventory = await target.ask(`GET /_api/replication/inventory?batchId=1&DBserver=${leader}`);
    expect(inventory.status).toBeGreaterThanOrEqual(400);
    expect(inventory.header('x-arango-request-forwarded-to')).toBe('');
    const path = `/_api/replication/revisions/tree?collection=${shard}&batchId=1&DBserver=${leader}`;
    const tree = await target.ask(`GET ${path}`);
    expect(tree.status).toBeGreaterThanOrEqual(400);
    expect(tree.header('x-arango-request-forwarded-to')).toBe('');
  });

  check('5.3: clusterInventory tells collections with shards and servers', async () => {
    const name = await target.collection({ numberOfShards: 3, type: 3 });
    await target.ask(`POST /_api/index?collection=${name}`, { type: 'persistent', fields: ['a'], name: 'mine' });
    const answer = await target.ask('GET /_api/replication/clusterInventory');
    const collections = answer.at('collections') as { parameters: { name: string } }[];
    const found = collections.find(({ parameters }) => parameters.name === name);
    expect(found).toMatchObject({
      parameters: { name, type: 3, deleted: false, numberOfShards: 3, shardKeys: ['_key'], shardingStrategy: 'hash' },
      indexes: [{ type: 'persistent', name: 'mine' }],
      planVersion: 1,
      isReady: true,
      allInSync: true,
    });
    expect(answer.at('properties')).toMatchObject({ name: '_system', id: '1' });
    expect(answer.at('state')).toBe('unused');
    expect(answer.textAt('tick')).toMatch(/^\d+$/);
  });

  check('5.3: distributeShardsLike is a name in clusterInventory', async () => {
    const prototype = await target.collection({ numberOfShards: 2 });
    const name = await target.collection({ numberOfShards: 2, distributeShardsLike: prototype });
    const answer = await target.ask(`GET /_api/replication/clusterInventory?collection=${name}`);
    expect(answer.at('collections.0.parameters.distributeShardsLike')).toBe(prototype);
    await target.ask(`DELETE /_api/collection/${name}`);
  });

  check('5.3: collection= limits it, includeSystem=false leaves system collections out', async () => {
    const name = await target.collection();
    const one = await target.ask(`GET /_api/replication/clusterInventory?collection=${name}`);
    expect(one.at('collections')).toHaveLength(1);
    const all = await target.ask('GET /_api/replication/clusterInventory?includeSystem=false');
    const names = (all.at('collections') as { parameters: { name: string } }[]).map((c) => c.parameters.name);
    expect(names).toContain(name);
    expect(names.filter((each) => each.startsWith('_'))).toEqual([]);
  });

  check('3.6: statistics and frontend are never in an inventory, queues only on demand', async () => {
    const names = async (query: string) => {
      const answer = await target.ask(`GET /_api/replication/clusterInventory${query}`);
      return (answer.at('collections') as { parameters: { name: string } }[]).map((c) => c.parameters.name);
    };
    const listed = await names('');
    expect(listed).toEqual(expect.arrayContaining(['_graphs', '_analyzers']));
    expect(listed.filter((name) => /^_(statistics|frontend|queues|jobs)/.test(name))).toEqual([]);
  });

  check('4.5: a key lies in the shard that responsibleShard tells', async () => {
    const name = await target.collection({ numberOfShards: 4 });
    const keys = Array.from({ length: 20 }, (_, index) => `key${index}`);
    await target.ask(
      `POST /_api/document/${name}`,
      keys.map((_key) => ({ _key })),
    );
    const wanted: Record<string, number> = {};
    for (const _key of keys) {
      const shard = (await target.ask(`PUT /_api/collection/${name}/responsibleShard`, { _key })).textAt('shardId');
      wanted[shard] = (wanted[shard] ?? 0) + 1;
    }
    const counts = (await target.ask(`GET /_api/collection/${name}/count?details=true`)).at('count');
    expect(counts).toMatchObject(wanted);
  });

  check('4.5: other shard keys decide the shard, and must not change: 400/1469', async () => {
    const name = await target.collection({ numberOfShards: 3, shardKeys: ['s'] });
    const key = (await target.ask(`POST /_api/document/${name}`, { s: 'a' })).textAt('_key');
    expect((await target.ask(`GET /_api/document/${name}/${key}`)).at('s')).toBe('a');
    expectRefusal(await target.ask(`PUT /_api/document/${name}/${key}`, { s: 'b' }), 400, 1469);
    expect((await target.ask(`PATCH /_api/document/${name}/${key}`, { x: 1 })).status).toBe(202);
  });

  check('5.6: a parallel dump at a coordinator needs dbserver: 400/10', async () => {
    const { shard } = await leaderOf(await target.collection());
    expectRefusal(await target.ask('POST /_api/dump/start', { shards: [shard] }), 400, 10);
  });

  const [, second] = target.facts.endpoints;
  if (second === undefined) return;

  check('4.7: a transaction goes on at another coordinator', async () => {
    const name = await target.collection();
    const id = (await target.ask('POST /_api/transaction/begin', { collections: { write: name } })).textAt('result.id');
    const headers = { 'x-arango-trx-id': id };
    const path = `/_api/document/${name}`;
    const write = await target.request({ method: 'POST', path, body: { _key: 'k' }, headers, server: second });
    expect(write.status).toBe(202);
    const commit = await target.request({ method: 'PUT', path: `/_api/transaction/${id}`, server: second });
    expect(commit.at('result.status')).toBe('committed');
    expect((await target.ask(`GET ${path}/k`)).status).toBe(200);
  });
}

function defineSingle(target: Target): void {
  const { check } = target;

  check('5.3: clusterInventory on a single server is 403/1471', async () => {
    expectRefusal(await target.ask('GET /_api/replication/clusterInventory'), 403, 1471);
  });

  check('2.6: cluster health on a single server is an error', async () => {
    const answer = await target.ask('GET /_admin/cluster/health');
    expect([403, 501]).toContain(answer.status);
  });

  check('2.7: the endpoints of a cluster are 501 on a single server', async () => {
    expect((await target.ask('GET /_api/cluster/endpoints')).status).toBe(501);
  });
}
