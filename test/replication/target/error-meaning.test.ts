import { expect, test } from 'vitest';
import { ArangoError, ArangoUnreachable } from '../../../src/replication/arango.ts';
import { meaningOf, meaningOfThrown } from '../../../src/replication/target/error-meaning.ts';

test.each([
  [18, '', 'contention'],
  [1200, 'Timeout waiting to lock key - in index primary', 'contention'],
  [1200, 'conflict, _rev values do not match', 'replaced'],
  [503, '', 'unavailable'],
  [1465, '', 'unavailable'],
  [1478, '', 'unavailable'],
  [1491, '', 'unavailable'],
  [1495, '', 'unavailable'],
  [1496, '', 'unavailable'],
  [1004, '', 'not-writable'],
  [1429, '', 'not-writable'],
  [32, '', 'too-large'],
  [11, '', 'no-right'],
  [1203, '', 'gone'],
  [1228, '', 'gone'],
  [1202, '', 'absent'],
  [1210, '', 'unique'],
  [1469, '', 'shard-key'],
  [1467, '', 'routing'],
  [1233, '', 'refused'],
  [4711, '', 'refused'],
])('error %i "%s" means %s', (errorNum, message, meaning) => {
  expect(meaningOf(errorNum, message)).toBe(meaning);
});

test('a lost connection and an empty 503 mean that the outcome is unknown', () => {
  expect(meaningOfThrown(new ArangoUnreachable('x'))).toBe('unavailable');
  expect(meaningOfThrown(new ArangoError(503, 0, 'x'))).toBe('unavailable');
});

test('an error that is no answer of ArangoDB has no meaning', () => {
  expect(meaningOfThrown(new TypeError('x'))).toBeUndefined();
});
