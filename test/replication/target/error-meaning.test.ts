import { expect, test } from 'vitest';
import { ArangoError, ArangoUnreachable } from '../../../src/replication/arango.ts';
import { leavesDoubt, meaningOf, meaningOfThrown } from '../../../src/replication/target/error-meaning.ts';

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
  [1216, '', 'oversized'],
  [600, '', 'invalid-text'],
  [1220, '', 'invalid-text'],
  [21003, '', 'unavailable'],
  [21004, '', 'unavailable'],
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

test.each([
  ['no answer', new ArangoUnreachable('x'), true],
  ['no connection', new ArangoUnreachable('x', { isUnsent: true }), false],
  ['a proxy', new ArangoError(503, 0, 'x'), true],
  ['a leader that did not answer the coordinator', new ArangoError(503, 1478, 'x'), true],
  ['a time-out inside of the cluster', new ArangoError(500, 1457, 'x'), true],
  ['an internal error', new ArangoError(500, 4, 'x'), true],
  ['a full queue', new ArangoError(503, 21003, 'x'), false],
  ['a server that starts', new ArangoError(503, 503, 'x'), false],
  ['a lock', new ArangoError(500, 18, 'x'), false],
  ['a write concern that is not met', new ArangoError(503, 1429, 'x'), false],
  ['a token that has ended', new ArangoError(401, 11, 'x'), false],
  ['too much memory', new ArangoError(500, 32, 'x'), false],
])('S4: a write that ended with %s leaves a doubt: %s %s', (_, error, isDoubtful) => {
  expect(leavesDoubt(error)).toBe(isDoubtful);
});
