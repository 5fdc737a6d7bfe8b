import { describe, expect, test } from 'vitest';
import {
  analyzerDocument,
  analyzerNamesIn,
  analyzerOfDocument,
  BUILT_IN_ANALYZERS,
  describeAnalyzer,
  isSameAnalyzer,
  normaliseAnalyzer,
  splitAnalyzerName,
} from '../../../../src/adapters/embedded/definitions/analyzer.ts';

describe('an analyzer definition', () => {
  test('has no properties and no features unless it says so', () => {
    expect(normaliseAnalyzer({ name: 'a', type: 'identity' })).toEqual({
      name: 'a',
      type: 'identity',
      properties: {},
      features: [],
    });
  });

  test('gets completed properties', () => {
    const ngram = { type: 'ngram', properties: { min: 3, max: 2, preserveOriginal: true } };
    expect(normaliseAnalyzer({ name: 'a', ...ngram }).properties).toEqual({
      min: 3,
      max: 3,
      preserveOriginal: true,
      startMarker: '',
      endMarker: '',
      streamType: 'binary',
    });
  });

  test('knows locales without their encoding', () => {
    const stem = { name: 'a', type: 'stem', properties: { locale: 'en_US.utf-8' } };
    expect(normaliseAnalyzer(stem).properties).toEqual({ locale: 'en_US' });
  });

  test('may give its properties as text, and lists features in one order', () => {
    const given = { name: 'a', type: 'delimiter', properties: '{"delimiter":","}', features: ['norm', 'frequency'] };
    expect(normaliseAnalyzer(given)).toMatchObject({ properties: { delimiter: ',' }, features: ['frequency', 'norm'] });
  });

  test('completes the steps of a pipeline', () => {
    const pipeline = [{ type: 'norm', properties: { locale: 'de' } }, { type: 'identity' }];
    expect(normaliseAnalyzer({ name: 'p', type: 'pipeline', properties: { pipeline } }).properties).toEqual({
      pipeline: [
        { type: 'norm', properties: { locale: 'de', case: 'none', accent: true } },
        { type: 'identity', properties: {} },
      ],
    });
  });

  test.each([
    [{ type: 'identity' }, "invalid 'name'"],
    [{ name: 'a b', type: 'identity' }, "invalid characters in analyzer name 'a b'"],
    [{ name: 'a' }, "invalid 'type'"],
    [{ name: 'a', type: 'gone' }, 'was rejected by analyzer'],
    [{ name: 'a', type: 'stem' }, 'was rejected by analyzer'],
    [{ name: 'a', type: 'identity', features: ['gone'] }, "unknown value in 'features'"],
    [{ name: 'a', type: 'identity', features: ['position'] }, "missing feature 'frequency'"],
    [{ name: 'a', type: 'identity', properties: 'x' }, "invalid 'properties'"],
  ])('refuses %j', (request, message) => {
    expect(() => normaliseAnalyzer(request)).toThrow(message);
  });

  test('is the same when made again, and not when it differs in anything', () => {
    const one = normaliseAnalyzer({ name: 'a', type: 'stem', properties: { locale: 'en' } });
    const again = normaliseAnalyzer({ name: 'a', type: 'stem', properties: { locale: 'en.utf-8' } });
    const other = normaliseAnalyzer({ name: 'a', type: 'stem', properties: { locale: 'de' } });
    expect(isSameAnalyzer(one, again)).toBe(true);
    expect(isSameAnalyzer(one, other)).toBe(false);
  });

  test('is shown under its database, unless it is built in', () => {
    const own = normaliseAnalyzer({ name: 'd::a', type: 'identity' });
    expect(describeAnalyzer('d', own).name).toBe('d::a');
    const english = BUILT_IN_ANALYZERS.find(({ name }) => name === 'text_en');
    expect(english && describeAnalyzer('d', english).name).toBe('text_en');
  });

  test('comes back from its document', () => {
    const analyzer = normaliseAnalyzer({ name: 'a', type: 'identity', features: ['norm'] });
    expect(analyzerOfDocument(analyzerDocument(analyzer, 3))).toEqual(analyzer);
    expect(analyzerOfDocument({ _key: 'x' })).toBeUndefined();
  });

  test('is found by name at every depth of a link or an index', () => {
    const link = {
      analyzers: ['a'],
      fields: { x: { fields: { y: { analyzers: ['b'] } } } },
      nested: [{ analyzer: 'c' }],
    };
    expect(analyzerNamesIn(link)).toEqual(['a', 'b', 'c']);
  });

  test('is told apart from its database by ::', () => {
    expect(splitAnalyzerName('d::a')).toEqual({ database: 'd', name: 'a' });
    expect(splitAnalyzerName('::a')).toEqual({ database: '', name: 'a' });
    expect(splitAnalyzerName('a')).toEqual({ database: undefined, name: 'a' });
  });
});
