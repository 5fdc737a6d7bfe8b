import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EmbeddedOptions } from '../../src/adapters/embedded/index.ts';
import type { ShardReport } from '../../src/wire/worker.ts';
import { until } from './source/harness.ts';
import { CLUSTER, contents, Reshaped, SINGLE } from './support/reshaped.ts';

let pair: Reshaped;
afterEach(() => pair?.stop());

const documents = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ({ _key: `k${from + index}`, n: index, text: 'x'.repeat(50) }));

const SHAPES: readonly (readonly [string, EmbeddedOptions, number, EmbeddedOptions, number | undefined])[] = [
  ['a cluster with three shards into a single server', CLUSTER, 3, SINGLE, undefined],
  ['a cluster with three shards into a single server that has the collection', CLUSTER, 3, SINGLE, 1],
  ['a single server into three shards of a cluster', SINGLE, 1, CLUSTER, 3],
  ['three shards into five', CLUSTER, 3, CLUSTER, 5],
  ['five shards into two', CLUSTER, 5, CLUSTER, 2],
];

/** `here`: shards of a collection with other documents that the target has already. */
async function start(
  from: EmbeddedOptions,
  shards: number,
  to: EmbeddedOptions,
  here: number | undefined,
): Promise<void> {
  // Small pieces: what is compared has a middle.
  pair = await Reshaped.start(from, to, { copyChunkBytes: 16 * 1024 });
  await pair.source.createCollection('c', { numberOfShards: shards });
  if (here === undefined) return;
  await pair.target.createCollection('c', { numberOfShards: here });
  await insert(documents(500, 700), { side: 'target' });
}

/** Writes of the target's own. */
function insert(lines: readonly object[], more: object = {}): Promise<unknown> {
  const body = lines.map((line) => ({ ...line, ...more }));
  const query = { overwriteMode: 'replace' };
  return pair.target.deployment.front.json({ method: 'POST', path: '/_api/document/c', query, body });
}

function remove(keys: readonly string[]): Promise<unknown> {
  return pair.target.deployment.front.json({ method: 'DELETE', path: '/_api/document/c', body: keys });
}

async function shardOf(key: string): Promise<number> {
  const { front } = pair.source.deployment;
  const path = '/_api/collection/c';
  const { shards } = await front.json<{ shards: string[] }>({ method: 'GET', path: `${path}/shards` });
  const body = { _key: key };
  const request = { method: 'PUT', path: `${path}/responsibleShard`, body, repeatable: true } as const;
  const { shardId } = await front.json<{ shardId: string }>(request);
  return shards.toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1))).indexOf(shardId);
}

function restoreToSource(lines: readonly string[]): Promise<unknown> {
  const query = { isRestore: true, overwriteMode: 'replace' };
  const request = { method: 'POST', path: '/_api/document/c', query, body: `[${lines.join()}]` } as const;
  return pair.source.deployment.front.json(request);
}

async function endsOfLogs(): Promise<{ dbServer: string; serverId: string; tick: string }[]> {
  const { deployment } = pair.source;
  return await Promise.all(
    pair.source.embedded.dbServers.map(async ({ id: dbServer }) => {
      const server = await deployment.dbServer(dbServer);
      const path = '/_api/wal/lastTick';
      const answer = await server.json<{ tick: string; server: { serverId: string } }>({ method: 'GET', path });
      return { dbServer, serverId: answer.server.serverId, tick: answer.tick };
    }),
  );
}

/** A document of a collection that is distributed by the country: on a shard of its own for each of them. */
const inCountry = (_key: string, country: string, n = 0) => ({ _key, country, n });

/** Keys are given by the user although they do not tell the shard: as restored documents are. */
function write(...lines: readonly object[]): Promise<unknown> {
  return restoreToSource(lines.map((line) => JSON.stringify(line)));
}

const moved = (reports: readonly { readonly documentsCopied: number }[]) =>
  reports.reduce((sum, { documentsCopied }) => sum + documentsCopied, 0);

describe.each(SHAPES)('%s', (_, from, shards, to, here) => {
  test('is brought over, streams, and goes on after a restart', async () => {
    await start(from, shards, to, here);
    await pair.source.write('c', documents(1_000));
    await pair.follow();
    await pair.equal();
    const reports = await pair.running();
    expect(reports).toHaveLength(shards);
    expect(reports.every(({ comparedBy }) => comparedBy === 'content')).toBe(true);
    expect(new Set(reports.map(({ way }) => way))).toEqual(new Set([here === undefined ? 'copy' : 'difference']));
    expect(reports[0]?.reason).toContain('revisions are not kept:');

    await pair.source.write('c', documents(300, 900));
    await pair.source.remove('c', ['k1', 'k2', 'k950']);
    await pair.source.writeOne('c', { _key: 'k1', again: true });
    await pair.equal();

    await pair.follow();
    await pair.source.write('c', documents(10, 5_000));
    await pair.equal();
    expect((await pair.running()).map(({ way }) => way)).toEqual(Array.from({ length: shards }, () => 'tail'));
  });

  test('what differs is all that moves', async () => {
    await start(from, shards, to, here);
    await pair.source.write('c', documents(1_000));
    await pair.follow();
    await pair.equal();
    await remove(['k3']);
    await insert([{ _key: 'surplus' }, { _key: 'k4', n: 'another' }]);
    const reports = await pair.compare();
    await pair.equal();
    expect(moved(reports)).toBe(2);
    expect(reports.map(({ way }) => way)).toEqual(Array.from({ length: shards }, () => 'difference'));
    expect(reports.filter(({ settled }) => settled?.how === 'repaired').length).toBeGreaterThan(0);
    const again = await pair.compare();
    expect(moved(again)).toBe(0);
    expect(again.every(({ settled }) => settled?.how === 'equal')).toBe(true);
  });
});

const OLD = { syncByRevision: false, usesRevisionsAsDocumentIds: false };

/** A collection as versions before 3.8 have left it, or one of today. */
function makeOn(
  side: Reshaped['source'] | Reshaped['target'],
  numberOfShards: number,
  isOld: boolean,
): Promise<unknown> {
  const parameters = { name: 'c', type: 2, numberOfShards, shardingStrategy: 'hash', ...(isOld ? OLD : {}) };
  const path = '/_api/replication/restore-collection';
  return side.deployment.front.json({ method: 'PUT', path, body: { parameters, indexes: [] } });
}

describe.each([
  ['on both sides', true, true, true],
  ['on the source', true, false, false],
  ['on the target', false, true, true],
])('a collection without revision trees %s', (_, isOldThere, isOldHere, keeps) => {
  test.each([
    ['single servers', SINGLE, 1],
    ['clusters', CLUSTER, 3],
  ])('is followed by key and content: %s', async (_name, options, shards) => {
    pair = await Reshaped.start(options, options, { copyChunkBytes: 16 * 1024 });
    await makeOn(pair.source, shards, isOldThere);
    await makeOn(pair.target, shards, isOldHere);
    await insert(documents(500, 700), { side: 'target' });
    await pair.source.write('c', documents(1_000));
    await pair.follow();
    await pair.equal();
    expect((await pair.running())[0]).toMatchObject({ way: 'difference', comparedBy: 'content' });
    await pair.source.write('c', documents(300, 900));
    await pair.source.remove('c', ['k1', 'k950']);
    await pair.equal();
    const [there, here] = await Promise.all([keysAndRevisions(pair.source), keysAndRevisions(pair.target)]);
    expect(there.size).toBe(1_198);
    expect([...there].filter(([key, revision]) => here.get(key) === revision)).toHaveLength(keeps ? 1_198 : 0);
    await remove(['k3']);
    await insert([{ _key: 'surplus' }, { _key: 'k4', n: 'another' }]);
    expect(moved(await pair.compare())).toBe(2);
    // The log can only be trusted by an operation that was seen in it.
    await pair.source.write('c', documents(5, 4_000));
    await pair.equal();
    await pair.follow();
    await pair.source.write('c', documents(10, 5_000));
    await pair.equal();
    expect((await pair.running()).map(({ way }) => way)).toEqual(Array.from({ length: shards }, () => 'tail'));
  });
});

async function keysAndRevisions(side: Reshaped['source'] | Reshaped['target']): Promise<ReadonlyMap<string, string>> {
  const keys = [...(await contents(side)).keys()];
  const path = '/_api/document/c';
  const request = { method: 'PUT', path, query: { onlyget: true }, body: keys, repeatable: true } as const;
  const found = await side.deployment.front.json<{ _key: string; _rev: string }[]>(request);
  return new Map(found.map(({ _key, _rev }) => [_key, _rev]));
}

test('S6: a server of the target that starts anew has what was spread over it compared', async () => {
  await start(SINGLE, 1, CLUSTER, 3);
  await pair.source.write('c', documents(300));
  await pair.follow();
  await pair.equal();
  for (const { id } of pair.target.embedded.dbServers) {
    await pair.target.embedded.control.restart(id);
    await pair.source.write('c', documents(5, 10_000));
    await pair.reports(
      ({ way, reason, status }) => way === 'difference' && reason.includes(id) && status === 'running',
    );
    await pair.equal();
  }
});

describe('three shards by country into a single server, where a document may move from shard to shard', () => {
  const countries = Array.from({ length: 12 }, (_, n) => `country ${n}`);
  const keys = Array.from({ length: 60 }, (_, n) => `k${n}`);

  beforeEach(async () => {
    pair = await Reshaped.start(CLUSTER, SINGLE);
    await pair.source.createCollection('c', { numberOfShards: 3, shardKeys: ['country'] });
    await write(...keys.map((key, n) => inCountry(key, countries[n % 12] ?? '')));
  });

  test('what moves stays, and what goes is gone', async () => {
    await pair.follow();
    await pair.equal();
    await pair.source.remove('c', keys);
    await write(...keys.slice(10).map((key, n) => inCountry(key, countries[(n + 5) % 12] ?? '', 1)));
    await pair.equal();
    await pair.source.remove('c', keys);
    await pair.equal();
    expect((await contents(pair.target)).size).toBe(0);
  });

  test('S2: moving all the time, also while shards are compared', async () => {
    await pair.follow();
    let isOver = false;
    const moving = async () => {
      for (let round = 0; !isOver; round += 1) {
        const some = keys.filter((_, n) => (n + round) % 3 === 0);
        await pair.source.remove('c', some);
        await write(...some.map((key, n) => inCountry(key, countries[(n * 7 + round) % 12] ?? '', round)));
      }
    };
    const ended = moving();
    try {
      await pair.running();
      for (let round = 0; round < 3; round += 1) await pair.compare();
    } finally {
      isOver = true;
      await ended;
    }
    await pair.equal();
    expect(moved(await pair.compare())).toBe(0);
  });

  test('a removal that was lost with the log leaves nothing behind', async () => {
    const { engine } = await pair.follow();
    await pair.equal();
    await engine.stop();
    await pair.source.remove('c', keys);
    await write(...keys.slice(10).map((key, n) => inCountry(key, countries[(n + 5) % 12] ?? '', 1)));
    for (const { id } of pair.source.embedded.dbServers) pair.source.embedded.control.prune(id);
    await pair.follow();
    await pair.equal();
  });

  test('one key in two shards at once is a failure that names it', async () => {
    await write(inCountry('twice', 'country 0'), inCountry('twice', 'country 1'), inCountry('twice', 'country 2'));
    await pair.follow();
    const isIt = ({ status, statusMessage }: ShardReport) =>
      status === 'failed' && statusMessage.includes('key "twice" stands in');
    await until('the failure', () => pair.engine.engine.reports().some(isIt));
  });
});

describe('three shards into a single server', () => {
  const fill = () => start(CLUSTER, 3, SINGLE, undefined);

  test('after a stop, what was written here meanwhile goes, and the rest is not written again', async () => {
    await fill();
    await pair.source.write('c', documents(1_000));
    const { engine } = await pair.follow();
    await pair.equal();
    await engine.stop();
    await insert([{ _key: 'own' }, { _key: 'k9', own: true }]);
    const before = await pair.target.revisions('c', ['k10', 'k11']);
    await pair.source.write('c', [{ _key: 'fresh' }]);
    await pair.source.remove('c', ['k20']);
    await pair.follow('epoch-2');
    await pair.equal();
    expect(moved(await pair.running())).toBe(2);
    expect(await pair.target.revisions('c', ['k10', 'k11'])).toEqual(before);
  });

  test('S8: behind a barrier it is equal only once a comparison has found nothing', async () => {
    await fill();
    await pair.source.write('c', documents(500));
    await pair.follow();
    await pair.equal();
    await remove(['k7']);
    const ticks = await endsOfLogs();
    await pair.barrier({ epoch: 'barrier-1', ticks });
    const reports = await pair.reports(({ equalBehind }) => equalBehind === 'barrier-1');
    expect(reports.every(({ reachedBarrier, way }) => reachedBarrier === 'barrier-1' && way === 'difference')).toBe(
      true,
    );
    expect((await pair.target.documents('c', ['k7'])).k7).toMatchObject({ n: 7 });
    // What is found behind one barrier says nothing behind the next.
    await pair.barrier({ epoch: 'barrier-2', ticks: ticks.map((end) => ({ ...end, tick: '99999999' })) });
    expect(pair.engine.engine.reports().some(({ equalBehind }) => equalBehind !== undefined)).toBe(false);
  });

  test('S2: documents of several shards that have one revision all arrive', async () => {
    await fill();
    const lines = Array.from({ length: 3 }, () => [] as string[]);
    for (let n = 0; lines.some((line) => line.length === 0); n += 1) {
      const shard = await shardOf(`k${n}`);
      lines[shard] = [JSON.stringify({ _key: `k${n}`, _rev: '_kEJrpFq---', n })];
    }
    await restoreToSource(lines.flat());
    await pair.follow();
    await pair.equal();
    await restoreToSource(lines.flat().map((line) => line.replace('_kEJrpFq---', '_kEJrpFq--_')));
    await pair.source.write('c', documents(5, 100));
    await pair.equal();
    expect((await contents(pair.target)).size).toBe(8);
  });

  test('under traffic it comes to be equal, however often it is compared meanwhile', async () => {
    await start(CLUSTER, 3, SINGLE, 1);
    await pair.source.write('c', documents(1_000));
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    let isOver = false;
    const writing = async () => {
      for (let round = 0; !isOver; round += 1) {
        const keys = Array.from({ length: 20 }, () => `k${random(1_400)}`);
        if (round % 2 === 0) await pair.source.remove('c', keys);
        else
          await pair.source.write(
            'c',
            [...new Set(keys)].map((_key) => ({ _key, round })),
          );
      }
    };
    const ended = writing();
    try {
      await pair.follow();
      await pair.running();
      for (let round = 0; round < 4; round += 1) await pair.compare();
    } finally {
      isOver = true;
      await ended;
    }
    await pair.equal();
  });

  test('the target refuses and changes nothing by its key options, schema and computed values', async () => {
    pair = await Reshaped.start(CLUSTER, SINGLE);
    const rule = { properties: { n: { type: 'number' } }, required: ['n'] };
    await pair.source.createCollection('c', {
      numberOfShards: 3,
      keyOptions: { type: 'traditional', allowUserKeys: false },
      schema: { rule, level: 'none', message: '' },
      computedValues: [{ name: 'at', expression: 'RETURN 1', overwrite: true }],
    });
    await restoreToSource(['a', 'b', 'c', 'd'].map((key) => JSON.stringify({ _key: key, n: 'no number' })));
    await pair.follow();
    await pair.equal();
    await restoreToSource(['b', 'e'].map((key) => JSON.stringify({ _key: key, at: 'own', n: null })));
    await pair.equal();
    expect((await contents(pair.target)).size).toBe(5);
  });

  test('a gap in the log is filled by what differs', async () => {
    await fill();
    await pair.source.write('c', documents(500));
    const { engine } = await pair.follow();
    await pair.equal();
    await engine.stop();
    await pair.source.write('c', documents(20, 1_000));
    await pair.source.remove('c', ['k30', 'k31', 'k32', 'k33', 'k34', 'k35']);
    for (const { id } of pair.source.embedded.dbServers) pair.source.embedded.control.prune(id);
    await pair.follow();
    await pair.equal();
    expect(moved(await pair.running())).toBe(20);
  });

  test('a truncate of the source empties it', async () => {
    await fill();
    await pair.source.write('c', documents(500));
    await pair.follow();
    await pair.equal();
    await pair.source.truncate('c');
    await until('the truncate', async () => (await contents(pair.target)).size === 0);
    await pair.source.write('c', documents(5));
    await pair.equal();
  });

  test('a copy that is interrupted goes on, and leaves nothing behind that was removed meanwhile', async () => {
    await fill();
    await pair.source.write('c', documents(6_000));
    const { engine } = await pair.follow('epoch-1', { writeBytes: 8 * 1024, writesInFlight: 1 });
    await until('a part of the copy', () => {
      const copied = moved(engine.reports());
      return copied > 300 && copied < 5_000;
    });
    await engine.stop();
    const some = [...(await contents(pair.target)).keys()].slice(0, 50);
    expect(some).toHaveLength(50);
    await pair.source.remove('c', some);
    await pair.follow();
    await pair.equal();
    expect(moved(await pair.running())).toBeLessThan(5_800);
  });
});
