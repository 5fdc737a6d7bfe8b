import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../../src/adapters/embedded/engine/json/canonical.ts';
import { scanItems, scanText } from '../../../../src/adapters/embedded/engine/json/items.ts';
import { membersOf, textValue, valueAt } from '../../../../src/adapters/embedded/engine/json/members.ts';

const json = fc.json({ stringUnit: 'grapheme' });

function scan(text: string) {
  return scanItems(Buffer.from(text));
}

function textsOf(text: string): string[] {
  return scan(text).items.map((item) => item.bytes.toString('utf8', item.start, item.end));
}

function isRefused(text: string): boolean {
  try {
    scan(text);
    return false;
  } catch (error) {
    expect(error).toMatchObject({ errorNum: 600, status: 400 });
    return true;
  }
}

describe('JSON scanner', () => {
  test('any JSON value survives, pretty-printed or not', () => {
    fc.assert(
      fc.property(fc.array(json), (texts) => {
        const pretty = texts.map((text) => JSON.stringify(JSON.parse(text), null, 2));
        const compact = texts.map((text) => JSON.stringify(JSON.parse(text)));
        expect(textsOf(`[${pretty.join(' ,\n')}]`)).toEqual(compact);
        expect(textsOf(`[${compact.join(',')}]`)).toEqual(compact);
      }),
    );
  });

  test('agrees with JSON.parse on what is JSON', () => {
    const mutated = fc.tuple(
      json,
      fc.nat(),
      fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '0', '-', '.', 'e', '\\', 't', ' '),
    );
    fc.assert(
      fc.property(mutated, ([text, place, letter]) => {
        const at = place % (text.length + 1);
        for (const changed of [text.slice(0, at) + letter + text.slice(at), text.slice(0, at) + text.slice(at + 1)]) {
          let value: unknown;
          let isJson = true;
          try {
            value = JSON.parse(changed);
          } catch {
            isJson = false;
          }
          // Names given twice are JSON for JSON.parse, but not for the server.
          const twice = isJson && JSON.stringify(value).length < changed.replaceAll(/\s/g, '').length;
          if (!twice) expect(isRefused(changed), changed).toBe(!isJson);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    '',
    ' ',
    '{',
    '}',
    '[1,]',
    '[,1]',
    '{"a":1,}',
    '{"a"}',
    "{'a':1}",
    '{a:1}',
    '01',
    '1.',
    '.5',
    '+1',
    '-',
    '1e',
    '1e+',
    'tru',
    'nul',
    'NaN',
    '"a',
    '"\\x"',
    '"\\u12g4"',
    '"\t"',
    '[1] 2',
    '{}{}',
    '"\\ud800"',
    '"\\udc00"',
    '"\\ud800\\u0041"',
    `${'['.repeat(300)}${']'.repeat(300)}`,
  ])('refuses %j', (text) => {
    expect(isRefused(text)).toBe(true);
  });

  test("tells what the server's parser tells of an object", () => {
    expect(() => scan('{a:1}')).toThrow(`VPackError error: Expecting '"' or '}'`);
  });

  test.each([
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '[{"x":{"b":1,"c":2,"b":3}}]',
    `{${Array.from({ length: 100 }, (_, i) => `"n${i % 99}":1`)}}`,
  ])('refuses attributes named twice: %j', (text) => {
    expect(isRefused(text)).toBe(true);
  });

  test('takes a thousand names of one object', () => {
    const text = `{${Array.from({ length: 1000 }, (_, i) => `"n${i}":${i}`)}}`;
    expect(textsOf(text)).toEqual([text]);
  });

  test('refuses bytes that are no UTF-8', () => {
    expect(() => scanItems(Buffer.from([0x22, 0xff, 0x22]))).toThrow('Invalid UTF-8');
  });

  test('finds system attributes wherever they stand and keeps the texts of all others', () => {
    const text =
      '{"n":1.0,"_rev":"r","big":12345678901234567890123,"_key":"k","s":"\\u00e9\\/","\\u005fid":"c/k","":[ 1e5 ]}';
    const [item] = scan(text).items;
    if (item === undefined) throw new Error('no item');
    const runs = [];
    for (let run = 0; run < item.runs.length; run += 2)
      runs.push(item.bytes.toString('utf8', item.runs[run], item.runs[run + 1]));
    expect(runs.join(',')).toBe('"n":1.0,"big":12345678901234567890123,"s":"\\u00e9\\/","":[1e5]');
    expect([0, 1, 2].map((name) => textValue(item.attribute(name as 0)))).toEqual(['k', 'c/k', 'r']);
    expect(item.attribute(3)).toBeUndefined();
  });

  test('reads values by path', () => {
    const document = scanText(Buffer.from('{"a":{"b":[1,{"c":"x"}]},"a.b":2}'));
    expect(canonicalJson(valueAt(document, ['a', 'b']))).toBe('[1,{"c":"x"}]');
    expect(valueAt(document, ['a', 'x'])).toBeUndefined();
    expect(membersOf(document).map((member) => member.name)).toEqual(['a', 'a.b']);
  });

  test('canonical texts are equal iff values are', () => {
    const canonical = (text: string) => canonicalJson(scanText(Buffer.from(text)));
    expect(canonical('{"b":1.0,"a":[1e2]}')).toBe(canonical('{"a":[100],"b":1}'));
    expect(canonical('9007199254740993')).not.toBe(canonical('9007199254740992'));
    expect(canonical('-0')).toBe(canonical('0'));
    expect(canonical('"\\u0061"')).toBe(canonical('"a"'));
    expect(canonical('"1"')).not.toBe(canonical('1'));
  });
});
