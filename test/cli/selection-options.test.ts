import { expect, test } from 'vitest';
import { selectionOf, selectionOptions } from '../../cli/configure/selection-options.ts';

const read = (...texts: string[]) => selectionOptions.include.read(texts);

test('patterns are given one by one or separated by commas, of which one with a backslash is part of a name', () => {
  expect(read('shop, crm/orders*', ' local ', '')).toEqual(['shop', 'crm/orders*', 'local']);
  expect(read('a\\,b,c')).toEqual(['a\\,b', 'c']);
  expect(read('a\\\\,b')).toEqual(['a\\\\', 'b']);
  expect(read(',,')).toEqual([]);
});

test('what is no pattern is refused with the reason', () => {
  expect(() => read('a', 'b/')).toThrow("has the pattern 'b/', which names no collection");
  expect(() => read('a\\')).toThrow("has the pattern 'a\\', which ends with");
});

test('without both there is no selection to tell', () => {
  expect(selectionOf({ include: [], exclude: [] })).toBeUndefined();
  expect(selectionOf({ include: [], exclude: ['a'] })).toEqual({ include: [], exclude: ['a'] });
});
