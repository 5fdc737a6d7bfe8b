import { expect, it } from 'vitest';
import { Selector } from '../../src/events/selection/selection.ts';
import { selectListing } from '../../src/master/structure/select-listing.ts';
import type { ListedDatacenter } from '../../src/wire/shard-listing.ts';

const collection = { collection_id: '1', shards: { 0: { ID: 's1' } } };
const database = (...names: string[]) => ({
  database_id: '1',
  collections: Object.fromEntries(names.map((name) => [name, collection])),
  excluded_collections: { _users: collection },
  error: '',
});
const listing: ListedDatacenter = {
  id: 'A',
  databases: {
    shop: database('orders', 'tmp'),
    empty: database(),
    local: database('mine'),
    broken: { ...database(), error: '503' },
  },
};

function selected(include: string[], exclude: string[] = []) {
  const { databases } = selectListing(listing, new Selector({ include, exclude }));
  return Object.fromEntries(
    Object.entries(databases).map(([name, { collections, excluded_collections: excluded }]) => [
      name,
      [Object.keys(collections), Object.keys(excluded)],
    ]),
  );
}

it('lists what is not selected among what is excluded', () => {
  expect(selected([], ['*/tmp', 'local', 'broken'])).toEqual({
    shop: [['orders'], ['_users', 'tmp']],
    empty: [[], ['_users']],
  });
});

it('lists a database of which a part is selected only with that part, or when nobody knows whether it has it', () => {
  expect(selected(['*/orders'])).toEqual({ shop: [['orders'], ['_users', 'tmp']], broken: [[], ['_users']] });
});
