import { expect, test } from 'vitest';
import { arrayOf, lastPerKey, runsOf } from '../../../src/replication/target/runs.ts';
import { documentLine, put, remove, short } from './operations.ts';

const WIDE = { writeBytes: 1_000_000, writeDocuments: 1_000 };

test('the last operation on a key wins, and removals come before what is put', () => {
  const operations = [put('a'), put('b'), remove('a'), put('c'), remove('b'), put('b')];
  expect(lastPerKey(operations).map(short)).toEqual(['-a', '+b', '+c']);
});

test('runs hold one kind each, in order', () => {
  const runs = runsOf([put('a'), put('b'), remove('a'), put('a')], WIDE);
  expect(runs.map(({ operations }) => operations.map(short))).toEqual([['+a', '+b'], ['-a'], ['+a']]);
});

test('runs stay within bytes and documents; a larger document goes alone', () => {
  const large = put('l', '_kEJrpFq--_', { text: 'x'.repeat(500) });
  const sized = runsOf([put('a'), large, put('b')], { writeBytes: 200, writeDocuments: 10 });
  expect(sized.map(({ operations }) => operations.map(short))).toEqual([['+a'], ['+l'], ['+b']]);
  const counted = runsOf([put('a'), put('b'), put('c')], { writeBytes: 1_000_000, writeDocuments: 2 });
  expect(counted.map(({ operations }) => operations.length)).toEqual([2, 1]);
});

test('documents leave their revisions behind where these are not kept', () => {
  const bare = (line: string) => line.replace(/,"_rev":"[^"]*"/, '');
  const text = arrayOf([put('a'), put('b', '_kEJrpFq--A')], false).toString();
  expect(text).toBe(`[${bare(documentLine('a', '_kEJrpFq--_'))},${bare(documentLine('b', '_kEJrpFq--A'))}]`);
  expect(text).not.toContain('_rev');
});

test('documents become an array by their text alone', () => {
  const [a, b] = [documentLine('a', '_kEJrpFq--_'), documentLine('b', '_kEJrpFq--A')];
  expect(arrayOf([put('a'), put('b', '_kEJrpFq--A')], true).toString()).toBe(`[${a},${b}]`);
});
