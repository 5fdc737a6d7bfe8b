import { expect } from 'vitest';
import { expectRefusal } from '../answer.ts';
import { fresh } from '../names.ts';
import type { Target } from '../target.ts';
import { startBatch } from './batches-and-dump.ts';

/** Reference 5.0, 6.5 and 8 at DB-Servers, asked directly. */
export function defineDbServerDirect(target: Target): void {
  if (!target.isCluster || !target.dbServersReachable) return;
  const { check } = target;
  const { dbServers } = target.facts;

  if (target.authentication) {
    check('5.0: a DB-Server takes the superuser token only, others are 401/11', async () => {
      for (const server of dbServers.values()) {
        expectRefusal(await target.request({ path: '/_api/version', server, as: 'root' }), 401, 11);
        expectRefusal(await target.request({ path: '/_api/version', server, as: 'nobody' }), 401, 11);
        expect((await target.request({ path: '/_api/version', server, as: 'superuser' })).status).toBe(200);
      }
    });
  }

  check('2.2: a DB-Server tells its role and its id', async () => {
    for (const [id, server] of dbServers) {
      const role = await target.request({ path: '/_admin/server/role', server, as: 'superuser' });
      expect(role.at('role')).toBe('PRIMARY');
      expect((await target.request({ path: '/_admin/server/id', server, as: 'superuser' })).at('id')).toBe(id);
    }
  });

  check('3.2: collections of a DB-Server are shards, c<plan>/s<n>', async () => {
    const name = await target.collection();
    const plan = (await target.ask(`GET /_api/collection/${name}`)).textAt('id');
    const home = await target.home(name);
    const list = (await home.ask('GET /_api/collection')).at('result') as { name: string }[];
    const shard = list.find((each) => each.name === home.name);
    expect(shard).toMatchObject({ globallyUniqueId: `c${plan}/${home.name}`, type: 2 });
    expect(list.map((each) => each.name)).not.toContain(name);
  });

  check('3.2: a collection cannot be made on a DB-Server: 501/1471', async () => {
    const home = await target.home(await target.collection());
    expectRefusal(await home.ask('POST /_api/collection', { name: fresh('c') }), 501, 1471);
  });

  check('5.2: inventory of a DB-Server lists shards with their planId and no views', async () => {
    const name = await target.collection();
    const plan = (await target.ask(`GET /_api/collection/${name}`)).textAt('id');
    const home = await target.home(name);
    const { id } = await startBatch(target, home);
    const answer = await home.ask(`GET /_api/replication/inventory?batchId=${id}&collection=${home.name}`);
    expect(answer.at('collections.0.parameters')).toMatchObject({
      name: home.name,
      planId: plan,
      globallyUniqueId: `c${plan}/${home.name}`,
    });
    expect(answer.at('views')).toEqual([]);
  });

  check('6.5: markers of a DB-Server have the cuid of the shard and the logical _id', async () => {
    const name = await target.collection();
    const plan = (await target.ask(`GET /_api/collection/${name}`)).textAt('id');
    const home = await target.home(name);
    const from = (await home.ask('GET /_api/wal/lastTick')).textAt('tick');
    await target.ask(`POST /_api/document/${name}`, { _key: 'k' });
    const { lines } = await home.ask(`GET /_api/wal/tail?from=${from}&collection=${home.name}`);
    expect(lines).toMatchObject([{ type: 2300, cuid: `c${plan}/${home.name}`, data: { _id: `${name}/k` } }]);
  });

  check('6.5: each server has the markers of its own shards, at its own ticks', async () => {
    const name = await target.collection({ numberOfShards: 6 });
    const keys = Array.from({ length: 40 }, (_, index) => ({ _key: `k${index}` }));
    await target.ask(`POST /_api/document/${name}`, keys);
    const shards = (await target.ask(`GET /_api/collection/${name}/shards?details=true`)).at('shards');
    let seen = 0;
    for (const [shard, [leader = '']] of Object.entries(shards as Record<string, string[]>)) {
      const server = dbServers.get(leader) ?? '';
      const path = `/_api/wal/tail?from=0&collection=${shard}`;
      const { lines } = await target.request({ path, server, as: 'superuser' });
      seen += lines.filter(({ type }) => type === 2300).length;
    }
    expect(seen).toBe(40);
  });

  check('5.4: an unknown collection of a dump on the server itself is 400/400', async () => {
    const home = await target.home(await target.collection());
    const { id } = await startBatch(target, home);
    expectRefusal(await home.ask(`GET /_api/replication/dump?collection=s999999999999&batchId=${id}`), 400, 400);
  });

  if (dbServers.size > 1) {
    check('6.5: follower shards are in the log of their server too, with equal revisions', async () => {
      const name = await target.collection({ replicationFactor: 2 });
      const rev = (await target.ask(`POST /_api/document/${name}`, { _key: 'k' })).textAt('_rev');
      const shards = (await target.ask(`GET /_api/collection/${name}/shards?details=true`)).at('shards');
      const [[shard, servers]] = Object.entries(shards as object) as [[string, string[]]];
      expect(servers.length).toBe(2);
      for (const id of servers) {
        const server = dbServers.get(id) ?? '';
        const path = `/_api/wal/tail?from=0&collection=${shard}`;
        const { lines } = await target.request({ path, server, as: 'superuser' });
        expect(lines.filter(({ type }) => type === 2300)).toMatchObject([{ data: { _key: 'k', _rev: rev } }]);
      }
    });

    const control = target.canMisbehave;
    if (control !== undefined) {
      check('6.5: after a move of the leader the other server leads, with the same revisions', async () => {
        const name = await target.collection({ replicationFactor: 2 });
        const rev = (await target.ask(`POST /_api/document/${name}`, { _key: 'k' })).textAt('_rev');
        const before = await target.home(name);
        const led = control.moveLeader({ collection: name });
        const after = await target.home(name);
        expect([after.serverId, after.name]).toEqual([led, before.name]);
        expect(after.serverId).not.toBe(before.serverId);
        expect((await target.ask(`GET /_api/document/${name}/k`)).at('_rev')).toBe(rev);
        expect((await target.ask(`POST /_api/document/${name}`, {})).status).toBe(202);
      });
    }
  }

  check('4.5: a bulk over shards keeps what other shards took when items of one fail', async () => {
    const name = await target.collection({ numberOfShards: 6 });
    await target.ask(`POST /_api/document/${name}`, { _key: 'k0' });
    const items = Array.from({ length: 30 }, (_, index) => ({ _key: `k${index}` }));
    const answer = await target.ask(`POST /_api/document/${name}`, items);
    expect([answer.status, answer.header('x-arango-error-codes')]).toEqual([202, '{"1210":1}']);
    expect((await target.ask(`GET /_api/collection/${name}/count`)).at('count')).toBe(30);
  });
}
