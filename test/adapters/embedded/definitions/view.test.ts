import { describe, expect, test } from 'vitest';
import {
  changedView,
  newView,
  renamedView,
  viewPropertiesAnswer,
  viewWithoutCollection,
  viewWithRenamedCollection,
} from '../../../../src/adapters/embedded/definitions/view.ts';
import type { JsonObject } from '../../../../src/adapters/embedded/engine/types.ts';
import { features } from '../../../../src/adapters/embedded/versions/features.ts';
import { DEFAULT_VERSION } from '../../../../src/adapters/embedded/versions/release.ts';

const collections = new Map([
  ['10', 'books'],
  ['books', 'books'],
  ['users', 'users'],
]);
const surroundings = {
  collectionName: (nameOrId: string) => collections.get(nameOrId),
  index: (_collection: string, name: string) =>
    ['one', 'two'].includes(name)
      ? { name, type: 'inverted' }
      : name === 'plain'
        ? { name, type: 'persistent' }
        : undefined,
  knowsAnalyzer: (name: string) => ['identity', 'text_en'].includes(name),
  features: features(DEFAULT_VERSION),
};

function search(properties: JsonObject = {}): JsonObject {
  const request = { name: 'v', type: 'arangosearch', ...properties };
  return newView(request, { id: '5', globallyUniqueId: 'h1/5' }, surroundings);
}

function alias(...indexes: string[]): JsonObject {
  const entries = indexes.map((index) => ({ collection: 'books', index }));
  return newView(
    { name: 'a', type: 'search-alias', indexes: entries },
    { id: '6', globallyUniqueId: 'h1/6' },
    surroundings,
  );
}

describe('an arangosearch view', () => {
  test('has every property from the start, in the order of answers', () => {
    expect(Object.keys(search())).toEqual(
      'globallyUniqueId,id,name,type,cleanupIntervalStep,commitIntervalMsec,consolidationIntervalMsec,consolidationPolicy,optimizeTopK,primarySort,primarySortCompression,storedValues,writebufferActive,writebufferIdle,writebufferSizeMax,links'.split(
        ',',
      ),
    );
  });

  test('made from another one stays as it is', () => {
    const view = search({
      links: { books: { fields: { a: { analyzers: ['text_en'], fields: { b: {} } } }, storeValues: 'id' } },
      primarySort: [{ field: 'a', direction: 'desc' }],
      storedValues: ['x', { fields: ['y'], compression: 'none' }],
      consolidationPolicy: { type: 'bytes_accum', threshold: 0.3 },
    });
    expect(newView(view, { id: '5', globallyUniqueId: 'h1/5' }, surroundings)).toEqual(view);
  });

  test('completes links; fields tell only what they do not share with what is around them', () => {
    const view = search({
      links: {
        '10': { includeAllFields: true, fields: { t: { analyzers: ['text_en'] }, u: { includeAllFields: true } } },
      },
    });
    expect(view.links).toEqual({
      books: {
        analyzers: ['identity'],
        fields: { t: { analyzers: ['text_en'] }, u: {} },
        includeAllFields: true,
        storeValues: 'none',
        trackListPositions: false,
      },
    });
  });

  test('merges a partial change, and removes a link by null', () => {
    const view = search({ commitIntervalMsec: 666, links: { books: {}, users: {} } });
    const changed = changedView(view, { cleanupIntervalStep: 9, links: { books: null } }, true, surroundings);
    expect(changed).toMatchObject({ commitIntervalMsec: 666, cleanupIntervalStep: 9 });
    expect(Object.keys(changed.links as object)).toEqual(['users']);
  });

  test('goes back to the defaults where a whole change says nothing', () => {
    const view = search({ commitIntervalMsec: 666, links: { books: {} } });
    expect(changedView(view, {}, false, surroundings)).toMatchObject({ commitIntervalMsec: 1000, links: {} });
  });

  test('keeps for ever what is set once: sort, stored values, write buffers', () => {
    const view = search({
      primarySort: [{ field: 'a', direction: 'desc' }],
      writebufferIdle: 7,
      storedValues: [['b']],
    });
    const change = { primarySort: [], writebufferIdle: 8, storedValues: [] };
    for (const isPartial of [true, false]) {
      const changed = changedView(view, change, isPartial, surroundings);
      expect(changed.primarySort).toEqual([{ field: 'a', asc: false }]);
      expect(changed.writebufferIdle).toBe(7);
      expect(changed.storedValues).toEqual([{ fields: ['b'], compression: 'lz4' }]);
    }
  });

  test('refuses a link to nowhere, an unknown analyzer, an unknown type, a bad name', () => {
    expect(() => search({ links: { gone: {} } })).toThrow("collection 'gone' not found");
    expect(() => search({ links: { books: { analyzers: ['gone'] } } })).toThrow("'gone'");
    expect(() => search({ type: 'other' })).toThrow("no handler found for view type 'other'");
    expect(() => search({ name: '_v' })).toThrow('illegal name');
    expect(() => renamedView(search(), '1v', surroundings.features)).toThrow('illegal name');
  });

  test('tells all its properties under GET, in the order of the server', () => {
    const shown = viewPropertiesAnswer(search());
    expect(Object.keys(shown)[0]).toBe('writebufferSizeMax');
    expect(new Set(Object.keys(shown))).toEqual(new Set(Object.keys(search())));
  });

  test('loses the link to a collection that is gone', () => {
    expect(viewWithoutCollection(search({ links: { books: {}, users: {} } }), 'books')?.links).toHaveProperty('users');
    expect(viewWithoutCollection(search(), 'books')).toBeUndefined();
    expect(viewWithoutCollection(alias('one'), 'books')).toMatchObject({ indexes: [] });
  });
});

describe('a view of a collection that is renamed', () => {
  test('follows it, and others stay as they are', () => {
    const renamed = viewWithRenamedCollection(search({ links: { books: {}, users: {} } }), 'books', 'tomes');
    expect(Object.keys(renamed?.links as object)).toEqual(['tomes', 'users']);
    expect(viewWithRenamedCollection(alias('one'), 'books', 'tomes')).toMatchObject({
      indexes: [{ collection: 'tomes', index: 'one' }],
    });
    expect(viewWithRenamedCollection(search(), 'books', 'tomes')).toBeUndefined();
  });
});

describe('a search-alias view', () => {
  test('adds by a partial change, removes by operation, replaces by a whole one', () => {
    const two = { collection: 'books', index: 'two' };
    expect(changedView(alias('one'), { indexes: [two] }, true, surroundings).indexes).toEqual([
      { collection: 'books', index: 'one' },
      two,
    ]);
    const removal = { collection: 'books', index: 'one', operation: 'del' };
    expect(changedView(alias('one', 'two'), { indexes: [removal] }, true, surroundings).indexes).toEqual([two]);
    expect(changedView(alias('one'), { indexes: [two] }, false, surroundings).indexes).toEqual([two]);
  });

  test('takes inverted indexes that exist', () => {
    expect(() => alias('gone')).toThrow('gone');
    expect(() => alias('plain')).toThrow('not an inverted index');
  });
});
