import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { documentValue } from '../../src/replication/document-value.ts';

const meaningOf = (text: string) => documentValue(Buffer.from(text));

describe('what a document means', () => {
  test.each([
    ['{"a":1,"b":2}', '{"b":2,"a":1}'],
    ['{"a":100}', '{"a":1e2}'],
    ['{"a":100}', '{"a":100.0}'],
    ['{"a":1.50}', '{"a":15E-1}'],
    ['{"a":0}', '{"a":-0.0}'],
    ['{"a":1152921504606846976}', '{"a":1152921504606846976.0}'],
    ['{"a":"é"}', '{"a":"\\u00e9"}'],
    ['{"a":"/"}', '{"a":"\\/"}'],
    ['{ "a" : [ 1 , { } ] }', '{"a":[1,{}]}'],
    ['{"_key":"k","_id":"c/k","_rev":"_abc"}', '{"_key":"k","_id":"other/k","_rev":"_abd"}'],
  ])('%s is %s', (one, other) => {
    expect(meaningOf(one)).toBe(meaningOf(other));
  });

  test.each([
    ['{"a":1}', '{"a":"1"}'],
    ['{"a":9007199254740993}', '{"a":9007199254740992}'],
    ['{"a":18446744073709551615}', '{"a":18446744073709551614}'],
    ['{"a":1e400}', '{"a":1e401}'],
    ['{"a":0.1}', '{"a":0.10000000000000001}'],
    ['{"a":-1}', '{"a":1}'],
    ['{"a":[1,2]}', '{"a":[2,1]}'],
    ['{"a":[1,2]}', '{"a":[12]}'],
    ['{"a":null}', '{}'],
    ['{"a":{"_rev":"1"}}', '{"a":{"_rev":"2"}}'],
    ['{"a":{"_id":"1"}}', '{"a":{}}'],
    ['{"a":"x"}', '{"a":"x "}'],
  ])('%s is not %s', (one, other) => {
    expect(meaningOf(one)).not.toBe(meaningOf(other));
  });

  test.each(['', '[]', '{"a":}', '{"a":1', '{"a" 1}', '{"a":1}}', '{"a":01x}', '{a:1}', '{"a":"x}'])(
    '%j is no document',
    (text) => {
      expect(() => meaningOf(text)).toThrow('no JSON');
    },
  );

  test('is the same for what JSON prints of one value, and another for another', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), (a, b) => {
        const [one, other] = [JSON.stringify(a), JSON.stringify(b)];
        expect(meaningOf(JSON.stringify(a, null, 2))).toBe(meaningOf(one));
        const without = (text: string) => {
          const { _id, _rev, ...rest } = JSON.parse(text) as Record<string, unknown>;
          return rest;
        };
        // As JSON.parse sees it; 0 and -0 are one number.
        const isEqual = JSON.stringify(sorted(without(one))) === JSON.stringify(sorted(without(other)));
        expect(meaningOf(one) === meaningOf(other)).toBe(isEqual);
      }),
    );
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => [name, sorted(each)]);
}
