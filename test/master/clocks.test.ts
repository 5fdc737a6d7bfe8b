import { afterEach, describe, expect, it } from 'vitest';
import { type ConnectedDeployment, connectDeployment } from '../../src/adapters/arangodb/deployment.ts';
import { type EmbeddedDeployment, type EmbeddedOptions, startEmbedded } from '../../src/adapters/embedded/index.ts';
import { newestRevision } from '../../src/master/clocks/newest-revision.ts';
import { raiseClocks } from '../../src/master/clocks/raise-clocks.ts';
import { renewClocks } from '../../src/master/clocks/renew-clocks.ts';
import { placeShards } from '../../src/master/structure/place-shards.ts';
import { compareRevisions, encodeRevision } from '../../src/replication/revision.ts';

const SECRET = 'a secret of the test';
const HOUR_MS = 3_600_000;
const signal = new AbortController().signal;
const cluster = { mode: 'cluster', dbServers: 3, coordinators: 2 } as const;

let embedded: EmbeddedDeployment | undefined;
let deployment: ConnectedDeployment;

afterEach(async () => {
  await deployment.close();
  await embedded?.stop();
});

/** A target whose clock is behind by so much, with a collection of 5 shards. */
async function startTarget(options: EmbeddedOptions, behindMs: number): Promise<EmbeddedDeployment> {
  const environment = { now: () => Date.now() - behindMs, random: Math.random };
  embedded = await startEmbedded({ ...options, environment, auth: { jwtSecret: SECRET } });
  const credentials = { kind: 'secret', jwtSecret: SECRET } as const;
  deployment = await connectDeployment({ endpoints: embedded.endpoints, credentials, verify: false });
  await create('c', { numberOfShards: 5, replicationFactor: 2 });
  return embedded;
}

function create(name: string, more: object): Promise<unknown> {
  return deployment.front.json({ method: 'POST', path: '/_api/collection', body: { name, ...more } });
}

const shards = (collection = 'c') =>
  [0, 1, 2, 3, 4].map((shardIndex) => ({ database: '_system', collection, shardIndex }));

const OLD = { syncByRevision: false, usesRevisionsAsDocumentIds: false };

/** Replicates documents with revisions of this time into the target. */
async function restore(collection: string, atMs: number, keys: readonly string[]): Promise<string> {
  const revisions = keys.map((_, index) => encodeRevision((BigInt(atMs) << 20n) + BigInt(index)));
  await deployment.front.json({
    method: 'POST',
    path: `/_api/document/${collection}`,
    query: { isRestore: true, overwriteMode: 'replace' },
    body: keys.map((_key, index) => ({ _key, _rev: revisions[index] })),
  });
  return revisions.at(-1) ?? '';
}

/** What a user writes, through any coordinator. */
async function write(collection = 'c', count = 40): Promise<{ readonly _rev: string; readonly _key: string }[]> {
  const path = `/_api/document/${collection}`;
  return await deployment.front.json({ method: 'POST', path, body: Array.from({ length: count }, () => ({})) });
}

const keys = Array.from({ length: 100 }, (_, index) => `k${index}`);

describe.each([
  ['a cluster', cluster],
  ['a single server', { mode: 'single' }],
] as const)('S16: %s', (_, options) => {
  it('whose clocks lag gives newer revisions than it holds, everywhere, and leaves nothing behind', async () => {
    await startTarget(options, 2 * HOUR_MS);
    const newest = await restore('c', Date.now(), keys);
    // Without the rule: revisions that replicated documents may have.
    expect(compareRevisions((await write())[0]?._rev ?? '', newest)).toBeLessThan(0);
    const own = options.mode === 'single' ? shards().slice(0, 1) : shards();
    expect(await renewClocks(deployment, own, Date.now() - 2 * HOUR_MS, signal)).toBe(newest);
    for (const { _rev } of await write()) expect(compareRevisions(_rev, newest)).toBeGreaterThan(0);
    const { result } = await deployment.front.json<{ result: { name: string }[] }>({
      method: 'GET',
      path: '/_api/collection',
    });
    expect(result.map(({ name }) => name)).not.toContain('_sync_probe');
  });
});

describe('S16: a target', () => {
  it('has newer revisions also after its followers took over', async () => {
    const { control } = await startTarget(cluster, 2 * HOUR_MS);
    const newest = await restore('c', Date.now(), keys);
    await renewClocks(deployment, shards(), Date.now(), signal);
    for (let shard = 0; shard < 5; shard += 1) control.moveLeader({ collection: 'c', shard });
    for (const { _rev } of await write()) expect(compareRevisions(_rev, newest)).toBeGreaterThan(0);
  });

  it('is not taken for ready while one of its servers is silent: it is named', async () => {
    const { control, dbServers } = await startTarget(cluster, HOUR_MS);
    await restore('c', Date.now(), keys);
    const silent = dbServers[2]?.id ?? '';
    control.addFault({ server: silent, path: /_api\/version/, action: { kind: 'cut' } });
    await expect(renewClocks(deployment, shards(), Date.now(), signal)).rejects.toThrow(silent);
  });

  it('is not taken for ready when a server does not take the clock over: the probe shows it', async () => {
    const { control, coordinators, dbServers } = await startTarget(cluster, HOUR_MS);
    const servers = [...coordinators, ...dbServers];
    const newest = await restore('c', Date.now(), keys);
    for (const { id } of servers) control.ignoreClocks(id, true);
    await expect(renewClocks(deployment, shards(), Date.now(), signal)).rejects.toThrow(`not newer than ${newest}`);
    for (const { id } of servers) control.ignoreClocks(id, false);
    expect(await renewClocks(deployment, shards(), Date.now(), signal)).toBe(newest);
  });

  it.each([['cluster'], ['single']] as const)(
    'of kind %s makes no autoincrement key that was replicated',
    async (mode) => {
      const { control } = await startTarget({ ...cluster, mode }, 0);
      await create('a', { numberOfShards: 1, replicationFactor: 2, keyOptions: { type: 'autoincrement' } });
      // Before now: what is written in the same millisecond must not get one of these revisions.
      await restore('a', Date.now() - 1_000, ['7', '50', '31']);
      expect((await write('a', 2)).map(({ _key }) => _key)).toEqual(['51', '52']);
      if (mode === 'single') return;
      control.moveLeader({ collection: 'a' });
      expect((await write('a', 1)).map(({ _key }) => _key)).toEqual(['53']);
    },
  );

  it('gets no clock from the far future: it could not be turned back', async () => {
    await startTarget(cluster, 0);
    const far = encodeRevision(BigInt(Date.now() + 48 * HOUR_MS) << 20n);
    await expect(raiseClocks(deployment, far, signal)).rejects.toThrow('48 hours ahead');
  });

  it('looks past collections that have no trees, where equal revisions do no harm, and at no others', async () => {
    await startTarget({ mode: 'single' }, 0);
    const newest = await restore('c', Date.now() + 60_000, keys);
    const [shard] = shards();
    for (const [name, isStoredByRevision] of [
      ['old', false],
      ['bare', true],
    ] as const) {
      const parameters = { name, ...OLD, usesRevisionsAsDocumentIds: isStoredByRevision };
      const path = '/_api/replication/restore-collection';
      await deployment.front.json({ method: 'PUT', path, body: { parameters, indexes: [] } });
    }
    const of = (...names: string[]) =>
      names.map((collection) => ({ ...{ database: '_system', shardIndex: 0 }, collection }));
    const at = Date.now() + 60_000;
    expect(await renewClocks(deployment, [...(shard === undefined ? [] : [shard]), ...of('old')], at, signal)).toBe(
      newest,
    );
    await expect(renewClocks(deployment, of('bare'), at, signal)).rejects.toThrow(
      'gives no revision tree of _system/bare',
    );
  });

  it('without documents needs nothing', async () => {
    await startTarget(cluster, HOUR_MS);
    expect(await renewClocks(deployment, shards(), Date.now(), signal)).toBe('');
  });
});

describe('S16: the newest revision', () => {
  it('is exact, wherever it is, and asked for in parts', async () => {
    await startTarget(cluster, 0);
    const { placed } = await placeShards(deployment, shards(), 'target', signal);
    const find = () => newestRevision(deployment, placed, Date.now(), signal);
    expect(await find()).toBe('');
    const old = await restore('c', Date.UTC(2022, 4, 1), keys);
    expect(await find()).toBe(old);
    const recent = await restore('c', Date.now() - 90_000, ['a', 'b', 'd']);
    expect(await find()).toBe(recent);
    const ahead = await restore('c', Date.now() + 30_000, ['e']);
    expect(await find()).toBe(ahead);
  });
});
