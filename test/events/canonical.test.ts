import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalText, parseCanonical } from '../../src/events/canonical.ts';

describe('the canonical text', () => {
  it('sorts attributes at every depth, and leaves out what is undefined', () => {
    expect(canonicalText({ b: [{ d: 1, c: 2 }], a: undefined, '': null })).toBe('{"":null,"b":[{"c":2,"d":1}]}');
  });

  it.each([
    ['1', '1.0'],
    ['1e3', '1000'],
    ['-0', '0'],
    ['9007199254740992', '9007199254740992.0'],
    ['9223372036854775807', '9.223372036854775807e18'],
    ['0.1', '1.0e-1'],
    ['1e21', '1000000000000000000000'],
  ])('does not depend on how a database spells a number: %s as %s', (ours, theirs) => {
    expect(canonicalText(JSON.parse(theirs))).toBe(canonicalText(JSON.parse(ours)));
  });

  it.each([[Number.NaN], [Number.POSITIVE_INFINITY], ['\ud800'], [{ a: '\udfff' }], [1n], [() => 1], [undefined]])(
    'refuses %s, which JSON cannot hold',
    (value) => {
      expect(() => canonicalText(value)).toThrow(TypeError);
    },
  );

  it('is JSON, and the same whatever the order of attributes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = canonicalText(value);
        expect(canonicalText(JSON.parse(text))).toBe(text);
        expect(canonicalText(reversed(value))).toBe(text);
      }),
    );
  });

  it('tells different values apart', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const equal = canonicalText(a) === canonicalText(b);
        expect(equal).toBe(
          canonicalText(JSON.parse(JSON.stringify(a))) === canonicalText(JSON.parse(JSON.stringify(b))),
        );
        if (equal) expect(JSON.parse(JSON.stringify(a))).toEqual(JSON.parse(JSON.stringify(b)));
      }),
    );
  });

  it('keeps maps, in the order of their keys, also inside of each other', () => {
    const inner = new Map([['k', { n: 1 }]]);
    const map = new Map<string, unknown>([
      ['b', inner],
      ['a', []],
    ]);
    expect(canonicalText({ map })).toBe('{"map":{"$map":[["a",[]],["b",{"$map":[["k",{"n":1}]]}]]}}');
    expect(parseCanonical(canonicalText({ map }))).toEqual({ map });
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}
