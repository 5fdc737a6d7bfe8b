import { describe, expect, test } from 'vitest';
import type {
  IndexDefinition,
  Inventory,
  SourceCollection,
  SourceDatabase,
} from '../../../src/replication/inventory.ts';
import { planStructure } from '../../../src/replication/target/plan-structure.ts';
import type { TargetCollection } from '../../../src/replication/target/read-structure.ts';
import type { Step, StructureMemory, TargetStructure } from '../../../src/replication/target/structure-steps.ts';

const INDEX: IndexDefinition = { type: 'persistent', name: 'by_a', fields: ['a'], unique: false, sparse: false };

function wanted(name: string, more: Record<string, unknown> = {}, shards = 3): SourceCollection {
  const { indexes = [], guid = `c-${name}/`, targetName = name, ...parameters } = more;
  return {
    name,
    targetName: String(targetName),
    id: `s-${name}`,
    globallyUniqueId: String(guid),
    parameters: {
      type: 2,
      isSystem: false,
      shardKeys: ['_key'],
      shardingStrategy: 'hash',
      replicationFactor: 2,
      writeConcern: 1,
      ...parameters,
    },
    indexes: indexes as IndexDefinition[],
    shards: Array.from({ length: shards }, (_, index) => ({ index, name: `s${index}`, cuid: `c1/s${index}` })),
  };
}

function stored(name: string, more: Record<string, unknown> = {}, shards = 3): TargetCollection {
  const { indexes = [], type = 2, ...parameters } = more;
  return {
    name,
    id: `t-${name}`,
    type: Number(type),
    parameters: {
      type,
      isSystem: name.startsWith('_'),
      shardKeys: ['_key'],
      shardingStrategy: 'hash',
      replicationFactor: 2,
      writeConcern: 1,
      ...parameters,
    },
    indexes: indexes as IndexDefinition[],
    shards: Array.from({ length: shards }, (_, index) => ({ name: `s${index}`, leader: 'PRMR-1' })),
  };
}

function inventory(
  collections: readonly SourceCollection[],
  more: Partial<Inventory> & { excluded?: string[] } = {},
): Inventory {
  const { excluded = [], ...rest } = more;
  const database: SourceDatabase = {
    name: 'd',
    id: '1',
    collections: [...collections],
    excluded: excluded.map((name) => ({ name, reason: 'not replicated' })),
  };
  const base = { deploymentId: 'A', kind: 'cluster', version: '3.12.4', takenAt: '2026-01-01T00:00:00Z' } as const;
  return { ...base, complete: true, databases: [database], ...rest };
}

function targetWith(collections: readonly TargetCollection[], more: Partial<TargetStructure> = {}): TargetStructure {
  const nothing = { analyzers: [], views: [] };
  const d = {
    ...nothing,
    name: 'd',
    id: '1',
    collections: new Map(collections.map((collection) => [collection.name, collection])),
  };
  const system = { ...nothing, name: '_system', id: '0', collections: new Map<string, TargetCollection>() };
  return {
    kind: 'cluster',
    dbServers: 3,
    databases: new Map([
      ['_system', system],
      ['d', d],
    ]),
    filled: new Set(),
    ...more,
  };
}

function memory(
  more: { followed?: Record<string, string>; agreed?: string[]; confirmed?: string[]; copied?: string[] } = {},
): StructureMemory {
  return {
    followed: new Map(Object.entries(more.followed ?? {})),
    agreed: new Set(more.agreed),
    confirmed: new Set(more.confirmed),
    copied: new Set(more.copied),
  };
}

function short(step: Step): string {
  const index =
    step.kind === 'create-index' ? ` ${step.index.name}` : step.kind === 'drop-index' ? ` ${step.index}` : '';
  return `${step.kind} ${'collection' in step ? step.collection : step.database}${index}`;
}

function steps(source: Inventory, target: TargetStructure, remembered = memory()): string[] {
  return planStructure(source, target, remembered).steps.map(short);
}

describe('what is missing', () => {
  test('databases come before collections, prototypes before followers, collections before indexes', () => {
    const follower = wanted('follower', { distributeShardsLike: 'proto', indexes: [INDEX] });
    const nothing = { ...targetWith([]), databases: new Map() };
    expect(steps(inventory([follower, wanted('proto')]), nothing)).toEqual([
      'create-database d',
      'create-collection proto',
      'create-collection follower',
      'create-index follower by_a',
    ]);
  });

  test('an index that is trained with documents waits until those of every shard were copied', () => {
    const vector = { type: 'vector', name: 'v', fields: ['e'], params: { nLists: 1 } };
    const source = inventory([wanted('c', { indexes: [vector, INDEX] })]);
    const fresh = planStructure(source, targetWith([]), memory());
    expect(fresh.steps.map(short)).toEqual(['create-collection c', 'create-index c by_a']);
    expect(fresh.afterCopy).toMatchObject([{ database: 'd', collection: 'c', index: { name: 'v' } }]);
    const there = targetWith([stored('c')]);
    expect(steps(source, there)).toEqual(['create-index c by_a']);
    const id = stored('c').id;
    expect(steps(source, there, memory({ copied: [id] }))).toEqual(['create-index c v', 'create-index c by_a']);
    expect(planStructure(source, there, memory({ copied: [id] })).afterCopy).toEqual([]);
  });

  test('a collection is made with every property that makes its shards and documents', () => {
    const settings = {
      shardKeys: ['a', 'b'],
      shardingStrategy: 'community-compat',
      schema: { rule: {}, level: 'strict' },
      computedValues: [{ name: 'x' }],
      keyOptions: { type: 'autoincrement', increment: 2, lastValue: 77 },
      waitForSync: true,
      cacheEnabled: true,
    };
    const [step] = planStructure(inventory([wanted('c', settings, 5)]), targetWith([]), memory()).steps;
    expect(step).toMatchObject({
      settings: {
        ...settings,
        keyOptions: { type: 'autoincrement', increment: 2 },
        numberOfShards: 5,
        replicationFactor: 2,
      },
    });
    expect(step).not.toHaveProperty('settings.keyOptions.lastValue');
  });

  test('the replication factor is capped to the servers that there are, and it is said', () => {
    const source = inventory([wanted('c', { replicationFactor: 3, writeConcern: 3 })]);
    const [step] = planStructure(source, targetWith([], { dbServers: 2 }), memory()).steps;
    expect(step).toMatchObject({
      settings: { replicationFactor: 2, writeConcern: 2 },
      note: 'replication factor 2 instead of 3: the target has 2 DB-Servers',
    });
  });

  test('a single server gets no attributes of clusters', () => {
    const [step] = planStructure(
      inventory([wanted('c', {}, 1)]),
      targetWith([], { kind: 'single', dbServers: 1 }),
      memory(),
    ).steps;
    expect(step).not.toHaveProperty('settings.numberOfShards');
    expect(step).not.toHaveProperty('settings.replicationFactor');
  });
});

describe('what is there', () => {
  test('an equal collection is ready and left alone', () => {
    const plan = planStructure(
      inventory([wanted('c', { indexes: [INDEX] })]),
      targetWith([stored('c', { indexes: [{ ...INDEX, id: '9' }] })]),
      memory(),
    );
    expect(plan.steps).toEqual([]);
    expect(plan.ready.map(({ shardIndex }) => shardIndex)).toEqual([0, 1, 2]);
    expect(plan.following).toMatchObject([
      { targetId: 'database-1', sourceId: '1' },
      { targetId: 't-c', sourceId: 'c-c/', collection: { facts: { deployment: 'A', collection: 'c-c/' } } },
    ]);
  });

  test('only what differs is changed', () => {
    const source = inventory([
      wanted('c', { waitForSync: true, cacheEnabled: false, schema: { level: 'none', rule: { a: 1, b: 2 } } }),
    ]);
    const target = targetWith([
      stored('c', { waitForSync: false, cacheEnabled: false, schema: { rule: { b: 2, a: 1 }, level: 'none' } }),
    ]);
    const plan = planStructure(source, target, memory());
    expect(plan.steps).toEqual([
      { kind: 'change-collection', database: 'd', collection: 'c', settings: { waitForSync: true } },
    ]);
  });

  test.each([
    ['an absent one is made', [INDEX], [], ['create-index c by_a']],
    ['one that the source lacks is dropped', [], [INDEX], ['drop-index c by_a']],
    [
      'one with other fields is dropped before it is made',
      [INDEX],
      [{ ...INDEX, fields: ['b'] }],
      ['drop-index c by_a', 'create-index c by_a'],
    ],
    [
      'one that became unique is dropped before it is made',
      [{ ...INDEX, unique: true }],
      [INDEX],
      ['drop-index c by_a', 'create-index c by_a'],
    ],
    ['old names of a type are the same type', [{ ...INDEX, type: 'skiplist' }], [INDEX], []],
    [
      'what differs from version to version is no difference',
      [{ ...INDEX, type: 'inverted', consolidationPolicy: 1 }],
      [{ ...INDEX, type: 'inverted', consolidationPolicy: 2 }],
      [],
    ],
    ['primary, edge and links are not replicated', [{ ...INDEX, type: 'arangosearch' }], [], []],
  ])('indexes: %s', (_, source, target, expected) => {
    expect(
      steps(inventory([wanted('c', { indexes: source })]), targetWith([stored('c', { indexes: target })])),
    ).toEqual(expected);
  });

  test('_sync_ collections are never touched, on either side', () => {
    const plan = planStructure(
      inventory([wanted('_sync_events')]),
      targetWith([stored('_sync_checkpoints')]),
      memory(),
    );
    expect(plan).toMatchObject({ steps: [], ready: [], problems: [] });
    expect(plan.wantedDrops.size).toBe(0);
  });
});

describe('what cannot be replicated 1:1', () => {
  test.each([
    ['other shard keys', stored('c', { shardKeys: ['a'] }), 'the target 3 shards by [a] (hash), and where the target'],
    [
      'another type',
      stored('c', { type: 3 }),
      "the source has a document collection, the target an edge collection, and the target's holds documents that were",
    ],
  ])('%s, with documents that are not ours: a problem that names both sides', (_, there, text) => {
    const plan = planStructure(inventory([wanted('c')]), targetWith([there], { filled: new Set(['t-c']) }), memory());
    expect(plan.steps).toEqual([]);
    expect(plan.ready).toEqual([]);
    expect(plan.problems).toHaveLength(1);
    expect(plan.problems[0]?.reason).toContain(text);
    expect(plan.problems[0]?.reason).toContain('drop or rename it on the target');
  });

  test.each([
    ['another number of shards', stored('c', {}, 5)],
    ['another strategy', stored('c', { shardingStrategy: 'community-compat' })],
  ])('%s, with documents that are not ours: followed as it is', (_, there) => {
    const plan = planStructure(inventory([wanted('c')]), targetWith([there], { filled: new Set(['t-c']) }), memory());
    expect(plan).toMatchObject({ steps: [], problems: [] });
    expect(plan.ready).toHaveLength(3);
  });

  test('several shards into a single server are followed, from the first and from what is there', () => {
    const single = { kind: 'single', dbServers: 1 } as const;
    const first = planStructure(inventory([wanted('c')]), targetWith([], single), memory());
    expect(first.steps.map(short)).toEqual(['create-collection c']);
    for (const filled of [new Set<string>(), new Set(['t-c'])]) {
      const plan = planStructure(
        inventory([wanted('c')]),
        targetWith([stored('c', {}, 1)], { ...single, filled }),
        memory(),
      );
      expect(plan).toMatchObject({ steps: [], problems: [] });
      expect(plan.ready).toHaveLength(3);
    }
  });

  test('what is followed in other shards stays as it is, also when it is empty', () => {
    const plan = planStructure(
      inventory([wanted('c', { guid: 'g' })]),
      targetWith([stored('c', {}, 4)]),
      memory({ followed: { 't-c': 'g' } }),
    );
    expect(plan).toMatchObject({ steps: [], problems: [] });
    const followed = plan.following.find(({ targetId }) => targetId === 't-c');
    expect(plan.notes[0]?.note).toContain('revisions are not kept: 3 shards by [_key] (hash) there, 4 shards');
    expect(followed?.collection?.facts).toMatchObject({ collection: 'g', sharding: { shards: 3 } });
  });

  test('one shard on both sides is 1:1 whatever it is cut by', () => {
    const source = inventory([wanted('c', { shardingStrategy: undefined, shardKeys: undefined }, 1)], {
      kind: 'single',
    });
    const plan = planStructure(
      source,
      targetWith([stored('c', { shardingStrategy: 'community-compat' }, 1)]),
      memory(),
    );
    expect(plan.ready).toHaveLength(1);
  });
});

describe('S1: drops', () => {
  const kept = [wanted('a'), wanted('b')];
  const there = [stored('a'), stored('b'), stored('x')];

  test('one inventory is not enough, the second in a row is', () => {
    const first = planStructure(inventory(kept), targetWith(there), memory());
    expect(first.steps).toEqual([]);
    expect([...first.wantedDrops]).toEqual(['d/x/t-x']);
    const second = steps(inventory(kept), targetWith(there), memory({ agreed: [...first.wantedDrops] }));
    expect(second).toEqual(['drop-collection x']);
  });

  test('an incomplete inventory drops nothing and agrees with nothing', () => {
    const plan = planStructure(
      inventory(kept, { complete: false }),
      targetWith(there),
      memory({ agreed: ['d/x/t-x'] }),
    );
    expect(plan.steps).toEqual([]);
    expect(plan.wantedDrops.size).toBe(0);
  });

  test('an incomplete inventory drops no index', () => {
    const source = inventory([wanted('a')], { complete: false });
    expect(steps(source, targetWith([stored('a', { indexes: [INDEX] })]))).toEqual([]);
  });

  test('more than half at once is held until it is confirmed', () => {
    const agreed = ['d/a/t-a', 'd/b/t-b'];
    const source = inventory([wanted('x')]);
    const plan = planStructure(source, targetWith(there), memory({ agreed }));
    expect(plan.steps).toEqual([]);
    expect(plan.heldDrops).toEqual(['d/a', 'd/b']);
    const confirmed = steps(source, targetWith(there), memory({ agreed, confirmed: ['d/a', 'd/b'] }));
    expect(confirmed).toEqual(['drop-collection a', 'drop-collection b']);
  });

  test('a source that lost its databases does not empty its copy', () => {
    const source = { ...inventory([]), databases: [] };
    const plan = planStructure(source, targetWith(there), memory({ agreed: ['d/a/t-a', 'd/b/t-b', 'd/x/t-x', 'd/'] }));
    expect(plan.steps).toEqual([]);
    expect(plan.heldDrops).toHaveLength(3);
  });

  test('what the source has and does not replicate is not dropped', () => {
    expect(planStructure(inventory(kept, { excluded: ['x'] }), targetWith(there), memory()).wantedDrops.size).toBe(0);
  });

  test("the server's own collections are dropped only when we made them", () => {
    const target = targetWith([...there.slice(0, 2), stored('_apps'), stored('_extra')]);
    const plan = planStructure(inventory(kept), target, memory({ followed: { 't-_extra': 'c-extra/' } }));
    expect([...plan.wantedDrops]).toEqual(['d/_extra/t-_extra']);
  });

  test('followers go before their prototype', () => {
    const target = targetWith([
      stored('a'),
      stored('b'),
      stored('e'),
      stored('proto'),
      stored('tail', { distributeShardsLike: 'proto' }),
    ]);
    const source = inventory([...kept, wanted('e')]);
    const agreed = ['d/proto/t-proto', 'd/tail/t-tail'];
    expect(steps(source, target, memory({ agreed }))).toEqual(['drop-collection tail', 'drop-collection proto']);
  });

  test('a database goes as a whole, with what holds on to each other in it', () => {
    const target = withDatabase('old', '9', [stored('_apps'), stored('goods')]);
    const source = inventory(kept);
    const first = planStructure(source, target, memory());
    expect(first.steps).toEqual([]);
    expect([...first.wantedDrops]).toEqual(['old/goods/t-goods', 'old/']);
    expect(steps(source, target, memory({ agreed: [...first.wantedDrops] }))).toEqual(['drop-database old']);
  });

  test('a database with too much in it is held as a whole until all of it is confirmed', () => {
    const target = withDatabase('old', '9', [stored('x'), stored('y'), stored('z')]);
    const source = inventory(kept);
    const agreed = ['old/', 'old/x/t-x', 'old/y/t-y', 'old/z/t-z'];
    const held = planStructure(source, target, memory({ agreed }));
    expect(held.steps).toEqual([]);
    expect(held.heldDrops).toEqual(['old/x', 'old/y', 'old/z']);
    expect(steps(source, target, memory({ agreed, confirmed: ['old/x', 'old/y'] }))).toEqual([]);
    expect(steps(source, target, memory({ agreed, confirmed: ['old/x', 'old/y', 'old/z'] }))).toEqual([
      'drop-database old',
    ]);
  });

  test('a database that was made anew on the source goes before anything of the new one comes', () => {
    const target = withDatabase('e', '9', [stored('_graphs'), stored('c')]);
    const source = inventory(kept);
    const fresh = { name: 'e', id: '77', collections: [wanted('c'), wanted('new')], excluded: [] };
    const both = { ...source, databases: [...source.databases, fresh] };
    const followed = { 'database-9': '55', 't-c': 'c-c/', 't-_graphs': 'c-_graphs/' };
    const first = planStructure(both, target, memory({ followed }));
    expect(first.steps).toEqual([]);
    expect(first.ready.filter(({ database }) => database === 'e')).toEqual([]);
    const second = planStructure(both, target, memory({ followed, agreed: [...first.wantedDrops] }));
    expect(second.steps.map(short)).toEqual(['drop-database e']);
    const gone = { ...target, databases: new Map([...target.databases].filter(([name]) => name !== 'e')) };
    expect(steps(both, gone, memory({ followed }))).toEqual([
      'create-database e',
      'create-collection c',
      'create-collection new',
    ]);
    const again = withDatabase('e', '10', [stored('_graphs')]);
    expect(steps(both, again, memory({ followed }))).toEqual(['create-collection c', 'create-collection new']);
  });
});

function withDatabase(name: string, id: string, more: readonly TargetCollection[]): TargetStructure {
  const d = targetWith([stored('a'), stored('b')]);
  const collections = new Map(more.map((collection) => [collection.name, collection]));
  const database = { name, id, collections, analyzers: [], views: [] };
  return { ...d, databases: new Map([...d.databases, [name, database]]) };
}

describe('a collection that was made anew on the source', () => {
  const others = [wanted('a'), wanted('b')];
  const there = [stored('a'), stored('b'), stored('c')];
  const source = inventory([...others, wanted('c', { guid: 'c-new/' })]);

  test('is dropped and made again here, when two inventories say so; until then it is not ready', () => {
    const followed = { 't-c': 'c-old/' };
    const first = planStructure(source, targetWith(there), memory({ followed }));
    expect(first.steps).toEqual([]);
    expect(first.ready.some(({ collection }) => collection === 'c')).toBe(false);
    const second = steps(source, targetWith(there), memory({ followed, agreed: [...first.wantedDrops] }));
    expect(second).toEqual(['drop-collection c', 'create-collection c']);
  });

  test('is followed as it is when nothing is remembered of it', () => {
    expect(planStructure(source, targetWith(there), memory()).ready.some(({ collection }) => collection === 'c')).toBe(
      true,
    );
  });

  test('may get other shards here when the old one was ours, though it holds documents', () => {
    const target = targetWith([stored('a'), stored('b'), stored('c', {}, 9)], { filled: new Set(['t-c']) });
    const agreed = ['d/c/t-c'];
    expect(steps(source, target, memory({ followed: { 't-c': 'c-old/' }, agreed }))).toEqual([
      'drop-collection c',
      'create-collection c',
    ]);
  });
});

describe('a prototype that was made anew on the source', () => {
  const like = { distributeShardsLike: 'c' };
  const source = inventory([wanted('a'), wanted('b'), wanted('c', { guid: 'c-new/' }), wanted('f', like)]);
  const there = [stored('a'), stored('b'), stored('c')];
  const followed = { 't-c': 'c-old/' };

  test('is here before what is distributed like it: nothing follows the old one, which could not go then', () => {
    const first = planStructure(source, targetWith(there), memory({ followed }));
    expect(first.steps).toEqual([]);
    expect(steps(source, targetWith(there), memory({ followed, agreed: [...first.wantedDrops] }))).toEqual([
      'drop-collection c',
      'create-collection c',
      'create-collection f',
    ]);
  });

  test('takes along what follows the old one here', () => {
    const target = targetWith([...there, stored('f', like)], { filled: new Set(['t-c', 't-f']) });
    const first = planStructure(source, target, memory({ followed: { ...followed, 't-f': 'c-f/' } }));
    const agreed = [...first.wantedDrops];
    expect(steps(source, target, memory({ followed: { ...followed, 't-f': 'c-f/' }, agreed }))).toEqual([
      'drop-collection f',
      'drop-collection c',
      'create-collection c',
      'create-collection f',
    ]);
  });

  test('leaves what nobody replicated', () => {
    const target = targetWith([...there, stored('f', like)]);
    expect(planStructure(source, target, memory({ followed })).wantedDrops).toEqual(new Set(['d/c/t-c']));
  });
});

test('a rename on a single server is followed, not copied', () => {
  const source = inventory([wanted('fresh', { guid: 'h1/1' }, 1)], { kind: 'single' });
  const target = targetWith([stored('old', {}, 1)], { kind: 'single', dbServers: 1 });
  const plan = planStructure(source, target, memory({ followed: { 't-old': 'h1/1' } }));
  expect(plan.steps).toEqual([{ kind: 'rename-collection', database: 'd', collection: 'old', to: 'fresh' }]);
  expect(plan.wantedDrops.size).toBe(0);
});

describe('on a single server, where names pass from one collection to another', () => {
  const single = { kind: 'single', dbServers: 1 } as const;
  const named = (names: Record<string, string>) =>
    inventory(
      Object.entries(names).map(([name, guid]) => wanted(name, { guid }, 1)),
      { kind: 'single' },
    );
  const followed = { 't-a': 'h1/1', 't-b': 'h1/2' };
  const there = [stored('a', {}, 1), stored('b', {}, 1)];
  const renamesOf = (source: Inventory) =>
    planStructure(source, targetWith(there, single), memory({ followed })).steps.map((step) =>
      step.kind === 'rename-collection' ? `${step.collection} > ${step.to}` : short(step),
    );

  test('each keeps its documents, and is renamed when its name is free', () => {
    expect(renamesOf(named({ b: 'h1/1', c: 'h1/2' }))).toEqual(['b > c', 'a > b']);
  });

  test('names that go round in a ring pass through one that nobody has', () => {
    expect(renamesOf(named({ b: 'h1/1', a: 'h1/2' }))).toEqual(['a > renaming-0-a', 'b > a', 'renaming-0-a > b']);
  });

  test('a new collection under an old name is another one', () => {
    expect(renamesOf(named({ a: 'h1/3', c: 'h1/1', b: 'h1/2' }))).toEqual(['a > c', 'create-collection a']);
  });

  test('what has the name and is not on the source any longer goes first', () => {
    const source = named({ b: 'h1/1', x: 'h1/8', y: 'h1/9' });
    const target = targetWith([...there, stored('x', {}, 1), stored('y', {}, 1)], single);
    const first = planStructure(source, target, memory({ followed }));
    expect(first.steps).toEqual([]);
    expect(first.wantedDrops).toEqual(new Set(['d/b/t-b']));
    expect(steps(source, target, memory({ followed, agreed: ['d/b/t-b'] }))).toEqual(['drop-collection b']);
  });

  test('of two that follow one collection the surplus one goes', () => {
    const twice = { 't-a': 'h1/1', 't-b': 'h1/1' };
    const plan = planStructure(named({ b: 'h1/1' }), targetWith(there, single), memory({ followed: twice }));
    expect(plan.steps).toEqual([]);
    expect(plan.wantedDrops).toEqual(new Set(['d/a/t-a']));
  });
});

test('jobs and queues arrive under names that nothing executes', () => {
  const plan = planStructure(
    inventory([wanted('_jobs', { targetName: '_jobsbackup', isSystem: true }, 1)]),
    targetWith([]),
    memory(),
  );
  expect(plan.steps.map(short)).toEqual(['create-collection _jobsbackup']);
});
