import { expect, test } from 'vitest';
import { TestCluster } from './cluster-client.ts';

/** A generator of numbers in [0, 1) from a seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SHARDS = 3;
const STEPS = 120;

test.each([1, 2, 3])(
  'seed %i: writes under stops, moves and freezes are never lost, replicas stay equal',
  async (seed) => {
    const random = seeded(seed);
    const below = (limit: number) => Math.floor(random() * limit);
    const cluster = await TestCluster.start({ dbServers: 4, failoverGraceMs: 1 });
    const { control, dbServers } = cluster.deployment;
    const model = new Map<string, number>();
    let away: string | undefined;

    const bringBack = async () => {
      if (away === undefined) return;
      control.thaw(away);
      await control.start(away);
      away = undefined;
    };

    const write = async () => {
      const front = cluster.coordinator(below(2));
      const key = `k${below(40)}`;
      const n = below(1_000_000);
      if (random() < 0.3) {
        await front.delete('/_api/document/c', [key]);
        model.delete(key);
      } else if (random() < 0.5) {
        const { list } = await front.post('/_api/document/c?overwriteMode=replace', [
          { _key: key, n },
          { n, _key: `${key}x` },
        ]);
        expect(list.map(({ _key }) => _key)).toEqual([key, `${key}x`]);
        model.set(key, n).set(`${key}x`, n);
      } else {
        const answer = await front.patch(`/_api/document/c/${key}`, { n });
        expect(answer.status).toBe(model.has(key) ? 202 : 404);
        if (model.has(key)) model.set(key, n);
      }
    };

    const disturb = async () => {
      const shard = below(SHARDS);
      const server = dbServers[below(dbServers.length)]?.id as string;
      switch (below(6)) {
        case 0:
          await bringBack();
          await control.stop(server);
          away = server;
          break;
        case 1:
          await bringBack();
          control.freeze(server, { heartbeats: false });
          away = server;
          break;
        case 2:
          await bringBack();
          control.moveLeader({ collection: 'c', shard });
          break;
        case 3:
          await bringBack();
          await control.restart(server);
          break;
        case 4: {
          await bringBack();
          const { servers } = control.shard({ collection: 'c', shard });
          const free = dbServers.find(({ id }) => !servers.includes(id))?.id as string;
          control.moveShard({ collection: 'c', shard }, servers[below(servers.length)] as string, free);
          break;
        }
        default:
          await bringBack();
      }
    };

    try {
      await cluster.front.post('/_api/collection', { name: 'c', numberOfShards: SHARDS, replicationFactor: 2 });
      for (let step = 0; step < STEPS; step++) {
        if (random() < 0.25) await disturb();
        await write();
      }
      await bringBack();
      const keys = [...model.keys()].sort();
      const { list } = await cluster.front.put('/_api/document/c?onlyget=true', keys);
      expect(new Map(list.map(({ _key, n }) => [_key, n]))).toEqual(new Map(keys.map((key) => [key, model.get(key)])));
      expect((await cluster.front.get('/_api/collection/c/count')).json.count).toBe(model.size);
      for (let index = 0; index < SHARDS; index++) {
        const { name, servers, inSync } = control.shard({ collection: 'c', shard: index });
        expect([...inSync].sort()).toEqual([...servers].sort());
        const [leader, follower] = await Promise.all(servers.map((server) => cluster.contents(server, name)));
        expect(follower).toEqual(leader);
      }
    } finally {
      await cluster.deployment.stop();
    }
  },
);
