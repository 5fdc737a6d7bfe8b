import { expect, test } from 'vitest';
import { shardKeyValues } from '../../../src/replication/target/shard-key-values.ts';

test('a removal names its shard by what the document has, null for what it lacks', () => {
  const document = { _key: 'k', country: 'it', zip: 123, big: false, name: 'n' };
  expect(shardKeyValues(['country', 'zip', 'big', 'state'], document)).toEqual({
    ...{ country: 'it', zip: 123, big: false },
    state: null,
  });
  expect(shardKeyValues(['_key', 'country'], document)).toEqual({ country: 'it' });
  expect(Object.keys(shardKeyValues(['__proto__'], JSON.parse('{"__proto__":"x"}')) ?? {})).toEqual(['__proto__']);
});

test.each([
  ['a part of the key', [':_key'], {}],
  ['a part of the key', ['_key:'], {}],
  ['a path', ['a.b'], { a: { b: 1 } }],
  ['a number that would be rounded', ['n'], { n: JSON.parse('12345678901234567890') }],
  ['a broken number', ['n'], { n: 0.1 }],
  ['a negative zero', ['n'], { n: -0 }],
  ['an object', ['o'], { o: { b: 1, a: 2 } }],
  ['a list', ['o'], { o: [1] }],
])('%s names no shard: the removal goes to all', (_what, keys, document) => {
  expect(shardKeyValues(keys, document)).toBeUndefined();
});
