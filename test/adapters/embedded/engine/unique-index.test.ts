import { beforeEach, describe, expect, test } from 'vitest';
import { errorOf, errorsOf, messageOf, TestServer } from './support.ts';

let server: TestServer;

beforeEach(() => {
  server = new TestServer();
});

describe('unique secondary indexes (3.3)', () => {
  test('1210 names the index, its type, its fields and the document in the way', () => {
    server.index(['name.first', 'name.last'], { name: 'byName' });
    const document = (_key: string) => ({ _key, name: { first: 'a', last: 'b' } });
    server.insert(document('one'));
    const [outcome] = server.insert(document('two'));
    expect(errorOf(outcome)).toBe(1210);
    expect(messageOf(outcome)).toBe(
      "unique constraint violated - in index byName of type persistent over 'name.first, name.last'; conflicting key: one",
    );
    expect(server.keys()).toEqual(['one']);
  });

  test('equal by value, not by text', () => {
    server.index(['x']);
    server.insert('{"_key":"a","x":{"b":1.0,"a":[100]}}');
    expect(errorOf(server.insert('{"_key":"b","x":{"a":[1e2],"b":1}}')[0])).toBe(1210);
    expect(
      errorsOf(server.insert('[{"x":"1"},{"x":1},{"x":9007199254740993},{"x":9007199254740992},{"x":true}]')),
    ).toEqual([0, 0, 0, 0, 0]);
  });

  test('a missing value counts as null unless the index is sparse', () => {
    server.index(['x']);
    expect(errorsOf(server.insert([{}, { x: null }, { y: 1 }]))).toEqual([0, 1210, 1210]);
    const sparse = new TestServer();
    sparse.index(['x', 'y'], { sparse: true });
    expect(errorsOf(sparse.insert([{}, { x: 1 }, { x: 1, y: null }, { x: 1, y: 1 }, { x: 1, y: 1 }]))).toEqual([
      0, 0, 0, 0, 1210,
    ]);
  });

  test('arrays are expanded; duplicates inside one document only count without deduplicate', () => {
    server.index(['tags[*]'], { deduplicate: true });
    expect(errorsOf(server.insert([{ tags: ['a', 'a', 'b'] }, { tags: ['c', 'b'] }, { tags: ['c', 'd'] }]))).toEqual([
      0, 1210, 0,
    ]);
    const strict = new TestServer();
    strict.index(['tags[*].name'], { deduplicate: false });
    const tags = (...names: string[]) => ({ tags: names.map((name) => ({ name })) });
    expect(errorsOf(strict.insert([tags('a', 'a', 'b'), tags('a', 'b')]))).toEqual([1210, 0]);
  });

  test('a value is free again after removal, replacement and update; the document itself is not in its own way', () => {
    server.index(['x']);
    server.insert([
      { _key: 'a', x: 1 },
      { _key: 'b', x: 2 },
    ]);
    expect(errorOf(server.write('update', { _key: 'a', x: 2 }).outcomes[0])).toBe(1210);
    expect(errorOf(server.write('replace', { _key: 'a', x: 1, y: 1 }).outcomes[0])).toBe(0);
    expect(errorOf(server.write('update', { _key: 'a', x: 3 }).outcomes[0])).toBe(0);
    expect(errorOf(server.insert({ _key: 'c', x: 1 })[0])).toBe(0);
    server.remove(['b']);
    expect(errorOf(server.insert({ _key: 'd', x: 2 })[0])).toBe(0);
  });

  test('two documents cannot exchange values in one bulk: order counts', () => {
    server.index(['x']);
    server.insert([
      { _key: 'a', x: 1 },
      { _key: 'b', x: 2 },
    ]);
    expect(
      errorsOf(
        server.write('replace', [
          { _key: 'a', x: 2 },
          { _key: 'b', x: 1 },
        ]).outcomes,
      ),
    ).toEqual([1210, 1210]);
  });

  test('over violating data no index is made', () => {
    server.insert([
      { _key: 'a', x: 1 },
      { _key: 'b', x: 1 },
    ]);
    expect(() => server.index(['x'])).toThrow(expect.objectContaining({ errorNum: 1210, status: 409 }));
    expect(server.collectionC.indexes).toEqual([]);
    server.remove(['b']);
    server.index(['x']);
    const [index] = server.collectionC.indexes;
    server.engine.dropIndex('_system', 'c', index?.id ?? '');
    expect(errorOf(server.insert({ x: 1 })[0])).toBe(0);
    expect(() => server.engine.dropIndex('_system', 'c', '5')).toThrow(expect.objectContaining({ errorNum: 1212 }));
  });

  test('isRestore changes nothing about them', () => {
    server.index(['x']);
    server.insert({ _key: 'a', x: 1 });
    expect(errorOf(server.insert({ _key: 'b', x: 1, _rev: '_kEJrpFq--_' }, { isRestore: true })[0])).toBe(1210);
  });
});
