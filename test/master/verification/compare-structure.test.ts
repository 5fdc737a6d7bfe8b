import { describe, expect, it } from 'vitest';
import { shardKey } from '../../../src/events/types/parts.ts';
import { withMissingDatabases } from '../../../src/master/structure/both-sides.ts';
import { differencesOf } from '../../../src/master/verification/compare-structure.ts';
import type { ListedDatabase, ListedDatacenter } from '../../../src/wire/shard-listing.ts';

function datacenter(id: string, databases: Record<string, Partial<ListedDatabase>>): ListedDatacenter {
  const whole = { database_id: '1', collections: {}, excluded_collections: {}, error: '' };
  const entries = Object.entries(databases).map(([name, database]) => [name, { ...whole, ...database }] as const);
  return { id, databases: Object.fromEntries(entries) };
}

function differences(source: ListedDatacenter, target: ListedDatacenter) {
  const found = differencesOf({ datacenters: withMissingDatabases(source, target) }, () => true);
  return found.map(({ database, result, detail }) => ({ database, result, detail }));
}

describe('the structure of two datacenters', () => {
  it('differs in a database that one side lacks, even an empty one', () => {
    expect(differences(datacenter('A', { _system: {}, x: {} }), datacenter('B', { _system: {}, y: {} }))).toEqual([
      { database: 'y', result: 'different', detail: 'the source has no database y' },
      { database: 'x', result: 'different', detail: 'the target has no database x' },
    ]);
  });

  it('is unknown where a database could not be listed', () => {
    const broken = { x: { error: 'status 503' } };
    expect(differences(datacenter('A', broken), datacenter('B', broken))).toEqual([
      { database: 'x', result: 'unknown', detail: 'status 503' },
      { database: 'x', result: 'unknown', detail: 'status 503' },
    ]);
  });

  it('may have other shards of a collection that is followed, and of no other', () => {
    const cut = (shards: number) => ({
      collections: {
        c: {
          collection_id: '1',
          shards: Object.fromEntries(Array.from({ length: shards }, (_, n) => [n, { ID: `s${n}` }])),
        },
      },
    });
    const of = (source: number, target: number, followed: number) =>
      differencesOf(
        { datacenters: [datacenter('A', { x: cut(source) }), datacenter('B', { x: cut(target) })] },
        (key) =>
          Array.from({ length: followed }, (_, n) =>
            shardKey({ database: 'x', collection: 'c', shardIndex: n }),
          ).includes(key),
      ).map(({ shardIndex, detail }) => `${shardIndex} ${detail}`);
    expect(of(3, 1, 3)).toEqual([]);
    expect(of(1, 3, 1)).toEqual([]);
    expect(of(3, 1, 2)).toEqual(['2 missing on the target']);
    expect(of(1, 2, 0)).toEqual(['1 only on the target', '0 Shard is not turned on for synchronizing']);
  });

  it('is the same when both list the same', () => {
    expect(differences(datacenter('A', { x: {} }), datacenter('B', { x: {} }))).toEqual([]);
  });
});
