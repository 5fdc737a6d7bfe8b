import { describe, expect, test } from 'vitest';
import { Selector } from '../../../src/events/selection/selection.ts';
import type { Inventory, SourceCollection, SourceDatabase } from '../../../src/replication/inventory.ts';
import type { AnalyzerDefinition, ViewDefinition } from '../../../src/replication/search-definitions.ts';
import { describeStep } from '../../../src/replication/target/execute-step.ts';
import { planStructure } from '../../../src/replication/target/plan-structure.ts';
import type { TargetCollection, TargetDatabase, TargetGraph } from '../../../src/replication/target/read-structure.ts';
import { selectStructure } from '../../../src/replication/target/select-structure.ts';
import { groupNotes } from '../../../src/replication/target/structure-notes.ts';
import type { StructureMemory, TargetStructure } from '../../../src/replication/target/structure-steps.ts';

interface Content {
  readonly collections?: readonly string[];
  readonly like?: Readonly<Record<string, string>>;
  readonly indexes?: readonly Record<string, unknown>[];
  readonly analyzers?: readonly string[];
  readonly views?: readonly ViewDefinition[];
  readonly graphs?: readonly TargetGraph[];
}

const SYSTEM_NAMES: Readonly<Record<string, string>> = { _jobs: '_jobsbackup', _queues: '_queuesbackup' };

function analyzer(name: string): AnalyzerDefinition {
  return { name, type: 'text', properties: { locale: 'en' }, features: [] };
}

function view(name: string, links: Record<string, unknown>): ViewDefinition {
  return { name, type: 'arangosearch', properties: { links } };
}

function alias(name: string, indexes: readonly { collection: string; index: string }[]): ViewDefinition {
  return { name, type: 'search-alias', properties: { indexes: [...indexes] } };
}

function source(databases: Readonly<Record<string, Content>>): Inventory {
  const base = { deploymentId: 'A', kind: 'cluster', version: '3.12.4', takenAt: '', complete: true } as const;
  return { ...base, databases: Object.entries(databases).map(([name, content]) => sourceDatabase(name, content)) };
}

function sourceDatabase(
  name: string,
  { collections = [], like = {}, indexes = [], analyzers = [], views = [] }: Content,
): SourceDatabase {
  const made = collections.map((collection): SourceCollection => {
    const prototype = like[collection];
    return {
      name: collection,
      targetName: SYSTEM_NAMES[collection] ?? collection,
      id: collection,
      globallyUniqueId: `${name}-${collection}`,
      parameters: {
        type: 2,
        isSystem: collection.startsWith('_'),
        replicationFactor: 2,
        ...(prototype === undefined ? {} : { distributeShardsLike: prototype }),
      },
      indexes: indexes.map((index) => ({ type: 'inverted', name: 'i', fields: ['a'], ...index })),
      shards: [{ index: 0, name: 's1', cuid: 'c1' }],
    };
  });
  const search = { analyzers: analyzers.map(analyzer), views: [...views] };
  return { name, id: name, collections: made, excluded: [], ...search };
}

function target(databases: Readonly<Record<string, Content>>): TargetStructure {
  const made = Object.entries(databases).map(([name, content]) => [name, targetDatabase(name, content)] as const);
  return { kind: 'cluster', dbServers: 3, databases: new Map(made), filled: new Set() };
}

function targetDatabase(name: string, content: Content): TargetDatabase {
  const { collections = [], like = {}, analyzers = [], views = [], graphs } = content;
  const made = collections.map((collection): [string, TargetCollection] => {
    const prototype = like[collection];
    const follows = prototype === undefined ? {} : { distributeShardsLike: prototype };
    return [
      collection,
      {
        name: collection,
        id: `${name}-${collection}-id`,
        type: 2,
        parameters: { type: 2, isSystem: collection.startsWith('_'), replicationFactor: 2, ...follows },
        indexes: [],
        shards: [{ name: 's9', leader: 'PRMR-1' }],
      },
    ];
  });
  return {
    name,
    id: `${name}-id`,
    collections: new Map(made),
    analyzers: analyzers.map(analyzer),
    views: [...views],
    ...(graphs === undefined ? {} : { graphs }),
  };
}

const NOTHING: StructureMemory = { followed: new Map(), agreed: new Set(), confirmed: new Set(), copied: new Set() };

/** What is done once every drop that is wanted was agreed to, and what is said of it. */
function plan(
  inventory: Inventory,
  stored: TargetStructure,
  include: readonly string[],
  exclude: readonly string[] = [],
  memory: Partial<StructureMemory> = {},
) {
  const selection = include.length + exclude.length === 0 ? undefined : { include, exclude };
  const selected = selectStructure(inventory, stored, new Selector(selection));
  const planned = (more: Partial<StructureMemory>) =>
    planStructure(selected.source, selected.target, { ...NOTHING, ...memory, ...more });
  const agreed = planned({}).wantedDrops;
  const second = planned({ agreed, confirmed: new Set(planned({ agreed }).heldDrops) });
  return {
    steps: second.steps.map(describeStep),
    shards: second.ready.map(({ database, collection }) => `${database}/${collection}`),
    notes: selected.notes.map(({ database, collection, note }) => `${database}/${collection}: ${note}`),
  };
}

describe('what is not selected', () => {
  test('S1: is neither made nor changed nor dropped nor received, in databases of both sides', () => {
    const wanted = source({
      shop: { collections: ['orders', 'tmp1'], analyzers: ['a'] },
      crm: { collections: ['people', 'notes'] },
      other: { collections: ['c'] },
    });
    const stored = target({
      shop: { collections: ['orders', 'tmp1', 'tmp_own', 'old'] },
      crm: { collections: ['people', 'own'] },
      local: { collections: ['mine'] },
    });
    const all = plan(wanted, stored, ['shop', 'crm/people'], ['shop/tmp*']);
    expect(all.steps).toEqual(['created analyzer shop/a', 'dropped collection shop/old: the source does not have it']);
    expect(all.shards).toEqual(['shop/orders', 'crm/people']);
  });

  test('is everything else, when only a collection is selected: its database is made for it', () => {
    const wanted = source({ shop: { collections: ['orders', 'goods', '_graphs'], analyzers: ['a'] } });
    expect(plan(wanted, target({}), ['shop/orders']).steps).toEqual([
      'created database shop',
      'created collection shop/orders',
    ]);
    expect(plan(wanted, target({}), ['shop/nothing']).steps).toEqual([]);
  });

  test('without a selection there is nothing that is not', () => {
    const [wanted, stored] = [source({ d: { collections: ['c'] } }), target({ own: { collections: ['x'] } })];
    expect(plan(wanted, stored, []).steps).toEqual(
      expect.arrayContaining(['dropped database own: the source does not have it']),
    );
  });

  test('S1: keeps its database: that is dropped only when it is selected as a whole and holds nothing else', () => {
    const gone = source({ _system: {} });
    const dropped = (stored: Content, include: string[], exclude: string[] = []) =>
      plan(gone, target({ shop: stored }), include, exclude).steps;
    const drop = 'dropped collection shop/orders: the source does not have it';
    expect(dropped({ collections: ['orders'] }, ['shop/*'])).toEqual([drop]);
    expect(dropped({ collections: ['orders', 'tmp'] }, ['shop'], ['shop/tmp'])).toEqual([drop]);
    expect(dropped({ collections: [] }, ['shop'])).toEqual(['dropped database shop: the source does not have it']);
    expect(dropped({ collections: [] }, ['shop/*'])).toEqual([]);
    expect(dropped({ collections: ['orders'] }, ['crm'])).toEqual([]);
    const mine = { collections: [], views: [view('tmp', {})] };
    expect(dropped(mine, ['shop'], ['shop/tmp'])).toEqual([]);
  });

  test('S1: keeps its database also when that was made anew on the source', () => {
    const wanted = source({ shop: { collections: ['orders'] } });
    const followed = new Map([
      ['database-shop-id', 'the shop before'],
      ['shop-orders-id', 'the orders before'],
    ]);
    const of = (exclude: string[]) =>
      plan(wanted, target({ shop: { collections: ['orders', 'tmp'] } }), ['shop'], exclude, { followed }).steps;
    expect(of([])).toEqual(['dropped database shop: the source does not have it']);
    expect(of(['shop/tmp'])).toEqual([
      'dropped collection shop/orders: it was made anew on the source',
      'created collection shop/orders',
    ]);
  });

  test('S1: does not count when too much would go at once', () => {
    const wanted = source({ shop: { collections: ['a'] } });
    const stored = target({ shop: { collections: ['a', 'b', 'c'] }, own: { collections: ['1', '2', '3', '4'] } });
    const selected = selectStructure(wanted, stored, new Selector({ include: ['shop'], exclude: [] }));
    const agreed = planStructure(selected.source, selected.target, NOTHING).wantedDrops;
    const { heldDrops } = planStructure(selected.source, selected.target, { ...NOTHING, agreed });
    expect(heldDrops).toEqual(['shop/b', 'shop/c']);
  });

  test('of system collections is named by the name that the source gives them', () => {
    const wanted = source({ shop: { collections: ['_jobs', '_graphs'] } });
    const stored = target({ shop: { collections: ['_jobsbackup', '_queuesbackup', '_graphs', '_users'] } });
    const followed = new Map([
      ['shop-_jobsbackup-id', 'shop-_jobs'],
      ['shop-_queuesbackup-id', 'shop-_queues'],
      ['shop-_graphs-id', 'shop-_graphs'],
    ]);
    const memory = { followed };
    expect(plan(wanted, stored, ['shop'], [], memory)).toMatchObject({
      steps: ['dropped collection shop/_queuesbackup: the source does not have it'],
      shards: ['shop/_jobs', 'shop/_graphs'],
    });
    const without = plan(wanted, stored, ['shop'], ['shop/_queues', 'shop/_graphs'], memory);
    expect(without).toMatchObject({ steps: [], shards: ['shop/_jobs'] });
  });
});

describe('what refers to something that is not selected', () => {
  test('a view is made without it, and says so', () => {
    const wanted = source({
      shop: {
        collections: ['orders', 'tmp'],
        views: [
          view('search', { orders: {}, tmp: {} }),
          view('tmpview', {}),
          alias('both', [
            { collection: 'orders', index: 'i' },
            { collection: 'tmp', index: 'i' },
          ]),
        ],
      },
    });
    const { steps, notes } = plan(wanted, target({ shop: { collections: ['orders'] } }), ['shop'], ['shop/tmp*']);
    expect(steps).toEqual(['created view shop/search', 'created view shop/both']);
    expect(notes).toEqual([
      'shop/search: the view is made without tmp: not selected',
      'shop/both: the view is made without tmp: not selected',
    ]);
    const selector = new Selector({ include: ['shop'], exclude: ['shop/tmp*'] });
    const [database] = selectStructure(wanted, target({}), selector).source.databases;
    expect(database?.views?.map(({ properties }) => properties)).toEqual([
      { links: { orders: {} } },
      { indexes: [{ collection: 'orders', index: 'i' }] },
    ]);
  });

  test('a view that is there without it stays as it is', () => {
    const wanted = source({ shop: { collections: ['orders', 'tmp'], views: [view('v', { orders: {}, tmp: {} })] } });
    const stored = target({ shop: { collections: ['orders', 'tmp'], views: [view('v', { orders: {} })] } });
    expect(plan(wanted, stored, ['shop'], ['shop/tmp']).steps).toEqual([]);
  });

  test('a collection whose prototype is left out is made on its own, also beside one of that name', () => {
    const wanted = source({ shop: { collections: ['proto', 'orders'], like: { orders: 'proto' } } });
    for (const stored of [target({ shop: {} }), target({ shop: { collections: ['proto'] } })]) {
      const selected = selectStructure(wanted, stored, new Selector({ include: [], exclude: ['shop/proto'] }));
      const [step] = planStructure(selected.source, selected.target, NOTHING).steps;
      expect(step).toMatchObject({ kind: 'create-collection', settings: { replicationFactor: 2 } });
      expect(step).not.toHaveProperty('settings.distributeShardsLike');
      expect(selected.notes).toEqual([
        {
          database: 'shop',
          collection: 'orders',
          note: 'its shards are placed on their own: proto, whose placing they follow on the source, is not selected',
        },
      ]);
    }
  });

  test('system collections keep following the prototype that the target itself gives them', () => {
    const wanted = source({ shop: { collections: ['_jobs'], like: { _jobs: '_users' } } });
    const stored = target({ shop: { collections: ['_users'] } });
    const selected = selectStructure(wanted, stored, new Selector({ include: ['shop/_jobs'], exclude: [] }));
    expect(planStructure(selected.source, selected.target, NOTHING).steps).toMatchObject([
      { collection: '_jobsbackup', settings: { distributeShardsLike: '_users' } },
    ]);
    expect(selected.notes).toEqual([]);
  });

  test('a graph that is replicated with its database is said to be incomplete', () => {
    const wanted = source({ shop: { collections: ['_graphs', 'people', 'knows'] } });
    const graphs = [{ name: 'friends', collections: ['knows', 'people'] }];
    const stored = target({ shop: { collections: ['_graphs', 'people'], graphs } });
    expect(plan(wanted, stored, [], ['shop/knows']).notes).toEqual([
      'shop/_graphs: graph friends is not complete without knows: not selected',
    ]);
    expect(plan(wanted, stored, ['shop/people']).notes).toEqual([]);
  });
});

describe('analyzers', () => {
  const views = [
    view('v', { orders: { analyzers: ['identity', 'shop::ours'], fields: { a: { analyzers: ['::global'] } } } }),
  ];
  const wanted = source({
    _system: { analyzers: ['global', 'unused'] },
    shop: {
      collections: ['orders'],
      indexes: [{ fields: [{ name: 'a', analyzer: 'deep' }] }],
      analyzers: ['ours', 'deep', 'unused'],
      views,
    },
  });

  test('come with what uses them where only a part of the database is selected, and go with nothing', () => {
    const stored = target({
      _system: { collections: ['mine'], analyzers: ['own'] },
      shop: { collections: ['orders'], analyzers: ['deep', 'own'] },
    });
    expect(plan(wanted, stored, ['shop/orders']).steps).toEqual(['created index i on shop/orders']);
    expect(plan(wanted, stored, ['shop/orders', 'shop/v']).steps).toEqual([
      'created analyzer _system/global',
      'created analyzer shop/ours',
      'created index i on shop/orders',
      'created view shop/v',
    ]);
  });

  test('that the target has as other ones are not replaced under what is not selected, and that is a problem', () => {
    const other = { ...analyzer('deep'), properties: { locale: 'de' } };
    const stored = target({ shop: { collections: ['orders'] } });
    const shop = stored.databases.get('shop');
    if (shop === undefined) throw new Error('no database');
    const own = { ...stored, databases: new Map([['shop', { ...shop, analyzers: [other] }]]) };
    const selected = (include: string[]) => selectStructure(wanted, own, new Selector({ include, exclude: [] }));
    const part = selected(['shop/orders']);
    const { steps } = planStructure(part.source, part.target, NOTHING);
    expect(steps.map(describeStep)).toEqual(['created index i on shop/orders']);
    expect(part.problems).toMatchObject([
      { database: 'shop', collection: 'deep', reason: expect.stringContaining('another one on the target') },
    ]);
    const whole = selected(['shop']);
    expect(whole.problems).toEqual([]);
    const replaced = planStructure(whole.source, whole.target, NOTHING).steps.map(describeStep);
    expect(replaced).toContain('dropped analyzer shop/deep: it is another one on the source');
  });

  test('come all, and go, with a database that is selected as a whole', () => {
    const shop = { collections: ['orders'], analyzers: ['ours', 'deep', 'own'], views };
    const stored = target({ _system: {}, shop });
    const { steps } = plan(wanted, stored, ['shop']);
    expect(steps).toEqual([
      'created analyzer _system/global',
      'created analyzer shop/unused',
      'created index i on shop/orders',
      'dropped analyzer shop/own: the source does not have it',
    ]);
  });
});

test('what holds for many collections is noted once, with the first of their names', () => {
  const notes = ['f', 'e', 'd', 'c', 'b', 'a'].map((collection) => ({ database: 'd', collection, note: 'other' }));
  expect(groupNotes([...notes, { database: 'e', collection: 'x', note: 'other' }])).toEqual([
    { database: 'd', note: 'other', collections: ['a', 'b', 'c', 'd', 'e'], count: 6 },
    { database: 'e', note: 'other', collections: ['x'], count: 1 },
  ]);
});
