import { describe, expect, test } from 'vitest';
import {
  describeIndex,
  isSameIndex,
  normaliseIndex,
} from '../../../../src/adapters/embedded/definitions/index-definition.ts';
import type { Json } from '../../../../src/adapters/embedded/engine/types.ts';
import { features as featuresOf } from '../../../../src/adapters/embedded/versions/features.ts';
import { DEFAULT_VERSION } from '../../../../src/adapters/embedded/versions/release.ts';

const features = new Map([
  ['identity', ['frequency', 'norm']],
  ['text_en', ['frequency', 'position', 'norm']],
]);

function normalise(request: Json) {
  return normaliseIndex(request, {
    defaultName: () => 'idx_1',
    analyzerFeatures: (name) => features.get(name),
    features: featuresOf(DEFAULT_VERSION),
  });
}

describe('an index definition', () => {
  test('completes a persistent index, and keeps hash and skiplist under their names', () => {
    const complete = { cacheEnabled: false, deduplicate: true, estimates: true, sparse: false, unique: false };
    for (const type of ['persistent', 'hash', 'skiplist']) {
      expect(normalise({ type, fields: ['a'] })).toEqual({ ...complete, type, fields: ['a'], name: 'idx_1' });
    }
  });

  test('drops attributes that mean nothing to a server, inBackground too', () => {
    const definition = normalise({ type: 'persistent', fields: ['a'], inBackground: true, nonsense: 1 });
    expect(definition).not.toHaveProperty('inBackground');
    expect(definition).not.toHaveProperty('nonsense');
  });

  test('keeps stored values, which must not overlap the fields', () => {
    expect(normalise({ type: 'persistent', fields: ['a'], storedValues: ['b', '_id'] }).storedValues).toEqual([
      'b',
      '_id',
    ]);
    expect(() => normalise({ type: 'persistent', fields: ['a'], storedValues: ['a'] })).toThrow(
      'when parsing fields for stored values: duplicate attribute name (overlap',
    );
  });

  test('makes a TTL index sparse and over one field that is no sub-attribute', () => {
    expect(normalise({ type: 'ttl', fields: ['at'], expireAfter: 60 })).toEqual({
      estimates: false,
      expireAfter: 60,
      fields: ['at'],
      name: 'idx_1',
      sparse: true,
      type: 'ttl',
      unique: false,
    });
    expect(() => normalise({ type: 'ttl', fields: ['a', 'b'], expireAfter: 1 })).toThrow(
      'invalid number of index attributes',
    );
    expect(() => normalise({ type: 'ttl', fields: ['a.b'], expireAfter: 1 })).toThrow('cannot index a sub-attribute');
    expect(() => normalise({ type: 'ttl', fields: ['a'] })).toThrow('expireAfter attribute must be a number');
    expect(() => normalise({ type: 'ttl', fields: ['a'], expireAfter: -1 })).toThrow('greater equal to zero');
  });

  test('takes zkd for mdi, and wants doubles', () => {
    expect(normalise({ type: 'zkd', fields: ['x', 'y'], fieldValueTypes: 'double' }).type).toBe('mdi');
    expect(() => normalise({ type: 'mdi', fields: ['x'] })).toThrow('mdi requires `fieldValueTypes`');
  });

  test('prints of an inverted field only what differs from the index', () => {
    const { fields } = normalise({
      type: 'inverted',
      fields: ['a', { name: 'b', analyzer: 'text_en' }, { name: 'c', includeAllFields: true }],
    });
    expect(fields).toEqual([
      { name: 'a' },
      { features: ['frequency', 'position', 'norm'], analyzer: 'text_en', name: 'b' },
      { includeAllFields: true, name: 'c' },
    ]);
  });

  test('answers sort columns as asc, however they were asked for', () => {
    const { primarySort } = normalise({
      type: 'inverted',
      fields: ['a'],
      primarySort: {
        fields: [
          { field: 'a', direction: 'desc' },
          { field: 'b', asc: true },
        ],
      },
    });
    expect(primarySort).toEqual({
      fields: [
        { field: 'a', asc: false },
        { field: 'b', asc: true },
      ],
      compression: 'lz4',
    });
  });

  test.each([
    [{ fields: ['a'] }, 'invalid index type'],
    [{ type: 'nothing', fields: ['a'] }, "invalid index type 'nothing'"],
    [{ type: 'persistent', fields: [] }, 'invalid number of index attributes'],
    [{ type: 'persistent', fields: ['a', 'a'] }, 'duplicate attribute name in index fields list'],
    [{ type: 'persistent', fields: [''] }, 'index field names must be non-empty strings'],
    [{ type: 'persistent', fields: [{ name: 'a' }] }, 'index field names must be only strings'],
    [{ type: 'persistent', fields: ['x._id'] }, '_id attribute cannot be indexed'],
    [{ type: 'geo', fields: ['a', 'b', 'c'] }, 'invalid number of index attributes'],
    [{ type: 'inverted', fields: ['a'], analyzer: 'gone' }, "unknown analyzer 'gone'"],
  ])('refuses %j', (request, message) => {
    expect(() => normalise(request)).toThrow(message);
  });

  test('is the same as another of the same kind, fields and flags, under whatever name', () => {
    const base = { type: 'persistent', fields: ['a', 'b'] };
    expect(isSameIndex(normalise(base), normalise({ ...base, name: 'other', estimates: false }))).toBe(true);
    for (const other of [{ unique: true }, { sparse: true }, { fields: ['b', 'a'] }, { type: 'hash' }]) {
      expect(isSameIndex(normalise(base), normalise({ ...base, ...other }))).toBe(false);
    }
  });

  test('of another minimum length, expiry or geo order is another index', () => {
    const pairs: readonly (readonly [Json, Json])[] = [
      [
        { type: 'fulltext', fields: ['t'] },
        { type: 'fulltext', fields: ['t'], minLength: 5 },
      ],
      [
        { type: 'ttl', fields: ['t'], expireAfter: 1 },
        { type: 'ttl', fields: ['t'], expireAfter: 2 },
      ],
      [
        { type: 'geo', fields: ['t'] },
        { type: 'geo', fields: ['t'], geoJson: true },
      ],
    ];
    for (const [left, right] of pairs) {
      expect(isSameIndex(normalise(left), normalise(left))).toBe(true);
      expect(isSameIndex(normalise(left), normalise(right))).toBe(false);
    }
  });

  test('is shown with its handle, its attributes in alphabetical order, and an estimate where it has one', () => {
    const persistent = { ...normalise({ type: 'persistent', fields: ['a'] }), id: '7' };
    expect(Object.keys(describeIndex('c', persistent, 0.5))).toEqual(
      'cacheEnabled,deduplicate,estimates,fields,id,name,selectivityEstimate,sparse,type,unique'.split(','),
    );
    expect(describeIndex('c', persistent, 0.5)).toMatchObject({ id: 'c/7', selectivityEstimate: 0.5 });
    const ttl = { ...normalise({ type: 'ttl', fields: ['a'], expireAfter: 1 }), id: '8' };
    expect(describeIndex('c', ttl, 1)).not.toHaveProperty('selectivityEstimate');
  });

  test.each<Json>([
    {
      type: 'persistent',
      fields: ['a', 'b[*].c'],
      unique: true,
      sparse: true,
      storedValues: ['d'],
      cacheEnabled: true,
    },
    { type: 'ttl', fields: ['at'], expireAfter: 1.5 },
    { type: 'geo', fields: ['a'], geoJson: true, legacyPolygons: true },
    { type: 'fulltext', fields: ['a'], minLength: 5 },
    { type: 'mdi', fields: ['x', 'y'], fieldValueTypes: 'double', storedValues: ['x'] },
    { type: 'mdi-prefixed', fields: ['x'], fieldValueTypes: 'double', prefixFields: ['p'], estimates: false },
    {
      type: 'inverted',
      analyzer: 'text_en',
      fields: ['a', { name: 'b', analyzer: 'identity', nested: ['c', { name: 'd', searchField: true }] }],
      primarySort: { fields: [{ field: 'a', direction: 'desc' }], compression: 'none' },
      storedValues: ['x', ['y', 'z'], { fields: ['w'], compression: 'none' }],
      consolidationPolicy: { type: 'tier', segmentsBytesMax: 5 },
      writebufferIdle: 3,
    },
  ])('made from another one stays as it is: %j', (request) => {
    const definition = normalise(request);
    expect(normalise(definition)).toEqual(definition);
    expect(isSameIndex(normalise(definition), definition)).toBe(true);
  });
});
