import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Inventory, SourceCollection, SourceDatabase } from '../../../src/replication/inventory.ts';
import { readViews, type ViewDefinition } from '../../../src/replication/search-definitions.ts';
import { blankDocument, shardKey } from '../../../src/replication/target/checkpoint-documents.ts';
import { readTargetDatabase } from '../../../src/replication/target/read-structure.ts';
import type { StructureReport, WorkerInstructions, WorkerTask } from '../../../src/wire/worker.ts';
import { instructions, type TestEngine, TestTarget, testEngine, until } from './harness.ts';
import { ScriptedSource, SOURCE_ID } from './scripted-source.ts';

const TASK: WorkerTask = {
  id: 'inventory',
  type: 'receive-inventory',
  channels: { data: 'inventory' },
  peerId: SOURCE_ID,
};
const NEVER = new AbortController().signal;

type Rules = Pick<NonNullable<WorkerInstructions['incoming']>, 'selection' | 'replicationFactor'>;

let target: TestTarget;
let source: ScriptedSource;
let running: TestEngine[] = [];

beforeAll(async () => {
  target = await TestTarget.start({ mode: 'cluster', dbServers: 3, coordinators: 1 });
});
afterAll(() => target.stop());
beforeEach(() => {
  source = new ScriptedSource(['inventory']);
});
afterEach(async () => {
  await Promise.all(running.map(({ engine }) => engine.stop()));
  running = [];
  const { front } = target.deployment;
  for (const name of ['d', 'local']) await front.request({ method: 'DELETE', path: `/_api/database/${name}` });
  await front.request({ method: 'DELETE', path: '/_api/collection/_sync_checkpoints', query: { isSystem: true } });
});

function collection(name: string, more: Record<string, unknown> = {}): SourceCollection {
  const { shards = 1, ...parameters } = more;
  return {
    name,
    targetName: name,
    id: name,
    globallyUniqueId: `c${name}/`,
    parameters: {
      type: 2,
      isSystem: false,
      replicationFactor: 2,
      writeConcern: 2,
      shardKeys: ['_key'],
      shardingStrategy: 'hash',
      ...parameters,
    },
    indexes: [],
    shards: Array.from({ length: Number(shards) }, (_, index) => ({ index, name: `s${index}`, cuid: `c1/s${index}` })),
  };
}

function inventory(collections: readonly SourceCollection[], more: Partial<SourceDatabase> = {}): Inventory {
  const database = { name: 'd', id: '7', collections: [...collections], excluded: [], ...more };
  const system = { name: '_system', id: '1', collections: [], excluded: [] };
  const base = { deploymentId: SOURCE_ID, kind: 'cluster', version: '3.12.4', complete: true } as const;
  return { ...base, takenAt: new Date().toISOString(), databases: [system, database] };
}

/** Follows a source of this structure, which it gets with every opening of the channel. */
async function follow(told: Inventory, rules: Rules): Promise<TestEngine> {
  const engine = testEngine(target.deployment, source);
  running.push(engine);
  void (async () => {
    for (;;) (await source.nextStream('inventory')).inventory(told);
  })();
  await instruct(engine, rules);
  return engine;
}

async function instruct({ engine }: TestEngine, rules: Rules): Promise<void> {
  const { incoming, ...listed } = instructions([TASK]);
  if (incoming === undefined) throw new Error('no synchronization');
  await engine.setInstructions({ ...listed, incoming: { ...incoming, ...rules } });
}

/** The first report from now on that fits. */
function reported(engine: TestEngine, wants: (report: StructureReport) => boolean, from = 0): Promise<StructureReport> {
  return until(`a report; last: ${JSON.stringify(engine.structures.at(-1))}`, () =>
    engine.structures.slice(from).find(wants),
  );
}

const namesOf = ({ shards }: StructureReport) => shards.map((shard) => `${shard.database}/${shard.collection}`);
const ask = (method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown) =>
  target.deployment.front.json<Record<string, unknown>>({ method, path, body });

/** A view as a server tells it, with links to collections of these names. */
async function viewsOver(names: readonly string[]): Promise<ViewDefinition[]> {
  await ask('POST', '/_api/database', { name: 'scratch' });
  for (const name of names) await ask('POST', '/_db/scratch/_api/collection', { name });
  const links = Object.fromEntries(names.map((name) => [name, {}]));
  await ask('POST', '/_db/scratch/_api/view', { name: 'search', type: 'arangosearch', links });
  const views = await readViews(target.deployment.front, 'scratch', ['search'], NEVER);
  await target.deployment.front.json({ method: 'DELETE', path: '/_api/database/scratch' });
  return views;
}

test('what is not selected stays as it is on the target, with all that refers to it named', async () => {
  await ask('POST', '/_api/database', { name: 'local' });
  await ask('POST', '/_db/local/_api/collection', { name: 'mine' });
  await ask('POST', '/_api/database', { name: 'd' });
  await ask('POST', '/_db/d/_api/collection', { name: 'tmp', numberOfShards: 2 });
  await ask('POST', '/_db/d/_api/document/tmp', { _key: 'own' });
  const definition = { edgeDefinitions: [{ collection: 'knows', from: ['people'], to: ['people'] }] };
  await ask('POST', '/_db/d/_api/document/_graphs', { _key: 'friends', ...definition });
  const told = inventory(
    [
      collection('people'),
      collection('tmp'),
      collection('knows', { type: 3 }),
      collection('_graphs', { isSystem: true }),
    ],
    { views: await viewsOver(['people', 'tmp']) },
  );
  const engine = await follow(told, { selection: { include: ['d'], exclude: ['d/tmp', 'd/knows'] } });
  const report = await reported(engine, (each) => namesOf(each).length === 2);
  expect(namesOf(report).sort()).toEqual(['d/_graphs', 'd/people']);
  expect(report.problems).toEqual([]);
  expect(report.notes).toEqual([
    { database: 'd', note: 'the view is made without tmp: not selected', collections: ['search'], count: 1 },
    {
      database: 'd',
      note: 'graph friends is not complete without knows: not selected',
      collections: ['_graphs'],
      count: 1,
    },
  ]);
  const { collections, views } = await readTargetDatabase(target.deployment, 'd', NEVER);
  expect(collections.has('knows')).toBe(false);
  expect(collections.get('tmp')?.shards).toHaveLength(2);
  expect(await ask('GET', '/_db/d/_api/document/tmp/own')).toMatchObject({ _key: 'own' });
  expect(Object.keys((views[0]?.properties.links ?? {}) as object)).toEqual(['people']);
  expect(await ask('GET', '/_db/local/_api/collection/mine')).toMatchObject({ name: 'mine' });
});

test('S3: no checkpoint of a time before vouches for what comes into the selection again', async () => {
  const told = inventory([collection('a', { shards: 2 }), collection('b')]);
  const engine = await follow(told, {});
  await reported(engine, (each) => namesOf(each).length === 3);
  const { collections } = await readTargetDatabase(target.deployment, 'd', NEVER);
  const idOf = (name: string) => collections.get(name)?.id ?? '';
  const stored = (name: string, shardIndex: number) => {
    const ref = { database: 'd', collection: name, shardIndex };
    const scope = { epoch: 'epoch-1', sourceDeployment: SOURCE_ID };
    return { ...blankDocument(ref, { collectionId: idOf(name) }, scope), owner: 'another worker', tick: '100' };
  };
  await ask('POST', '/_api/document/_sync_checkpoints', [stored('a', 0), stored('a', 1), stored('b', 0)]);
  const checkpoint = (name: string, shardIndex: number) =>
    ask('GET', `/_api/document/_sync_checkpoints/${shardKey(idOf(name), shardIndex)}`);

  await instruct(engine, { selection: { include: ['d/b'], exclude: [] } });
  await reported(engine, (each) => namesOf(each).join() === 'd/b');
  expect(await checkpoint('a', 0)).not.toHaveProperty('copyBecause');

  // Another worker has the task by then: what was left out is known from the database.
  await engine.engine.stop();
  running = [];
  const next = await follow(told, { selection: { include: ['d/b'], exclude: [] } });
  await reported(next, (each) => namesOf(each).join() === 'd/b');
  await instruct(next, {});
  await reported(next, (each) => namesOf(each).length === 3);
  for (const shardIndex of [0, 1]) {
    expect(await checkpoint('a', shardIndex)).toMatchObject({
      tick: '100',
      copyBecause: 'it was not selected for a while',
    });
  }
  expect(await checkpoint('b', 0)).not.toHaveProperty('copyBecause');

  // Once: a checkpoint that is written from then on counts.
  await ask('PUT', `/_api/document/_sync_checkpoints/${shardKey(idOf('a'), 0)}`, stored('a', 0));
  const known = next.structures.length;
  await instruct(next, { selection: { include: ['d'], exclude: [] } });
  await reported(next, (each) => namesOf(each).length === 3, known);
  expect(await checkpoint('a', 0)).not.toHaveProperty('copyBecause');
});

test('replication factors stay inside their bounds, and collections that are there follow other bounds', async () => {
  const told = inventory([
    collection('small', { replicationFactor: 1, writeConcern: 1 }),
    collection('large', { replicationFactor: 3, writeConcern: 3 }),
    collection('follower', { distributeShardsLike: 'large', replicationFactor: 3 }),
  ]);
  const factors = async () => {
    const { collections } = await readTargetDatabase(target.deployment, 'd', NEVER);
    return ['small', 'large', 'follower'].map((name) => {
      const { replicationFactor, writeConcern } = collections.get(name)?.parameters ?? {};
      return [replicationFactor, writeConcern];
    });
  };
  const engine = await follow(told, { replicationFactor: { max: 2 } });
  const first = await reported(engine, (each) => namesOf(each).length === 3);
  expect((await factors()).slice(0, 2)).toEqual([
    [1, 1],
    [2, 2],
  ]);
  expect((await factors())[2]?.[0]).toBe(2);
  expect(first.changes).toContain(
    'created collection d/large with replication factor 2 instead of 3: --cluster.max-replication-factor is 2',
  );
  expect(first.notes).toEqual([
    {
      database: 'd',
      note: 'replication factor 2 instead of 3: --cluster.max-replication-factor is 2',
      collections: ['large'],
      count: 1,
    },
  ]);

  await instruct(engine, { replicationFactor: { min: 5 } });
  const second = await reported(engine, ({ notes = [] }) =>
    notes.some(({ collections }) => collections[0] === 'small'),
  );
  expect((await factors()).slice(0, 2)).toEqual([
    [3, 1],
    [3, 3],
  ]);
  const fewer = 'the target has 3 DB-Servers, fewer than --cluster.min-replication-factor';
  expect(second.notes).toEqual([
    { database: 'd', note: `replication factor 3 instead of 1: ${fewer}`, collections: ['small'], count: 1 },
    { database: 'd', note: `replication factor 3: ${fewer}`, collections: ['large'], count: 1 },
  ]);

  const known = engine.structures.length;
  await instruct(engine, {});
  await reported(engine, ({ notes = [] }) => notes.length === 0, known);
  expect((await factors()).slice(0, 2)).toEqual([
    [1, 1],
    [3, 3],
  ]);
});
