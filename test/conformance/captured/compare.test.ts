import { describe, expect, test } from 'vitest';
import type { ServerAnswer } from './call-server.ts';
import { Comparison, STANDARD_HEADERS } from './compare.ts';
import type { CapturedAnswer } from './scenario.ts';

const captured: CapturedAnswer = {
  name: 'x',
  status: 201,
  headers: {
    'content-type': 'application/json',
    etag: '"_l6zhVR2---"',
    location: '/_db/_system/_api/document/c/70787',
  },
  body: { error: false, id: '70787', _rev: '_l6zhVR2---', list: [{ a: 1 }, { a: 2 }], message: 'no' },
};

const ours = { error: false, id: '81', _rev: '_kABCDEF---', list: [{ a: 1 }, { a: 2 }], message: 'no' };

function answer(body: unknown = ours, headers: Record<string, string | undefined> = {}, status = 201): ServerAnswer {
  const text = JSON.stringify(body);
  const all = {
    ...STANDARD_HEADERS,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
    etag: '"_kABCDEF---"',
    location: '/_db/_system/_api/document/c/81',
    ...headers,
  };
  const present = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { status, headers: Object.fromEntries(present), text };
}

function differences(given: ServerAnswer, isUnordered = false): readonly string[] {
  return new Comparison(isUnordered).differences(captured, given);
}

describe('a comparison with a captured answer', () => {
  test('takes other ids and revisions for the same answer', () => {
    expect(differences(answer())).toEqual([]);
  });

  test.each<[string, ServerAnswer]>([
    ['another status', answer(ours, {}, 202)],
    ['a missing header', answer(ours, { etag: undefined })],
    ['a header too many', answer(ours, { 'x-more': '1' })],
    ['a missing standard header', answer(ours, { pragma: undefined })],
    ['an etag without quotes', answer(ours, { etag: '_kABCDEF---' })],
    ['another path', answer(ours, { location: '/_db/_system/_api/document/d/81' })],
    ['a type without charset', answer(ours, { 'content-type': 'application/json' })],
    ['a wrong length', answer(ours, { 'content-length': '3' })],
    [
      'another order of attributes',
      answer({ id: '81', error: false, _rev: ours._rev, list: ours.list, message: 'no' }),
    ],
    ['an attribute too many', answer({ ...ours, more: 1 })],
    ['another type', answer({ ...ours, id: 81 })],
    ['another message', answer({ ...ours, message: 'yes' })],
    ['another number', answer({ ...ours, list: [{ a: 1 }, { a: 3 }] })],
    ['a shorter list', answer({ ...ours, list: [{ a: 1 }] })],
    ['an id that is another one in the path', answer(ours, { location: '/_db/_system/_api/document/c/82' })],
    ['a revision that is another one in the etag', answer(ours, { etag: '"_kABCDEG---"' })],
  ])('finds %s', (_what, given) => {
    expect(differences(given)).not.toEqual([]);
  });

  test('finds one id where there were two, over several answers', () => {
    const comparison = new Comparison(false);
    const two = { ...captured, body: { id: '70787', other: '70788' } };
    expect(comparison.differences(two, answer({ id: '81', other: '82' }))).toEqual([]);
    expect(comparison.differences(two, answer({ id: '81', other: '81' }))).not.toEqual([]);
    expect(comparison.differences(two, answer({ id: '82', other: '81' }))).not.toEqual([]);
  });

  test('takes lists in any order only where order means nothing', () => {
    const list = {
      ...captured,
      body: [
        { name: 'a', n: 1 },
        { name: 'b', n: 2 },
      ],
    };
    const turned = answer([
      { n: 2, name: 'b' },
      { n: 1, name: 'a' },
    ]);
    expect(new Comparison(true).differences(list, turned)).toEqual([]);
    expect(new Comparison(false).differences(list, turned)).not.toEqual([]);
  });
});
