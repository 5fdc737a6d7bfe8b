import { expect } from 'vitest';
import { expectRefusal, expectStatus } from '../answer.ts';
import type { Home, Target } from '../target.ts';

/** Makes a batch on the server of a collection, deleted after the check. */
export async function startBatch(target: Target, home: Home): Promise<{ id: string; lastTick: string }> {
  const answer = expectStatus(await home.ask('POST /_api/replication/batch', { ttl: 60 }), 200);
  const id = answer.textAt('id');
  target.dropLater(`/_api/replication/batch/${id}${target.isCluster ? `?DBserver=${home.serverId}` : ''}`);
  return { id, lastTick: answer.textAt('lastTick') };
}

/** Reference 5.1, 5.2, 5.4, 5.6 and 5.7, at the server that stores the data. */
export function defineBatchesAndDump(target: Target): void {
  if (!target.storageReachable) return;
  const { check, isCluster } = target;

  async function filled(count: number): Promise<{ name: string; home: Home }> {
    const name = await target.collection();
    const documents = Array.from({ length: count }, (_, index) => ({ _key: `k${index}`, pad: 'x'.repeat(100) }));
    await target.ask(`POST /_api/document/${name}`, documents);
    return { name, home: await target.home(name) };
  }
  const dump = (home: Home, id: string, query = '') =>
    home.ask(`GET /_api/replication/dump?collection=${home.name}&batchId=${id}${query}`);

  check('5.1: POST batch answers id and lastTick as texts, bare', async () => {
    const { home } = await filled(1);
    const answer = await home.ask('POST /_api/replication/batch', { ttl: 60 });
    expect([answer.status, answer.body]).toEqual([
      200,
      { id: expect.stringMatching(/^\d+$/), lastTick: expect.stringMatching(/^\d+$/) },
    ]);
    expect((await home.ask(`DELETE /_api/replication/batch/${answer.textAt('id')}`)).status).toBe(204);
  });

  check('5.1: state=true adds state, server and clients', async () => {
    const { home } = await filled(1);
    const answer = await home.ask('POST /_api/replication/batch?state=true', { ttl: 60 });
    expect(answer.at('state')).toMatchObject({
      state: { running: true, lastLogTick: answer.at('lastTick') },
      server: { engine: 'rocksdb', serverId: expect.stringMatching(/^\d+$/) },
      clients: expect.any(Array),
    });
    await home.ask(`DELETE /_api/replication/batch/${answer.textAt('id')}`);
  });

  check('5.1: a batch is extended and deleted with 204, then gone', async () => {
    const { home } = await filled(1);
    const id = (await home.ask('POST /_api/replication/batch', { ttl: 60 })).textAt('id');
    const path = `/_api/replication/batch/${id}`;
    expect((await home.ask(`PUT ${path}`, { ttl: 60 })).status).toBe(204);
    expect((await home.ask(`DELETE ${path}`)).status).toBe(204);
    expect((await home.ask(`PUT ${path}`, { ttl: 60 })).status).toBeGreaterThanOrEqual(400);
    expect((await home.ask(`DELETE ${path}`)).status).toBeGreaterThanOrEqual(400);
  });

  check('5.1: a batch is a snapshot: later writes are not in its dump', async () => {
    const { name, home } = await filled(2);
    const { id } = await startBatch(target, home);
    await target.ask(`POST /_api/document/${name}`, { _key: 'later' });
    await target.ask(`DELETE /_api/document/${name}/k0`);
    const { lines } = await dump(home, id, '&useEnvelope=false');
    expect(lines.map(({ _key }) => _key)).toEqual(['k0', 'k1']);
  });

  check('5.1: a tail from the lastTick of a batch goes on exactly behind the snapshot', async () => {
    const { name, home } = await filled(2);
    const { lastTick } = await startBatch(target, home);
    await target.ask(`POST /_api/document/${name}`, { _key: 'later' });
    const { lines } = await home.ask(`GET /_api/wal/tail?from=${lastTick}&collection=${home.name}`);
    expect(lines.map(({ data }) => data?._key)).toEqual(['later']);
  });

  check('5.4: a dump has an envelope of type 2300 per line, in the order stored', async () => {
    const { name, home } = await filled(2);
    const answer = await dump(home, (await startBatch(target, home)).id);
    expect(answer.header('content-type')).toMatch(/^application\/x-arango-dump/);
    const data = { _key: 'k0', _id: `${name}/k0`, _rev: expect.any(String), pad: expect.any(String) };
    expect(answer.lines[0]).toEqual({ type: 2300, data });
    expect(Object.keys(answer.lines[0]?.data ?? {})).toEqual(['_key', '_id', '_rev', 'pad']);
    expect(answer.text.endsWith('\n')).toBe(true);
  });

  check('5.4: useEnvelope=false gives bare documents, with the logical _id', async () => {
    const { name, home } = await filled(1);
    const { lines } = await dump(home, (await startBatch(target, home)).id, '&useEnvelope=false');
    expect(lines[0]).toMatchObject({ _key: 'k0', _id: `${name}/k0` });
  });

  check('5.4: edges are of type 2300 too', async () => {
    const name = await target.collection({ type: 3 });
    await target.ask(`POST /_api/document/${name}`, { _key: 'e', _from: 'v/1', _to: 'v/2' });
    const home = await target.home(name);
    const { lines } = await dump(home, (await startBatch(target, home)).id);
    expect(lines).toMatchObject([{ type: 2300, data: { _from: 'v/1', _to: 'v/2' } }]);
  });

  check('5.4: nothing is 204 with the headers and lastincluded 0', async () => {
    const { home } = await filled(0);
    const answer = await dump(home, (await startBatch(target, home)).id);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.header('x-arango-replication-checkmore')).toBe('false');
    expect(answer.header('x-arango-replication-lastincluded')).toBe('0');
  });

  check('5.4: chunks go on per batch until checkmore is false, every document once', async () => {
    const { home } = await filled(300);
    const { id } = await startBatch(target, home);
    const keys: unknown[] = [];
    const chunks: string[] = [];
    for (;;) {
      const answer = await dump(home, id, '&chunkSize=4096&useEnvelope=false');
      keys.push(...answer.lines.map(({ _key }) => _key));
      chunks.push(answer.header('x-arango-replication-lastincluded'));
      if (answer.header('x-arango-replication-checkmore') === 'false') break;
    }
    expect(keys.length).toBe(300);
    expect(new Set(keys).size).toBe(300);
    expect(chunks.length).toBeGreaterThan(5);
    expect((await dump(home, id)).status).toBe(204);
    const other = await startBatch(target, home);
    expect((await dump(home, other.id)).lines.length).toBe(300);
  });

  check('5.4: a dump is ordered by revision, not by key', async () => {
    const name = await target.collection();
    const documents = [
      { _key: 'a', _rev: '_g69jY----E' },
      { _key: 'b', _rev: '_g69jY-----' },
      { _key: 'c', _rev: '_g69jY----D' },
    ];
    await target.ask(`POST /_api/document/${name}?isRestore=true`, documents);
    const home = await target.home(name);
    const { lines } = await dump(home, (await startBatch(target, home)).id, '&useEnvelope=false');
    expect(lines.map(({ _key }) => _key)).toEqual(['b', 'c', 'a']);
  });

  check('5.4: a missing collection is 400/400, a missing or unknown batch 404/400', async () => {
    const { home } = await filled(1);
    const { id } = await startBatch(target, home);
    expectRefusal(await home.ask(`GET /_api/replication/dump?batchId=${id}`), 400, 400);
    expectRefusal(await home.ask(`GET /_api/replication/dump?collection=${home.name}`), 404, 400);
    expectRefusal(await dump(home, '123456789012'), 404, 400);
  });

  check('5.2: inventory without a batch, or with an unknown one, is 404/1600', async () => {
    const { home } = await filled(0);
    expectRefusal(await home.ask('GET /_api/replication/inventory'), 404, 1600);
    expectRefusal(await home.ask('GET /_api/replication/inventory?batchId=123456789012'), 404, 1600);
  });

  check('5.2: inventory tells collections with their indexes, the state at the snapshot and a tick', async () => {
    const { name, home } = await filled(1);
    await target.ask(`POST /_api/index?collection=${name}`, { type: 'persistent', fields: ['a'], name: 'mine' });
    const { id, lastTick } = await startBatch(target, home);
    const answer = await home.ask(`GET /_api/replication/inventory?batchId=${id}`);
    const collections = answer.at('collections') as { parameters: { name: string }; indexes: unknown }[];
    const found = collections.find(({ parameters }) => parameters.name === home.name);
    expect(found?.indexes).toMatchObject([{ type: 'persistent', name: 'mine', id: expect.stringMatching(/^\d+$/) }]);
    expect(found?.parameters).toMatchObject({ deleted: false, status: 3, type: 2, syncByRevision: true });
    for (const attribute of ['objectId', 'path', 'statusString', 'indexes']) {
      expect(found?.parameters).not.toHaveProperty(attribute);
    }
    expect(answer.at('state.lastLogTick')).toBe(lastTick);
    expect(answer.textAt('tick')).toMatch(/^\d+$/);
  });

  check('5.2: collection= limits an inventory, global outside _system is 403/11', async () => {
    const { home } = await filled(0);
    const { id } = await startBatch(target, home);
    const one = await home.ask(`GET /_api/replication/inventory?batchId=${id}&collection=${home.name}`);
    expect(one.at('collections')).toMatchObject([{ parameters: { name: home.name } }]);
    const database = await target.database();
    const global = `GET /_db/${database}/_api/replication/inventory?batchId=${id}&global=true`;
    expectRefusal(await home.ask(global), 403, 11);
    const all = await home.ask(`GET /_api/replication/inventory?batchId=${id}&global=true`);
    expect(all.at('databases')).toHaveProperty('_system');
  });

  check('5.3: clusterInventory elsewhere than on a coordinator is 403/1471', async () => {
    const { home } = await filled(0);
    expectRefusal(await home.ask('GET /_api/replication/clusterInventory'), 403, 1471);
  });

  check('5.7: the logger state tells ticks, server and clients', async () => {
    const { home } = await filled(1);
    const answer = await home.ask('GET /_api/replication/logger-state');
    expect(answer.body).toMatchObject({
      state: { running: true, lastLogTick: expect.stringMatching(/^\d+$/), totalEvents: expect.any(Number) },
      server: { version: expect.any(String), serverId: expect.stringMatching(/^\d+$/), engine: 'rocksdb' },
      clients: expect.any(Array),
    });
  });

  if (isCluster) return;

  check('5.6: a parallel dump repeats a batch that is asked for again', async () => {
    const { name, home } = await filled(5);
    const body = { shards: [name], docsPerBatch: 2, batchSize: 1024, prefetchCount: 1, parallelism: 1, ttl: 60 };
    const started = await home.ask('POST /_api/dump/start', body);
    const id = started.header('x-arango-dump-id');
    target.dropLater(`/_api/dump/${id}`);
    expect(started.status).toBe(201);
    const next = () => home.ask(`POST /_api/dump/next/${id}?batchId=1`);
    const [first, again] = [await next(), await next()];
    expect([first.status, first.header('x-arango-dump-shard-id')]).toEqual([200, name]);
    expect(again.text).toBe(first.text);
    expect(first.lines[0]).toMatchObject({ _key: expect.any(String), _rev: expect.any(String) });
    expect((await home.ask(`DELETE /_api/dump/${id}`)).status).toBe(200);
    expect((await next()).status).toBe(404);
  });
}
