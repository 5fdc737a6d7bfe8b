import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { patternOf } from '../../src/events/selection/name-pattern.ts';
import {
  describeSelection,
  patternTrouble,
  plainSelection,
  Selector,
  sameSelection,
} from '../../src/events/selection/selection.ts';

function selector(include: string[], exclude: string[] = []): Selector {
  return new Selector({ include, exclude });
}

describe('a selection', () => {
  it('is everything without an include, and what an exclude names is left out whatever includes it', () => {
    const all = selector([], ['crm', 'shop/tmp*']);
    expect(all.takes('shop', 'orders')).toBe(true);
    expect(all.takes('shop', 'tmp_1')).toBe(false);
    expect(all.takes('crm', 'people')).toBe(false);
    const both = selector(['shop', 'crm/people'], ['shop/tmp*', 'crm']);
    expect([both.takes('shop', 'orders'), both.takes('shop', 'tmp'), both.takes('crm', 'people')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('says of a database whether all of it, some of it or nothing is selected', () => {
    const some = selector(['shop', 'crm*/people'], ['crm2', 'shop/tmp']);
    expect(['shop', 'crm', 'crm2', 'other'].map((name) => some.database(name))).toEqual([
      'whole',
      'part',
      'none',
      'none',
    ]);
    expect(new Selector(undefined).database('_system')).toBe('whole');
    expect(selector([], ['shop/*']).database('shop')).toBe('whole');
  });

  it('takes system collections with their database, or by a name that begins as theirs', () => {
    expect(selector(['shop']).takes('shop', '_graphs')).toBe(true);
    expect(selector(['shop/*']).takes('shop', '_graphs')).toBe(false);
    expect(selector(['shop/?graphs']).takes('shop', '_graphs')).toBe(false);
    expect(selector(['shop/_*']).takes('shop', '_graphs')).toBe(true);
    expect(selector(['shop'], ['shop/*']).takes('shop', '_graphs')).toBe(true);
    expect(selector(['*/*']).takes('_system', 'orders')).toBe(true);
  });

  it('has one form, in which the order of patterns and an include of everything make no difference', () => {
    expect(plainSelection({ include: ['*'], exclude: [] })).toBeUndefined();
    expect(plainSelection({ include: ['b', '*'], exclude: ['a'] })).toEqual({ include: [], exclude: ['a'] });
    const [one, other] = [
      plainSelection({ include: ['b', 'a', 'b'], exclude: [] }),
      plainSelection({ include: ['a', 'b'], exclude: [] }),
    ];
    expect(sameSelection(one, other)).toBe(true);
    expect(sameSelection(one, undefined)).toBe(false);
    expect(sameSelection({ include: ['a'], exclude: [] }, { include: [], exclude: ['a'] })).toBe(false);
    expect(describeSelection(plainSelection({ include: ['b', 'a/x*'], exclude: ['a/y'] }))).toBe(
      'include a/x*, b; exclude a/y',
    );
    expect(describeSelection(undefined)).toBe('everything');
  });
});

describe('a pattern', () => {
  test.each([
    ['or*', 'orders', true],
    ['or*', 'or', true],
    ['or*', 'xor', false],
    ['*er*s', 'orders', true],
    ['*a*b*c', 'xaxbxaxc', true],
    ['*a*b*c', 'xaxcxb', false],
    ['?rders', 'orders', true],
    ['?rders', 'rders', false],
    ['t?', 't😀', true],
    ['t\\*', 't*', true],
    ['t\\*', 'tx', false],
    ['t\\?', 'tx', false],
    ['a\\\\b', 'a\\b', true],
    ['a\\,b', 'a,b', true],
    ['caf\u0065\u0301', 'caf\u00e9', true],
  ])('%s and %s: %s', (pattern, name, isMatch) => {
    expect(selector([pattern]).takes(name, 'any')).toBe(isMatch);
    expect(selector([`d/${pattern}`]).takes('d', name)).toBe(isMatch);
  });

  test.each([
    ['', 'names no database'],
    ['/c', 'names no database'],
    ['d/', 'names no collection'],
    ['d/c/0', "more than one '/'"],
    ['d\\', 'ends with'],
  ])('%s is refused', (pattern, why) => {
    expect(patternTrouble(pattern)).toContain(why);
  });

  it('escaped as it must be matches its name and no other, whatever is in it', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => text.normalize('NFC'));
    const property = fc.property(name, name, (one, other) => {
      const only = selector([`${patternOf(one)}/${patternOf(other)}`]);
      expect(only.takes(one, other)).toBe(true);
      expect(only.takes(one, `${other}x`)).toBe(false);
      expect(only.takes(`${one}x`, other)).toBe(false);
    });
    fc.assert(property);
  });

  it('with many stars comes to an end on a long name that nearly matches', () => {
    // By trying every way in which the stars could share the name this would take longer than anybody lives.
    const pattern = `${'*a'.repeat(50)}b`;
    expect(selector([pattern]).takes('a'.repeat(10_000), 'c')).toBe(false);
    expect(selector([pattern]).takes(`${'a'.repeat(10_000)}b`, 'c')).toBe(true);
  });
});
