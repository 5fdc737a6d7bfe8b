import { afterEach, describe, expect, test } from 'vitest';
import type { Features } from '../../../src/adapters/embedded/versions/features.ts';
import { Batches } from '../../../src/replication/source/batches.ts';
import { SOURCE_LIMITS } from '../../../src/replication/source/limits.ts';
import type { ShardTarget } from '../../../src/replication/target/shard-target.ts';
import { TargetBatch } from '../../../src/replication/target/target-batch.ts';
import { until } from '../source/harness.ts';
import { TestTarget, testEnvironment } from '../target/harness.ts';
import { VersionPair } from './version-pair.ts';

/** Questions that only a real server can answer (docs/versions.md): each is given both answers. */

const NEVER = new AbortController().signal;
const KEYS = Array.from({ length: 60 }, (_, index) => `k${index}`);
const documents = (value: number) => KEYS.map((_key, index) => ({ _key, value, part: `p${index % 5}` }));

let pair: VersionPair | undefined;
let server: TestTarget | undefined;
afterEach(async () => {
  await pair?.stop();
  await server?.stop();
  [pair, server] = [undefined, undefined];
});

async function followed(
  answers: Partial<Features>,
  body: Readonly<Record<string, unknown>> = {},
  collection = 'c',
): Promise<VersionPair> {
  pair = await VersionPair.start({ answers }, { answers });
  if (!collection.startsWith('_')) await pair.source.createCollection(collection, { numberOfShards: 2, ...body });
  await pair.follow();
  await pair.aligned(({ shards }) => shards.some((shard) => shard.collection === collection));
  return pair;
}

describe.each([true, false])('9.3 no. 1: an unknown batch is 404 (%s) or 400', (unknownBatchIsNotFound) => {
  test('one that was lost is noticed on either side, and forgotten without a word', async () => {
    server = await TestTarget.start({ mode: 'single', answers: { unknownBatchIsNotFound } });
    const { deployment, embedded } = server;
    await server.createCollection('c');
    const environment = { ...testEnvironment(), sleep: async () => undefined };
    const target = { database: '_system', shardName: 'c', leader: 'single' } as ShardTarget;
    const batch = await new Batches(deployment.front, '7', environment, SOURCE_LIMITS).own(NEVER);
    const own = await TargetBatch.open(deployment, target, NEVER);
    await own.keepAlive(0, NEVER);
    await embedded.control.restart();
    await until('the loss of the snapshot', () => batch.lost.aborted);
    expect(String(batch.lost.reason)).toMatch(unknownBatchIsNotFound ? /404\/1600/ : /400\/400/);
    await batch.release();
    const refusal = own.keepAlive(10 ** 7, NEVER);
    await expect(refusal).rejects.toMatchObject({ status: unknownBatchIsNotFound ? 404 : 400 });
    await own.close();
  });
});

test('9.3 no. 2: a reader that is forgotten after a second is still known, because it asks again', async () => {
  pair = await VersionPair.start({ mode: 'single', clientLifetimeSeconds: 1 }, { mode: 'single' });
  await pair.source.createCollection('c');
  await pair.follow();
  await pair.aligned(({ shards }) => shards.length > 0);
  await pair.source.write('c', documents(1));
  await pair.equal('_system', 'c', KEYS);
  const clients = async () => {
    const path = '/_api/replication/logger-state';
    const { clients: known } = await (pair as VersionPair).source.deployment.front.json<{
      clients: { syncerId: string; expires: string }[];
    }>({ method: 'GET', path });
    return new Map(known.map(({ syncerId, expires }) => [syncerId, Date.parse(expires)]));
  };
  const first = await until('a reader that is known', async () => {
    const known = await clients();
    return known.size > 0 && known;
  });
  // It may be forgotten for a moment: what counts is that the same one is known long after.
  await until('one of them having asked again', async () =>
    [...(await clients())].some(([id, expires]) => expires >= (first.get(id) ?? Infinity) + 2_000),
  );
});

describe('9.3 no. 3: what a superuser may do while the mode is read-only', () => {
  test.each([true, false])('structure may be changed: %s', async (superuserChangesStructureWhenReadOnly) => {
    const answers = { superuserChangesStructureWhenReadOnly };
    pair = await VersionPair.start({}, { answers });
    await pair.source.createCollection('there');
    await pair.ask('target', 'POST /_api/collection', { name: 'there' });
    await pair.source.createCollection('new');
    pair.target.embedded.control.setReadOnly(true);
    await pair.source.write('there', documents(1));
    await pair.follow();
    await pair.aligned(({ shards }) => shards.some(({ collection }) => collection === 'there'));
    await pair.equal('_system', 'there', KEYS);
    const refused = pair.problems.filter((problem) => problem.startsWith('_system/new: not created collection'));
    expect(refused).toHaveLength(superuserChangesStructureWhenReadOnly ? 0 : 1);
    if (!superuserChangesStructureWhenReadOnly) expect(refused[0]).toContain('403/11');
  });

  test.each([true, false])('documents may be written: %s', async (superuserWritesWhenReadOnly) => {
    pair = await VersionPair.start({}, { answers: { superuserWritesWhenReadOnly } });
    await pair.source.createCollection('c');
    await pair.source.write('c', documents(1));
    await pair.follow();
    await pair.aligned(({ shards }) => shards.length > 0);
    await pair.equal('_system', 'c', KEYS);
    pair.target.embedded.control.setReadOnly(true);
    await pair.source.write('c', documents(2));
    if (!superuserWritesWhenReadOnly) {
      // It waits, says why, and goes on: nothing is skipped.
      await pair.shard('_system/c/0', ({ statusMessage }) => /waiting: .*1004/.test(statusMessage ?? ''));
      pair.target.embedded.control.setReadOnly(false);
    }
    await pair.equal('_system', 'c', KEYS);
  });
});

test.each([true, false])('9.3 no. 4: a schema is checked with isRestore: %s', async (restoreChecksSchema) => {
  const schema = { rule: { required: ['never'] }, level: 'strict', message: 'no' };
  const { source, equal } = bound(await followed({ restoreChecksSchema }, { schema }));
  await source.write('c', documents(1));
  await equal('_system', 'c', KEYS);
});

describe('9.3 no. 6', () => {
  test.each([true, false])('shards of system collections are in the log: %s', async (logShowsSystemShards) => {
    const started = await followed({ logShowsSystemShards }, {}, '_graphs');
    const { source, equal } = bound(started);
    await source.createCollection('e', { type: 3 });
    const definition = { collection: 'e', from: ['c'], to: ['c'] };
    await started.aligned(({ shards }) => shards.some((shard) => shard.collection === 'e'));
    await equal('_system', '_graphs', ['g']);
    await started.ask('source', 'POST /_api/gharial', { name: 'g', edgeDefinitions: [definition] });
    await equal('_system', '_graphs', ['g']);
    for (const name of ['_queues', '_jobs']) {
      await source.write(name, [{ _key: 'q' }]);
      await equal('_system', name, ['q']);
    }
  });

  /**
   * Removals: a document that moves to another shard is a removal there and an insert here, in no order; a removal by its
   * key alone takes the fresh document.
   */
  test.each([true, false])(
    'Removals: 2302 tells the removed revision: %s; what moves between shards stays',
    async (told) => {
      const started = await followed({ removalTellsRevision: told }, { shardKeys: ['part'], numberOfShards: 4 });
      const { source, equal } = bound(started);
      const restore = (part: number) =>
        started.ask(
          'source',
          'PUT /_api/replication/restore-data?collection=c',
          KEYS.map((_key, index) => JSON.stringify({ _key, part: `p${(index + part) % 7}` })).join('\n'),
        );
      await restore(0);
      await equal('_system', 'c', KEYS);
      for (let round = 1; round <= 4; round += 1) {
        await source.remove('c', KEYS);
        await restore(round);
      }
      await equal('_system', 'c', KEYS);
      await source.remove('c', KEYS.slice(0, 30));
      await equal('_system', 'c', KEYS);
      const said = source.log.filter(({ message }) => message.startsWith('removals are replicated by key'));
      expect(said).toHaveLength(told ? 0 : 1);
    },
  );

  test.each([true, false])(
    'Removals: 1200 tells in words that a revision is not there: %s',
    async (conflictTellsRevisions) => {
      const started = await followed({ conflictTellsRevisions }, { shardKeys: ['part'], numberOfShards: 1 });
      const { source, equal } = bound(started);
      const restore = (value: number, ...keys: readonly string[]) =>
        started.ask(
          'source',
          'PUT /_api/replication/restore-data?collection=c',
          keys.map((_key) => JSON.stringify({ _key, part: 'p', value })).join('\n'),
        );
      // A catch-up that still ran would find what the target has for itself, and remove it.
      await started.shard('_system/c/0', ({ status }) => status === 'running');
      await restore(1, 'k0', 'k1');
      await equal('_system', 'c', ['k0', 'k1']);
      // The target has something newer under a key, as when a removal comes late.
      const path = 'POST /_api/document/c?isRestore=true&overwriteMode=replace';
      await started.ask('target', path, [{ _key: 'k0', _rev: '_kEJrpFq--_', part: 'p' }]);
      await source.remove('c', ['k0', 'k1']);
      await until('the other removal', async () => {
        const found = await started.target.revisions('c', ['k0', 'k1']);
        return found.k1 === undefined && found.k0 !== undefined;
      });
      await restore(3, 'k0');
      await equal('_system', 'c', ['k0', 'k1']);
    },
  );
});

describe('catching up by difference after a gap', () => {
  const cases: readonly [string, Partial<Features>][] = [
    ['9.3 no. 8: trees tell initialRangeMin', { initialRangeMin: true }],
    ['9.3 no. 8: trees do not', { initialRangeMin: false }],
    ['5.8.1: ranges come in letters', { encodesAsHlc: true }],
    ['5.8.1: encodeAsHLC is ignored', { encodesAsHlc: false }],
    ['5.8.1: ranges come as decimals', { encodesAsHlc: false, revisionsAreDecimal: true }],
    ['9.3 no. 12: the log is gone although a client needs it', {}],
  ];
  test.each(cases)('%s', async (_name, answers) => {
    const { source, equal, gap } = bound(await followed(answers));
    await source.write('c', documents(1));
    await equal('_system', 'c', KEYS);
    // Enough that either shard, and the log of either server, has something of it.
    const ways = await gap(async () => {
      await source.write('c', documents(2).slice(0, 30));
      await source.remove('c', KEYS.slice(30, 40));
      await source.write('c', [{ _key: 'fresh' }]);
    });
    await equal('_system', 'c', [...KEYS, 'fresh']);
    expect(ways).toEqual([expect.stringMatching(/^difference: /), expect.stringMatching(/^difference: /)]);
  });
});

/** From so many on a truncate is one marker. */
const MANY = 33_000;
/** Of tests with many documents, or many rounds: no condition of theirs is one of time. */
const LONG_MS = 90_000;

test.each([true, false])(
  '9.3 no. 9: a truncate by range resets the tree: %s',
  async (truncateResetsTree) => {
    pair = await VersionPair.start({ mode: 'single', answers: { truncateResetsTree } }, { mode: 'single' });
    const { source, equal } = bound(pair);
    await source.createCollection('c');
    await source.write(
      'c',
      Array.from({ length: MANY }, (_, index) => ({ _key: `n${index}` })),
    );
    await pair.follow();
    await pair.aligned(({ shards }) => shards.length > 0);
    await equal('_system', 'c', ['n0']);
    await source.truncate('c');
    await source.write('c', documents(1));
    await equal('_system', 'c', KEYS);
  },
  LONG_MS,
);

test.each([
  ['3.8', 'one by one'],
  ['3.12', 'by one marker'],
])(
  '9.1: a cluster of %s truncates a large shard %s, and either is replicated',
  async (serverVersion) => {
    pair = await VersionPair.start({ serverVersion }, {});
    const { source, equal } = bound(pair);
    await source.createCollection('c');
    await source.write(
      'c',
      Array.from({ length: MANY }, (_, index) => ({ _key: `n${index}` })),
    );
    await pair.follow();
    await pair.aligned(({ shards }) => shards.length > 0);
    await equal('_system', 'c', ['n0']);
    await source.truncate('c');
    await source.write('c', documents(1));
    await equal('_system', 'c', KEYS);
  },
  LONG_MS,
);

test.each([true, false])(
  '9.3 no. 11: a coordinator passes every call on: %s; none is asked to',
  async (forwardsAll) => {
    const { source, equal, target } = bound(await followed({ forwardsAll }));
    for (const { embedded } of [source, target]) {
      const action = {
        kind: 'fail',
        status: 500,
        errorNum: 4,
        message: 'a coordinator was asked to pass a call on',
      } as const;
      embedded.control.addFault({ path: /[?&]DBserver=/i, action });
    }
    await source.write('c', documents(1));
    await equal('_system', 'c', KEYS);
    for (const { embedded } of [source, target]) expect(embedded.control.faults()[0]?.hits).toBe(0);
  },
);

/** Methods as they are passed around. */
function bound(started: VersionPair) {
  const { source, target } = started;
  const equal: VersionPair['equal'] = (...of) => started.equal(...of);
  const gap: VersionPair['gap'] = (happens) => started.gap(happens);
  return { source, target, equal, gap };
}
