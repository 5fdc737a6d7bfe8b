import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestSource, until } from './harness.ts';
import type { Replica } from './replica.ts';

let source: TestSource;

beforeEach(async () => {
  source = await TestSource.start({ mode: 'cluster', dbServers: 3, coordinators: 2, failoverGraceMs: 50 });
});

afterEach(async () => {
  await source.stop();
});

const documents = (count: number, from = 0, more: object = {}) =>
  Array.from({ length: count }, (_, index) => ({ _key: `k${from + index}`, n: from + index, ...more }));

async function allEqual(collection: string, replicas: readonly Replica[]): Promise<void> {
  for (const [index, replica] of replicas.entries()) {
    const { name, servers } = source.embedded.control.shard({ collection, shard: index });
    await source.equal(replica, name, servers[0]);
  }
}

describe('shards of a cluster', () => {
  test('of many shards and replicas every document comes once', async () => {
    await source.createCollection('c', { numberOfShards: 9, replicationFactor: 3 });
    await source.write('c', documents(2000));
    const replicas = await source.follow('c', 9);
    await allEqual('c', replicas);
    for (let round = 0; round < 10; round += 1) await source.write('c', documents(300, round * 100, { round }));
    await source.remove('c', ['k1', 'k5', 'k7', 'k900']);
    await allEqual('c', replicas);
    expect(replicas.map(({ copies }) => copies)).toEqual(Array(9).fill(1));
    const total = replicas.reduce((sum, { operations }) => sum + operations, 0);
    expect(total).toBe(3004);
  });

  test('one reader per server: floors tell of every server', async () => {
    await source.createCollection('c', { numberOfShards: 9 });
    const replicas = await source.follow('c', 9);
    await until('floors', () => replicas.every(({ floors }) => floors > 0));
    const servers = new Set(source.receiver.floors.map(({ dbServer }) => dbServer));
    expect(servers.size).toBe(3);
  });

  test('another leader: the shard is opened again there, and is copied', async () => {
    await source.createCollection('c', { numberOfShards: 2, replicationFactor: 2 });
    await source.write('c', documents(500));
    const replicas = await source.follow('c', 2);
    await allEqual('c', replicas);
    source.embedded.control.moveLeader({ collection: 'c', shard: 0 });
    await source.write('c', documents(500, 400));
    await until('the new leader', () => replicas[0]?.copies === 2);
    await allEqual('c', replicas);
    expect(replicas[0]?.last('opened')?.reason).toMatch(/is led by PRMR-.* now/);
    expect(replicas[1]?.copies).toBe(1);
  });

  test('a restart of a DB-Server costs no copy', async () => {
    await source.createCollection('c', { numberOfShards: 3 });
    await source.write('c', documents(500));
    const replicas = await source.follow('c', 3);
    await allEqual('c', replicas);
    await until('floors', () => replicas.every(({ floors }) => floors > 0));
    for (const { id } of source.embedded.dbServers) await source.embedded.control.restart(id);
    await until('writes again', () =>
      source.write('c', documents(500, 300)).then(
        () => true,
        () => false,
      ),
    );
    await allEqual('c', replicas);
    expect(replicas.map(({ copies }) => copies)).toEqual([1, 1, 1]);
  });

  test('a DB-Server that is gone: its shards go on from their next leader', async () => {
    await source.createCollection('c', { numberOfShards: 3, replicationFactor: 2 });
    await source.write('c', documents(500));
    const replicas = await source.follow('c', 3);
    await allEqual('c', replicas);
    const [leader = ''] = source.embedded.control.shard({ collection: 'c', shard: 0 }).servers;
    await source.embedded.control.stop(leader);
    await until('writes again', () =>
      source.write('c', documents(500, 300)).then(
        () => true,
        () => false,
      ),
    );
    await allEqual('c', replicas);
    expect(replicas[0]?.last('opened')?.dbServer).not.toBe(leader);
  });

  test('S5: a DB-Server that lost its log’s end: its shards are copied', async () => {
    await source.createCollection('c', { numberOfShards: 1, replicationFactor: 1 });
    await source.write('c', documents(100));
    const [replica] = await source.follow('c', 1);
    if (replica === undefined) throw new Error('no replica');
    await allEqual('c', [replica]);
    const { name, servers } = source.embedded.control.shard({ collection: 'c' });
    await source.write('c', documents(5, 0, { durable: true }), true);
    await source.write('c', documents(5, 0, { lost: true }));
    await source.equal(replica, name, servers[0]);
    await source.embedded.control.losePower(servers[0]);
    await until('writes again', () =>
      source.write('c', documents(50, 200)).then(
        () => true,
        () => false,
      ),
    );
    await source.equal(replica, name, servers[0]);
  });
});
