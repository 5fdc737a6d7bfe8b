import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Inventory, SourceCollection } from '../../../src/replication/inventory.ts';
import { readTargetDatabase } from '../../../src/replication/target/read-structure.ts';
import type { StructureReport, WorkerTask } from '../../../src/wire/worker.ts';
import { instructions, type TestEngine, TestTarget, testEngine, until } from './harness.ts';
import { documentLine } from './operations.ts';
import { ScriptedSource, type ScriptedStream, SOURCE_ID } from './scripted-source.ts';

const TASK: WorkerTask = {
  id: 'inventory',
  type: 'receive-inventory',
  channels: { data: 'inventory' },
  peerId: SOURCE_ID,
};
const NEVER = new AbortController().signal;

let target: TestTarget;
let source: ScriptedSource;
let running: TestEngine[] = [];

beforeAll(async () => {
  target = await TestTarget.start({ mode: 'cluster', dbServers: 2, coordinators: 1 });
});
afterAll(() => target.stop());
beforeEach(() => {
  source = new ScriptedSource(['inventory']);
});
afterEach(async () => {
  await Promise.all(running.map(({ engine }) => engine.stop()));
  running = [];
  const { front } = target.deployment;
  await front.request({ method: 'DELETE', path: '/_api/database/d' });
  await front.request({ method: 'DELETE', path: '/_api/collection/_sync_checkpoints', query: { isSystem: true } });
});

function collection(name: string, shards: number, more: Record<string, unknown> = {}): SourceCollection {
  const { indexes = [], guid = `c${name}/`, ...parameters } = more;
  return {
    name,
    targetName: name,
    id: name,
    globallyUniqueId: String(guid),
    parameters: {
      type: 2,
      isSystem: false,
      replicationFactor: 3,
      writeConcern: 1,
      shardKeys: ['_key'],
      shardingStrategy: 'hash',
      ...parameters,
    },
    indexes: indexes as SourceCollection['indexes'],
    shards: Array.from({ length: shards }, (_, index) => ({ index, name: `s${index}`, cuid: `c1/s${index}` })),
  };
}

function inventory(collections: readonly SourceCollection[], more: Partial<Inventory> = {}): Inventory {
  const database = { name: 'd', id: '7', collections: [...collections], excluded: [] };
  const system = { name: '_system', id: '1', collections: [], excluded: [] };
  const base = { deploymentId: SOURCE_ID, kind: 'cluster', version: '3.12.4', complete: true } as const;
  return { ...base, takenAt: new Date().toISOString(), databases: [system, database], ...more };
}

async function start(
  confirmedDrops: string[] = [],
  onDoubt?: Parameters<typeof testEngine>[3],
  now?: () => number,
): Promise<TestEngine> {
  const engine = testEngine(target.deployment, source, {}, onDoubt, now);
  running.push(engine);
  await confirm(engine, confirmedDrops);
  return engine;
}

async function confirm(engine: TestEngine, confirmedDrops: string[]): Promise<void> {
  const listed = instructions([TASK]);
  if (listed.incoming === undefined) throw new Error('no synchronization');
  await engine.engine.setInstructions({ ...listed, incoming: { ...listed.incoming, confirmedDrops } });
}

/** Answers every opening of the channel with the structure of the moment, and tells when it changes. */
class TestStructure {
  #current: Inventory;
  #stream: ScriptedStream | undefined;

  constructor(current: Inventory) {
    this.#current = current;
    void this.#serve();
  }

  change(current: Inventory): void {
    this.#current = current;
    this.#stream?.inventory(current);
  }

  async #serve(): Promise<void> {
    for (;;) this.#stream = (await source.nextStream('inventory')).inventory(this.#current);
  }
}

function reported(engine: TestEngine, wants: (report: StructureReport) => boolean, from = 0): Promise<StructureReport> {
  return until(`a report; last: ${JSON.stringify(engine.structures.at(-1))}`, () =>
    engine.structures.slice(from).find(wants),
  );
}

function stored() {
  return readTargetDatabase(target.deployment, 'd', NEVER);
}

test('a structure is made as the source has it, with the replication factor that the target can keep', async () => {
  const index = { type: 'persistent', name: 'by_a', fields: ['_key', 'a'], unique: true, sparse: true };
  const wanted = inventory([
    collection('follower', 3, { distributeShardsLike: 'proto', type: 3 }),
    collection('proto', 3, { indexes: [index], schema: { rule: {}, level: 'none', message: 'm' }, waitForSync: true }),
    collection('keys', 2, { shardKeys: ['a', 'b'], keyOptions: { type: 'uuid', allowUserKeys: false } }),
  ]);
  const engine = await start();
  new TestStructure(wanted);
  const report = await reported(engine, ({ shards }) => shards.length === 8);
  expect(report).toMatchObject({ epoch: 'epoch-1', sourceDeployment: SOURCE_ID, problems: [], heldDrops: [] });
  expect(report.changes).toContain(
    'created collection d/proto with replication factor 2 instead of 3: the target has 2 DB-Servers',
  );
  const { collections } = await stored();
  expect(collections.get('proto')).toMatchObject({
    parameters: { numberOfShards: 3, replicationFactor: 2, waitForSync: true, schema: { level: 'none' } },
    indexes: [{ name: 'by_a', unique: true, sparse: true }],
  });
  expect(collections.get('follower')).toMatchObject({ type: 3, parameters: { distributeShardsLike: 'proto' } });
  expect(collections.get('keys')).toMatchObject({
    parameters: { shardKeys: ['a', 'b'], keyOptions: { type: 'uuid', allowUserKeys: false } },
  });
  expect(collections.get('keys')?.shards).toHaveLength(2);
});

test('a collection that follows a prototype has a write concern of its own', async () => {
  const sourceWith = (own: number) => [
    collection('proto', 2, { replicationFactor: 2, writeConcern: 2 }),
    collection('follower', 2, { replicationFactor: 2, writeConcern: own, distributeShardsLike: 'proto' }),
  ];
  const engine = await start();
  const structure = new TestStructure(inventory(sourceWith(1)));
  const concern = async () => (await stored()).collections.get('follower')?.parameters.writeConcern;
  const changed = ({ changes }: StructureReport) => changes.includes('changed writeConcern of collection d/follower');
  await reported(engine, changed);
  expect(await concern()).toBe(1);
  const before = engine.structures.length;
  structure.change(inventory(sourceWith(2)));
  await until('another change', () => engine.structures.slice(before).some(changed));
  expect(await concern()).toBe(2);
});

test('a second inventory that says the same changes nothing', async () => {
  const wanted = inventory([collection('c', 2, { indexes: [{ type: 'persistent', name: 'i', fields: ['a'] }] })]);
  const engine = await start();
  const structure = new TestStructure(wanted);
  await until('the first report', () => engine.structures.length === 1);
  structure.change(wanted);
  await until('the second report', () => engine.structures.length === 2);
  expect(engine.structures[1]).toMatchObject({ changes: [], problems: [] });
  expect(engine.structures[1]?.shards).toHaveLength(2);
});

test('an index that is trained with the documents is made after their copy, and said to be; others before', async () => {
  source = new ScriptedSource(['inventory', 'shard']);
  const engine = testEngine(target.deployment, source, { lookAgainMs: 50 });
  running.push(engine);
  const shard: WorkerTask = {
    id: 'shard',
    type: 'receive-shard',
    channels: { data: 'shard' },
    peerId: SOURCE_ID,
    shard: { database: 'd', collection: 'c', shardIndex: 0 },
  };
  await engine.engine.setInstructions(instructions([TASK, shard]));
  const indexes = [
    { type: 'vector', name: 'v', fields: ['e'], params: { metric: 'cosine', dimension: 2, nLists: 1 } },
    { type: 'persistent', name: 'i', fields: ['a'] },
  ];
  new TestStructure(inventory([collection('c', 1, { indexes })]));
  const first = await reported(engine, ({ shards }) => shards.length === 1);
  expect(first.changes.at(-1)).toBe('created index i on d/c');
  const reason = 'its index v is made after the copy: a vector index is trained with the documents';
  expect(first.problems).toEqual([{ database: 'd', collection: 'c', reason }]);
  const stream = (await source.nextStream('shard')).opened('copy', '100', { cuid: 'cc/s1' });
  stream.copy([documentLine('k', '_kEJrpFq--_', { e: [1, 2] })], false);
  await until('a part of the copy', () => engine.engine.reports()[0]?.documentsCopied === 1);
  // Looked at again, and left alone.
  const known = engine.structures.length;
  await reported(engine, ({ problems }) => problems[0]?.reason === reason, known + 1);
  stream.copy([], true);
  // The stand-in knows no such index: that it was asked for one is what there is to see.
  const last = await reported(engine, ({ problems }) => problems[0]?.reason !== reason, known);
  expect(last.problems[0]?.reason).toMatch(/^not created index v on d\/c: .*400\/10 invalid index type 'vector'/);
});

test('an index that the target refuses is told of and tried again later, while the structure is followed on', async () => {
  let nowMs = Date.now();
  const engine = await start([], undefined, () => nowMs);
  const path = /\/_api\/index/;
  const refusing = target.embedded.control.addFault({
    method: 'POST',
    path,
    action: { kind: 'fail', status: 409, errorNum: 1210 },
  });
  const indexes = [{ type: 'persistent', name: 'u', fields: ['_key', 'a'], unique: true }];
  const structure = new TestStructure(inventory([collection('c', 1, { indexes })]));
  const refused = await reported(engine, ({ problems }) => problems.length === 1);
  expect(refused).toMatchObject({ problems: [{ database: 'd', collection: 'c' }], shards: [{ collection: 'c' }] });
  expect(refused.problems[0]?.reason).toContain('not created index u on d/c');
  for (let time = 0; time < 30; time += 1) await stored();
  expect(engine.structures).toHaveLength(1);
  refusing.remove();
  structure.change(inventory([collection('c', 1, { indexes }), collection('b', 1)]));
  await reported(engine, ({ shards }) => shards.length === 2);
  // The pause is over.
  nowMs += 2_000;
  const fine = await reported(engine, ({ problems }) => problems.length === 0);
  expect(fine.changes).toContain('created index u on d/c');
  // One for each inventory that told something else, one for the pause that was over.
  expect(engine.structures.length).toBeLessThanOrEqual(3);
});

test('S1: a collection is dropped when two inventories in a row lack it', async () => {
  const engine = await start();
  const structure = new TestStructure(inventory([collection('a', 1), collection('b', 1), collection('x', 1)]));
  await reported(engine, ({ shards }) => shards.length === 3);
  const known = engine.structures.length;
  structure.change(inventory([collection('a', 1), collection('b', 1)]));
  const isDrop = (report: StructureReport) =>
    report.changes.some((change) => change.startsWith('dropped collection d/x'));
  await reported(engine, isDrop);
  expect(engine.structures.slice(known).findIndex(isDrop)).toBe(1);
  expect((await stored()).collections.has('x')).toBe(false);
});

test('S1: a source that is empty does not empty the target until an operator confirms', async () => {
  const engine = await start();
  const structure = new TestStructure(inventory([collection('a', 1), collection('b', 1)]));
  await reported(engine, ({ shards }) => shards.length === 2);
  structure.change(inventory([]));
  const held = await reported(engine, ({ heldDrops }) => heldDrops.length > 0);
  expect(held.heldDrops.toSorted()).toEqual(['d/a', 'd/b']);
  expect((await stored()).collections.has('a')).toBe(true);
  const known = engine.structures.length;
  await confirm(engine, ['d/a', 'd/b']);
  await reported(engine, ({ changes }) => changes.length === 2, known);
  expect((await stored()).collections.has('a')).toBe(false);
});

test('S1: what is confirmed one after the other goes once its whole database is', async () => {
  const engine = await start();
  const base = inventory([collection('a', 1), collection('b', 1)]);
  const structure = new TestStructure(base);
  await reported(engine, ({ shards }) => shards.length === 2);
  structure.change({ ...base, databases: base.databases.filter(({ name }) => name !== 'd') });
  const held = await reported(engine, ({ heldDrops }) => heldDrops.length > 0);
  const [first = '', ...others] = held.heldDrops;
  expect(others.length).toBeGreaterThan(0);
  await confirm(engine, [first]);
  const left = await reported(engine, () => true, engine.structures.length);
  // Told on: the operator's word stands as long as it is.
  expect(left.heldDrops.toSorted()).toEqual(held.heldDrops.toSorted());
  const known = engine.structures.length;
  await confirm(engine, held.heldDrops);
  const gone = await reported(engine, ({ heldDrops }) => heldDrops.length === 0, known);
  expect(gone.changes).toEqual([expect.stringMatching(/^dropped database d\b/)]);
});

test('S18: a leader of another term is told the structure again, as the log may have lost it', async () => {
  const engine = await start();
  new TestStructure(inventory([collection('a', 1)]));
  const listed = instructions([TASK]);
  await engine.engine.setInstructions({ ...listed, term: 1 });
  await reported(engine, ({ shards }) => shards.length === 1);
  const known = engine.structures.length;
  await engine.engine.setInstructions({ ...listed, term: 2 });
  await reported(engine, ({ shards }) => shards.length === 1, known);
});

test('analyzers and views follow, with an index that uses one of them', async () => {
  const engine = await start();
  const analyzer = {
    name: 'lower',
    type: 'norm',
    properties: { locale: 'en', case: 'lower' },
    features: ['frequency'],
  };
  const link = { analyzers: ['identity'], includeAllFields: true };
  const views = [{ name: 'v', type: 'arangosearch', properties: { links: { a: link } } }];
  const search = (more: object) => {
    const base = inventory([collection('a', 1)]);
    const [system, d] = base.databases;
    if (system === undefined || d === undefined) throw new Error('two databases are needed');
    return { ...base, databases: [system, { ...d, ...more }] };
  };
  const structure = new TestStructure(search({ analyzers: [analyzer], views }));
  await reported(engine, ({ shards }) => shards.length === 1);
  const read = async (path: string) => {
    const { result } = await target.deployment.front.json<{ result: { name: string }[] }>({
      ...{ method: 'GET', path, database: 'd' },
    });
    return result.map(({ name }) => name);
  };
  await until('both', async () => (await read('/_api/view')).includes('v'));
  expect(await read('/_api/analyzer')).toContain('d::lower');
  structure.change(search({ analyzers: [], views: [] }));
  await until('both gone', async () => !(await read('/_api/analyzer')).includes('d::lower'));
  expect(await read('/_api/view')).toEqual([]);
  const gone = 'dropped view d/v: the source does not have it';
  const { changes } = await reported(engine, (report) => report.changes.includes(gone));
  expect(changes).toEqual([gone, 'dropped analyzer d/lower: the source does not have it']);
});

test('S1: the inventory of another deployment changes nothing', async () => {
  const engine = await start();
  new TestStructure(inventory([collection('a', 1)], { deploymentId: 'B' }));
  await until('the refusal', () => engine.log.some(({ level }) => level === 'error'));
  expect(engine.structures).toEqual([]);
  expect(await target.deployment.databases()).not.toContain('d');
  expect(engine.log.some(({ fields }) => String(fields.reason).includes('deployment B'))).toBe(true);
});

test('documents that were not replicated are never dropped for other shards, which are followed as they are', async () => {
  const { front } = target.deployment;
  await front.json({ method: 'POST', path: '/_api/database', body: { name: 'd' } });
  await front.json({ method: 'POST', path: '/_api/collection', database: 'd', body: { name: 'c', numberOfShards: 5 } });
  await front.json({ method: 'POST', path: '/_api/document/c', database: 'd', body: { precious: true } });
  const engine = await start();
  new TestStructure(inventory([collection('c', 3)]));
  const report = await reported(engine, ({ shards }) => shards.length > 0);
  expect(report).toMatchObject({ problems: [], shards: [{ shardIndex: 0 }, { shardIndex: 1 }, { shardIndex: 2 }] });
  expect(report.changes.join()).toMatch(
    /follows collection d\/c by key and content: .*3 shards .* there, 5 shards .* here/,
  );
  expect((await stored()).collections.get('c')?.shards).toHaveLength(5);
});

test('a collection that was made anew on the source is made anew here', async () => {
  const engine = await start();
  const others = [collection('a', 1), collection('b', 1)];
  const structure = new TestStructure(inventory([...others, collection('c', 1)]));
  await reported(engine, ({ shards }) => shards.length === 3);
  const before = (await stored()).collections.get('c')?.id;
  structure.change(inventory([...others, collection('c', 4, { guid: 'c-new/' })]));
  await reported(engine, ({ shards }) => shards.length === 6);
  const after = (await stored()).collections.get('c');
  expect(after?.id).not.toBe(before);
  expect(after?.shards).toHaveLength(4);
});

test('a collection is made anew although a graph that came with the data names it already', async () => {
  const doubts: unknown[] = [];
  const engine = await start([], async (shard, reason) => void doubts.push({ shard, reason }));
  const others = [collection('a', 1), collection('e', 1, { type: 3 })];
  const structure = new TestStructure(inventory([...others, collection('c', 1)]));
  await reported(engine, ({ shards }) => shards.length === 3);
  const graph =
    '{"_key":"g","_rev":"_g69jY-----","edgeDefinitions":[{"collection":"e","from":["c"],"to":["c"]}],"n":1.0}';
  const other = '{"_key":"h","_rev":"_g69jY----D","edgeDefinitions":[],"orphanCollections":["a"]}';
  const { front } = target.deployment;
  const path = '/_api/document/_graphs';
  const query = { isRestore: true };
  await front.json({ method: 'POST', database: 'd', path, query, body: `[${graph},${other}]` });
  const before = (await stored()).collections.get('c')?.id;
  structure.change(inventory([...others, collection('c', 2, { guid: 'c-new/' })]));
  await reported(engine, ({ shards }) => shards.length === 4);
  const after = (await stored()).collections.get('c');
  expect(after?.id).not.toBe(before);
  expect(after?.shards).toHaveLength(2);
  const read = await front.request({ method: 'GET', database: 'd', path: `${path}/g` });
  expect(read.body.toString()).toContain('"_rev":"_g69jY-----","edgeDefinitions"');
  expect(read.body.toString()).toContain('"n":1.0');
  expect(doubts).toEqual([
    {
      shard: { database: 'd', collection: '_graphs', shardIndex: 0 },
      reason: 'graphs that name d/c were put aside while it was made anew',
    },
  ]);
});

test('S8: the structure counts as that behind a barrier once an inventory came which was taken behind it', async () => {
  const wanted = inventory([collection('c', 1)]);
  const engine = await start();
  const structure = new TestStructure(wanted);
  await reported(engine, ({ shards }) => shards.length === 1);
  const listed = instructions([TASK]);
  if (listed.incoming === undefined) throw new Error('no synchronization');
  const from = engine.structures.length;
  await engine.engine.setInstructions({
    ...listed,
    incoming: { ...listed.incoming, barrier: { epoch: 'barrier-1', ticks: [] } },
  });
  // The channel is opened again; what comes first there may have been taken before.
  await until('the first one behind it', () => engine.structures.length > from);
  expect(engine.structures.some(({ reachedBarrier }) => reachedBarrier !== undefined)).toBe(false);
  structure.change(wanted);
  await reported(engine, ({ reachedBarrier }) => reachedBarrier === 'barrier-1');
});
