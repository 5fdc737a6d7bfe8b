import { describe, expect, test } from 'vitest';
import { canonicalAttributes, canonicalJson } from '../../src/replication/exact-json.ts';

describe('a canonical text of JSON', () => {
  test.each([
    ['{"a":1,"b":[1,2]}', '{ "b": [ 1, 2 ], "a": 1 }'],
    ['{"a":1}', '{"a":1.0}'],
    ['{"a":1500}', '{"a":1.5e3}'],
    ['{"a":100000000000000000000}', '{"a":1E+20}'],
    ['{"a":0}', '{"a":-0.0}'],
    ['{"a":-0.25}', '{"a":-25e-2}'],
    ['"ü"', '"\\u00fc"'],
  ])('is the same for %s and %s', (a, b) => {
    expect(canonicalJson(a)).toBe(canonicalJson(b));
  });

  test.each([
    ['{"a":9007199254740993}', '{"a":9007199254740992}'],
    ['{"a":0.1}', '{"a":0.10000000000000001}'],
    ['{"a":1}', '{"a":"1"}'],
    ['{"a":1}', '{"a":"1e0"}'],
    ['{"a":1}', '{"a":-1}'],
    ['{"a":10}', '{"a":1}'],
    ['{"a":[]}', '{"a":{}}'],
    ['{"a":null}', '{}'],
    ['[1,2]', '[2,1]'],
  ])('differs for %s and %s', (a, b) => {
    expect(canonicalJson(a)).not.toBe(canonicalJson(b));
  });

  test('leaves attributes of the outermost object out', () => {
    expect(canonicalJson('{"_key":"1","a":{"_key":"2"}}', new Set(['_key']))).toBe('{"a":{"_key":"2"}}');
  });

  test('names no part of a text that is no JSON', () => {
    const broken = '{"hash":"0123456789abcdef"';
    expect(() => canonicalJson(broken)).toThrow(/^a text of 26 characters is no JSON$/);
    expect(() => canonicalAttributes('[1]')).toThrow(/^an object was expected$/);
  });
});
