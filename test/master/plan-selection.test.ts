import { expect, it } from 'vitest';
import { planSelection } from '../../src/master/structure/plan-selection.ts';
import type { ListedDatacenter } from '../../src/wire/shard-listing.ts';

function listing(databases: Readonly<Record<string, readonly string[]>>): ListedDatacenter {
  const entries = Object.entries(databases).map(([name, collections]) => {
    const shards = { 0: { ID: 's1' } };
    const listed = collections.map((collection) => [collection, { collection_id: '1', shards }]);
    return [
      name,
      { database_id: '1', collections: Object.fromEntries(listed), excluded_collections: {}, error: '' },
    ] as const;
  });
  return { id: 'x', databases: Object.fromEntries(entries) };
}

const sides = {
  source: listing({ shop: ['goods', 'news', 'tmp1'], crm: ['people'] }),
  target: listing({ shop: ['goods', 'old', 'tmp9'], own: ['notes'] }),
  count: async (database: string, collection: string) => `${database}/${collection}`.length,
};
const goods = { database: 'shop', collection: 'goods' };
const news = { database: 'shop', collection: 'news' };
const people = { database: 'crm', collection: 'people' };
const tmp1 = { database: 'shop', collection: 'tmp1' };
const WITHOUT_TMP = { include: ['shop'], exclude: ['shop/tmp*'] };

it('tells of what is selected only, and which of the source is not', async () => {
  expect(await planSelection(sides, WITHOUT_TMP, undefined)).toEqual({
    selection: WITHOUT_TMP,
    create: [news],
    overwrite: [{ ...goods, documents: 10 }],
    drop: [{ database: 'shop', collection: 'old', documents: 8 }],
    problems: [],
    notSelected: [people, tmp1],
  });
});

it('takes an include of everything for no selection, and none for the one that is recorded', async () => {
  const all = await planSelection(sides, { include: ['*'], exclude: [] }, undefined);
  expect(all).not.toHaveProperty('selection');
  expect(all.drop.map(({ collection }) => collection)).toEqual(['notes', 'old', 'tmp9']);
  const kept = await planSelection(sides, undefined, { selection: WITHOUT_TMP });
  expect(kept).toMatchObject({ selection: WITHOUT_TMP, notSelected: [people, tmp1] });
  expect(kept).not.toHaveProperty('change');
});

it('of a change tells what comes in and what is left, and loses nothing of what stays', async () => {
  const plan = await planSelection(sides, { include: ['*'], exclude: ['shop/goods'] }, { selection: WITHOUT_TMP });
  expect(plan).toEqual({
    selection: { include: [], exclude: ['shop/goods'] },
    change: { from: WITHOUT_TMP, follow: [people, tmp1], leave: [goods] },
    create: [people, tmp1],
    overwrite: [],
    drop: [
      { database: 'own', collection: 'notes', documents: 9 },
      { database: 'shop', collection: 'tmp9', documents: 9 },
    ],
    problems: [],
  });
});
