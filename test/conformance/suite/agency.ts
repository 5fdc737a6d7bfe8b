import { expect } from 'vitest';
import { type Answer, expectRefusal } from '../answer.ts';
import type { Target } from '../target.ts';

/** Reference 2.8: what of the Plan and Current a replicator or an operator reads from the agents. */
export function defineAgency(target: Target): void {
  if (!target.isCluster || !target.dbServersReachable) return;
  const { check } = target;

  async function read(...paths: readonly string[]): Promise<Answer> {
    const server = await agent();
    return target.request({ method: 'POST', path: '/_api/agency/read', body: [paths], server, as: 'superuser' });
  }

  /** The URL of the leading agent, by the health of the cluster. */
  async function agent(): Promise<string> {
    const health = (await target.ask('GET /_admin/cluster/health')).at('Health');
    const servers = Object.values(health as Record<string, { Role: string; Endpoint: string; Leading?: boolean }>);
    const leader = servers.find(({ Role, Leading }) => Role.toLowerCase() === 'agent' && Leading === true);
    if (leader === undefined) throw new Error('no agent leads');
    return leader.Endpoint.replace(/^tcp:/, 'http:').replace(/^ssl:/, 'https:');
  }

  check('2.8: a read answers one tree from the root per query', async () => {
    const answer = await read('/arango/Plan/Version', '/arango/Current/Version');
    expect([answer.status, answer.body]).toEqual([
      200,
      [{ arango: { Plan: { Version: expect.any(Number) }, Current: { Version: expect.any(Number) } } }],
    ]);
  });

  check('2.8: a missing path is {} at the deepest level there is', async () => {
    expect((await read('/arango/Plan/NoSuch')).body).toEqual([{ arango: { Plan: {} } }]);
    expect((await read('/no-such')).body).toEqual([{}]);
  });

  check('2.8: the Plan has a collection with its shards, the prototype as an id', async () => {
    const prototype = await target.collection({ numberOfShards: 2 });
    const name = await target.collection({ numberOfShards: 2, distributeShardsLike: prototype });
    const [id, like] = [await idOf(name), await idOf(prototype)];
    const path = `/arango/Plan/Collections/_system/${id}`;
    const planned = (await read(path)).at(`0.arango.Plan.Collections._system.${id}`);
    expect(planned).toMatchObject({ id, name, distributeShardsLike: like, numberOfShards: 2, shardKeys: ['_key'] });
    await target.ask(`DELETE /_api/collection/${name}`);
  });

  check('2.8: Current tells the servers of each shard in sync, the leader first', async () => {
    const name = await target.collection();
    const id = await idOf(name);
    const home = await target.home(name);
    const answer = await read(`/arango/Current/Collections/_system/${id}`);
    const current = answer.at(`0.arango.Current.Collections._system.${id}.${home.name}`);
    expect(current).toMatchObject({ servers: [home.serverId], error: false, errorNum: 0 });
  });

  check('2.8: the version of the Plan rises with each change', async () => {
    const version = async () => (await read('/arango/Plan/Version')).at('0.arango.Plan.Version') as number;
    const before = await version();
    await target.collection();
    expect(await version()).toBeGreaterThan(before);
  });

  if (target.authentication) {
    check('2.8: agents take the superuser token only, others are 401/11', async () => {
      const call = { method: 'POST', path: '/_api/agency/read', body: [['/arango']], server: await agent() };
      expectRefusal(await target.request({ ...call, as: 'root' }), 401, 11);
      expectRefusal(await target.request({ ...call, as: 'nobody' }), 401, 11);
    });
  }

  async function idOf(collection: string): Promise<string> {
    return (await target.ask(`GET /_api/collection/${collection}`)).textAt('id');
  }
}
