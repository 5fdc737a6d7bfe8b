import { expect, test } from 'vitest';
import { BadLine, documentsOf, operationsOf } from '../../../src/replication/target/lines.ts';

function identities(body: string): readonly string[] {
  return operationsOf(Buffer.from(body)).map(({ kind, key, revision }) => `${kind} ${key} ${revision}`);
}

test('operations are read from their heads, without parsing the document', () => {
  const body =
    '+{"_key":"a","_id":"c/a","_rev":"_kEJrpFq--_","x":not json at all}\n' +
    '+{"_key":"e","_id":"c/e","_from":"v/1","_to":"v/2","_rev":"_kEJrpFq--A"}\n' +
    '-{"_key":"b","_rev":"_kEJrpFq--B"}\n';
  expect(identities(body)).toEqual(['put a _kEJrpFq--_', 'put e _kEJrpFq--A', 'remove b _kEJrpFq--B']);
});

test('a document with its system attributes elsewhere is parsed', () => {
  expect(identities('+{"x":1,"_rev":"_kEJrpFq--_","_key":"a"}\n')).toEqual(['put a _kEJrpFq--_']);
});

test('an attribute that imitates a revision inside a text deceives nobody', () => {
  const from = 'v/1","_to":"v/2","_rev":"_kEJrpFq--D';
  const line = JSON.stringify({ _key: 'a', _id: 'c/a', _from: from, _to: 'v/2', _rev: '_kEJrpFq--_' });
  expect(identities(`+${line}\n`)).toEqual(['put a _kEJrpFq--_']);
});

test('names of several hundred bytes do not hide the revision', () => {
  const name = 'ä'.repeat(128);
  const line = JSON.stringify({
    _key: 'a',
    _id: `${name}/a`,
    _from: `${name}/x`,
    _to: `${name}/y`,
    _rev: '_kEJrpFq--_',
  });
  expect(identities(`+${line}\n`)).toEqual(['put a _kEJrpFq--_']);
});

test('a removal without a revision has an empty one', () => {
  expect(identities('-{"_key":"a"}\n')).toEqual(['remove a ']);
});

test('the bytes of a document stay as they came', () => {
  const text = '{"_key":"a","_id":"c/a","_rev":"_kEJrpFq--_","n":9007199254740993.0,"u":"\\u00e4"}';
  const [document] = documentsOf(Buffer.from(`${text}\n`));
  expect(Buffer.from(document?.bytes ?? []).toString()).toBe(text);
});

test('a line that is no operation is refused', () => {
  expect(() => operationsOf(Buffer.from('{"_key":"a"}\n'))).toThrow(BadLine);
  expect(() => operationsOf(Buffer.from('+{"_key":\n'))).toThrow(BadLine);
  expect(() => operationsOf(Buffer.from('+{"x":1}\n'))).toThrow(BadLine);
});
