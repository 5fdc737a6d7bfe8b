import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { EmbeddedOptions } from '../../src/adapters/embedded/index.ts';
import type { ComparisonResult } from '../../src/wire/comparisons.ts';
import { until } from './source/harness.ts';
import { CLUSTER, contents, Reshaped, SINGLE } from './support/reshaped.ts';

const WRITE_EVERY_MS = 20;
/** Of tests with many documents, or many rounds: no condition of theirs is one of time. */
const LONG_MS = 90_000;

let pair: Reshaped;
afterEach(() => pair?.stop());

const documents = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ({ _key: `k${from + index}`, n: index, text: 'x'.repeat(50) }));

const SHAPES: readonly (readonly [string, EmbeddedOptions, number, EmbeddedOptions, number])[] = [
  ['a cluster with three shards into a single server', CLUSTER, 3, SINGLE, 1],
  ['a single server into three shards of a cluster', SINGLE, 1, CLUSTER, 3],
  ['two shards into five', CLUSTER, 2, CLUSTER, 5],
];

async function start(
  from: EmbeddedOptions,
  shards: number,
  to: EmbeddedOptions,
  here: number,
  parameters: object = {},
): Promise<void> {
  // Small pieces: what is compared has a middle.
  pair = await Reshaped.start(from, to, { copyChunkBytes: 16 * 1024 });
  await pair.source.createCollection('c', { numberOfShards: shards, ...parameters });
  await pair.target.createCollection('c', { numberOfShards: here });
  // What is there already keeps the target from making the collection anew.
  await insert([{ _key: 'other' }]);
}

function insert(lines: readonly object[]): Promise<unknown> {
  const query = { overwriteMode: 'replace' };
  return pair.target.deployment.front.json({ method: 'POST', path: '/_api/document/c', query, body: lines });
}

function remove(keys: readonly string[]): Promise<unknown> {
  return pair.target.deployment.front.json({ method: 'DELETE', path: '/_api/document/c', body: keys });
}

/** Keys are given by the user although they do not tell the shard: as restored documents are. */
function restore(side: Reshaped['source'] | Reshaped['target'], lines: readonly object[]): Promise<unknown> {
  const query = { isRestore: true, overwriteMode: 'replace' };
  return side.deployment.front.json({ method: 'POST', path: '/_api/document/c', query, body: lines });
}

/** Writes to the source as long as `work` lasts, round after round. */
async function whileWriting<T>(write: (round: number) => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  let isOver = false;
  let round = 0;
  const writing = (async () => {
    for (; !isOver; round += 1) {
      await write(round);
      // Both sides and both workers run on the same machine.
      await sleep(WRITE_EVERY_MS);
    }
  })();
  while (round < 3) await sleep(1);
  const before = round;
  try {
    return await work();
  } finally {
    isOver = true;
    await writing;
    expect(round).toBeGreaterThan(before);
  }
}

/** Documents come, change and go, the same ones again and again. */
async function commotion(round: number): Promise<void> {
  const keys = Array.from({ length: 40 }, (_, n) => `k${5_000 + ((n * 7 + round * 13) % 300)}`);
  if (round % 3 === 2) await pair.source.remove('c', keys);
  else
    await pair.source.write(
      'c',
      [...new Set(keys)].map((_key) => ({ _key, round })),
    );
}

const states = (results: readonly ComparisonResult[]) =>
  new Set(results.map(({ state, reason }) => (state === 'untold' ? reason : state)));
const named = (results: readonly ComparisonResult[]) =>
  results.flatMap(({ documents: found = [] }) => found).toSorted((a, b) => (a.key < b.key ? -1 : 1));
const compared = (results: readonly ComparisonResult[]) => [
  results.reduce((sum, result) => sum + (result.compared ?? 0), 0),
  results.reduce((sum, result) => sum + (result.swept ?? 0), 0),
];

const PLANTED = [
  { key: 'k4', difference: 'altered' },
  { key: 'k7', difference: 'missing' },
  { key: 'surplus', difference: 'surplus' },
  { key: 'surplus-2', difference: 'surplus' },
];

async function plant(): Promise<void> {
  await remove(['k7']);
  await insert([{ _key: 'surplus' }, { _key: 'surplus-2', n: 1 }, { _key: 'k4', n: 4, text: 'altered' }]);
}

describe.each(SHAPES)('check: %s', (_, from, shards, to, here) => {
  async function followed(count: number): Promise<void> {
    await start(from, shards, to, here);
    await pair.source.write('c', documents(count));
    await pair.follow();
    await pair.equal();
  }

  test('is equal when nothing differs, and everything was looked at', async () => {
    await followed(1_500);
    const results = await pair.check();
    expect(states(results)).toEqual(new Set(['equal']));
    expect(compared(results)).toEqual([1_500, 1_500]);
    expect(results.every(({ byContent }) => byContent === true)).toBe(true);
  });

  test('names what differs while writes go on, changes nothing, and repairs it when it is to', async () => {
    await followed(1_500);
    await plant();
    const before = await pair.target.revisions('c', ['k4', 'surplus', 'k9']);
    await whileWriting(commotion, async () => {
      const results = await pair.check();
      expect(named(results)).toEqual(PLANTED);
      expect([...states(results)].filter((state) => state !== 'equal')).toEqual(['different']);
      expect(await pair.target.revisions('c', ['k4', 'surplus', 'k9'])).toEqual(before);
      expect(await pair.target.revisions('c', ['k7'])).toEqual({});
      const repaired = await pair.check({ repair: true });
      expect(states(repaired)).toEqual(new Set(['equal']));
      expect(repaired.some((result) => result.repaired !== undefined)).toBe(true);
      expect(named(await pair.check())).toEqual([]);
    });
    await pair.equal();
    expect((await contents(pair.target)).has('surplus')).toBe(false);
    expect((await pair.target.revisions('c', ['k9'])).k9).toBe(before.k9);
  });

  test('calls nothing different that only moves', async () => {
    await followed(500);
    await whileWriting(commotion, async () => {
      for (let round = 0; round < 3; round += 1) {
        const results = await pair.check({ deep: round % 2 === 1 });
        expect(named(results)).toEqual([]);
        expect(states(results)).toEqual(new Set(['equal']));
      }
    });
    await pair.equal();
  });
});

const OLD = { syncByRevision: false, usesRevisionsAsDocumentIds: false };

describe('check: a collection without revision trees', () => {
  test('names what differs, under an equal revision as well', async () => {
    pair = await Reshaped.start(CLUSTER, CLUSTER, { copyChunkBytes: 16 * 1024 });
    for (const side of [pair.source, pair.target]) {
      const parameters = { name: 'c', type: 2, numberOfShards: 3, shardingStrategy: 'hash', ...OLD };
      const path = '/_api/replication/restore-collection';
      await side.deployment.front.json({ method: 'PUT', path, body: { parameters, indexes: [] } });
    }
    await pair.source.write('c', documents(1_000));
    await pair.follow();
    await pair.equal();
    expect(states(await pair.check())).toEqual(new Set(['equal']));
    const { k5: _rev } = await pair.target.revisions('c', ['k5']);
    await remove(['k7', 'k8']);
    await insert([{ _key: 'surplus' }, { _key: 'k4', n: 4, text: 'altered' }]);
    await restore(pair.target, [
      { _key: 'k5', _rev, n: 'other' },
      { ...documents(1, 8)[0], n: 8, _rev: '_kEJrpFq---' },
    ]);
    const results = await whileWriting(commotion, () => pair.check());
    expect(named(results)).toEqual([
      { key: 'k4', difference: 'altered' },
      { key: 'k5', difference: 'content' },
      { key: 'k7', difference: 'missing' },
      { key: 'k8', difference: 'altered' },
      { key: 'surplus', difference: 'surplus' },
    ]);
    expect(states(await pair.check({ repair: true }))).toEqual(new Set(['equal']));
    await pair.equal();
  });
});

describe('check: three shards by country into a single server, where documents move from shard to shard', () => {
  const countries = Array.from({ length: 12 }, (_, n) => `country ${n}`);
  const keys = Array.from({ length: 60 }, (_, n) => `k${n}`);
  const inCountry = (_key: string, country = '', n = 0) => ({ _key, country, n });
  const quiet = Array.from({ length: 60 }, (_, n) => inCountry(`quiet-${n}`, countries[n % 12]));

  /** Documents that move are where they have moved to. */
  const settled = () =>
    until('what moved being there', async () => {
      const [there, here] = await Promise.all([contents(pair.source), contents(pair.target)]);
      return keys.every((key) => there.get(key) === here.get(key));
    });

  async function moving(round: number): Promise<void> {
    const some = keys.filter((_, n) => (n + round) % 3 === 0);
    await pair.source.remove('c', some);
    await restore(
      pair.source,
      some.map((key, n) => inCountry(key, countries[(n * 7 + round) % 12], round)),
    );
    // As long as removals are being settled no position is stored: now and then they have to come to their end.
    if (round % 4 === 3) await settled();
  }

  test(
    'S2: calls nothing different that only moves, and names what does differ',
    async () => {
      await start(CLUSTER, 3, SINGLE, 1, { shardKeys: ['country'] });
      await restore(pair.source, [...keys.map((key, n) => inCountry(key, countries[n % 12])), ...quiet]);
      await pair.follow();
      await pair.equal();
      await whileWriting(moving, async () => {
        for (let round = 0; round < 4; round += 1) {
          const results = await pair.check();
          expect(named(results)).toEqual([]);
          expect(states(results)).toEqual(new Set(['equal']));
        }
      });
      await pair.equal();
      await remove(['quiet-1']);
      await insert([{ _key: 'surplus', country: 'country 1' }, inCountry('quiet-2', 'country 2', 7)]);
      const found = [
        { key: 'quiet-1', difference: 'missing' },
        { key: 'quiet-2', difference: 'altered' },
        { key: 'surplus', difference: 'surplus' },
      ];
      expect(named(await whileWriting(moving, () => pair.check()))).toEqual(found);
      await whileWriting(moving, () => pair.check({ repair: true }));
      await pair.equal();
      expect(named(await pair.check())).toEqual([]);
    },
    LONG_MS,
  );
});
