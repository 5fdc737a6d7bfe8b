import { expect, it } from 'vitest';
import { planSync } from '../../src/master/structure/plan-sync.ts';
import type { ListedDatacenter } from '../../src/wire/shard-listing.ts';

function listing(
  databases: Record<string, Record<string, number>>,
  errors: Record<string, string> = {},
): ListedDatacenter {
  const entries = Object.entries(databases).map(([name, collections]) => {
    const listed = Object.entries(collections).map(([collection, count]) => {
      const shards = Array.from({ length: count }, (_, index) => [String(index), { ID: `s${index}` }]);
      return [collection, { collection_id: '1', shards: Object.fromEntries(shards) }];
    });
    const content = { database_id: '1', collections: Object.fromEntries(listed), excluded_collections: {} };
    return [name, { ...content, error: errors[name] ?? '' }];
  });
  return { id: 'x', databases: Object.fromEntries(entries) };
}

const count = async (database: string, collection: string) => `${database}/${collection}`.length;

it('tells what a target gains, what is replaced and what it loses, with the documents there', async () => {
  const source = listing({ shop: { goods: 3, news: 1 } });
  const target = listing({ shop: { goods: 3, old: 1 }, own: { notes: 2 } });
  expect(await planSync(source, target, count)).toEqual({
    create: [{ database: 'shop', collection: 'news' }],
    overwrite: [{ database: 'shop', collection: 'goods', documents: 10 }],
    drop: [
      { database: 'own', collection: 'notes', documents: 9 },
      { database: 'shop', collection: 'old', documents: 8 },
    ],
    problems: [],
  });
});

it('names what cannot be replicated or compared', async () => {
  const source = listing({ shop: { goods: 3 }, broken: {} }, { broken: 'timeout' });
  const target = listing({ shop: { goods: 4 }, broken: { c: 1 } });
  const { problems, drop } = await planSync(source, target, count);
  expect(problems).toEqual([
    { database: 'broken', collection: '', reason: 'timeout' },
    { database: 'shop', collection: 'goods', reason: expect.stringContaining('3 shards on the source, 4') },
  ]);
  expect(drop).toEqual([]);
});
