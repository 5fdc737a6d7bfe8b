import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { writeAsRoot } from './support/as-root.ts';
import { eventually } from './support/eventually.ts';
import { type Pair, type Side, startPair } from './support/pair.ts';

const SINGLE = { masters: 1, workers: 1, dbServers: 0, coordinators: 0 };
const CLUSTER = { masters: 1, workers: 1, dbServers: 2, coordinators: 1 };
const DATABASE = 'shop';

let pair: Pair;
afterEach(() => pair?.stop());

async function create(side: Side, name: string, numberOfShards = 1): Promise<void> {
  const body = { name, numberOfShards };
  await side.database.front.json({ method: 'POST', database: DATABASE, path: '/_api/collection', body });
}

async function createDatabase(side: Side): Promise<void> {
  await side.database.front.json({ method: 'POST', path: '/_api/database', body: { name: DATABASE } });
}

async function insert(side: Side, collection: string, keys: readonly string[]): Promise<number> {
  const path = `/_api/document/${collection}`;
  const body = keys.map((key) => ({ _key: key, value: key.length }));
  return (await side.database.front.request({ method: 'POST', database: DATABASE, path, body })).status;
}

async function read(side: Side, collection: string, key: string): Promise<string | undefined> {
  const path = `/_api/document/${collection}/${key}`;
  const answer = await side.database.front.request({ method: 'GET', database: DATABASE, path });
  return answer.status === 200 ? answer.body.toString() : undefined;
}

const arrives = (collection: string, key: string) =>
  eventually(
    `${collection}/${key} arriving`,
    60_000,
    async () => (await read(pair.target, collection, key)) !== undefined,
  );

const isSame = () =>
  eventually('both sides being the same', 60_000, async () => {
    const { exit, output } = await pair.command(['check', 'sync', '--timeout=20s'], pair.target);
    return exit === 0 && output.includes('The whole data is the same');
  });

const keysOf = (prefix: string) => Array.from({ length: 50 }, (_, index) => `${prefix}${index}`);

const rootMayWrite = (side: Side, collection: string) => writeAsRoot(side, DATABASE, collection, {});

test('S3: a single server follows another, is writable after a stop, and is made equal again', {
  timeout: 120_000,
}, async () => {
  pair = await startPair(SINGLE);
  await createDatabase(pair.source);
  await create(pair.source, 'goods');
  await insert(pair.source, 'goods', keysOf('a'));
  await createDatabase(pair.target);
  await create(pair.target, 'own');
  await insert(pair.target, 'own', keysOf('o'));
  expect(await pair.plan()).toMatch(/LOST[\s\S]*own\s+50/);
  expect(await read(pair.target, 'own', 'o7')).toBeDefined();
  await pair.configure();
  await arrives('goods', 'a49');
  await insert(pair.source, 'goods', keysOf('b'));
  await arrives('goods', 'b49');
  expect(await read(pair.target, 'goods', 'b7')).toBe(await read(pair.source, 'goods', 'b7'));
  expect(await rootMayWrite(pair.target, 'goods')).toBe(false);
  await isSame();

  const stopped = await pair.command(['stop', 'sync'], pair.target);
  expect(stopped).toMatchObject({ exit: 0 });
  expect(await rootMayWrite(pair.target, 'goods')).toBe(true);
  await insert(pair.source, 'goods', keysOf('c'));

  await pair.configure();
  await arrives('goods', 'c49');
  await isSame();
});

test('a collection of a single server goes into one shard of a cluster, and into three where the cluster has those', {
  timeout: 120_000,
}, async () => {
  pair = await startPair(SINGLE, CLUSTER);
  await createDatabase(pair.source);
  await create(pair.source, 'goods');
  await create(pair.source, 'orders');
  await insert(pair.source, 'goods', keysOf('a'));
  await insert(pair.source, 'orders', keysOf('a'));
  await createDatabase(pair.target);
  await create(pair.target, 'orders', 3);
  await insert(pair.target, 'orders', ['here-before']);
  await pair.configure();
  await arrives('goods', 'a49');
  await arrives('orders', 'a49');
  await eventually('what the target had of its own being gone', 60_000, async () => {
    return (await read(pair.target, 'orders', 'here-before')) === undefined;
  });
  await insert(pair.source, 'orders', keysOf('b'));
  await arrives('orders', 'b49');
  const check = (...flags: string[]) => pair.command(['check', 'sync', '--timeout=1m', ...flags], pair.target);
  expect(await check()).toEqual({ exit: 0, output: expect.stringContaining('The whole data is the same') });
  // As a superuser, past everybody.
  await insert(pair.target, 'orders', ['planted']);
  const planted = /orders shard 0: (DIFFERENT: |REPAIRED: was different \()by key and content: "planted" is surplus/;
  expect(await check()).toEqual({ exit: 1, output: expect.stringMatching(planted) });
  expect(await check('--repair')).toEqual({ exit: 0, output: expect.stringMatching(planted) });
  expect(await read(pair.target, 'orders', 'planted')).toBeUndefined();
  const status = await pair.command(['get', 'status', '--verbose'], pair.target);
  expect(status.output).toMatch(/orders.*by content/);

  const stopped = await pair.command(['stop', 'sync'], pair.target);
  expect(stopped).toMatchObject({ exit: 0 });
  expect(await rootMayWrite(pair.target, 'orders')).toBe(true);
});

test('S8: three shards of a cluster go into a single server, which becomes the source', {
  timeout: 180_000,
}, async () => {
  pair = await startPair(CLUSTER, SINGLE);
  await createDatabase(pair.source);
  await create(pair.source, 'orders', 3);
  await insert(pair.source, 'orders', keysOf('a'));
  await pair.configure();
  await arrives('orders', 'a49');
  await insert(pair.source, 'orders', keysOf('b'));
  await arrives('orders', 'b49');
  const cacert = join(pair.folder, 'tls-ca.crt');
  const endpoints = pair.source.datacenter.masters.map(({ endpoint }) => endpoint).join(',');
  const words = ['reverse', 'sync', `--source.endpoint=${endpoints}`, `--source.cacert=${cacert}`];
  const own = [`--master.keyfile=${join(pair.folder, 'client-auth.keyfile')}`, '--source.auth.user=root'];
  const argv = [...words, ...own, `--source.auth.password=${pair.source.datacenter.rootPassword}`];
  expect(await pair.command(argv, pair.target)).toMatchObject({
    exit: 0,
    output: expect.stringMatching(/3\/4 .*The whole data is the same/s),
  });
  await insert(pair.target, 'orders', keysOf('c'));
  await eventually('the way back', 60_000, async () => (await read(pair.source, 'orders', 'c49')) !== undefined);
  expect(await read(pair.source, 'orders', 'a49')).toBeDefined();
});
