import { beforeEach, describe, expect, test } from 'vitest';
import type { EngineTransaction, TransactionSpec } from '../../../../src/adapters/embedded/engine/types.ts';
import { errorOf, errorsOf, linesOf, TestServer } from './support.ts';

let server: TestServer;

beforeEach(() => {
  server = new TestServer();
  server.insert([
    { _key: 'a', n: 1 },
    { _key: 'b', n: 1 },
  ]);
});

function begin(id: string, spec: Partial<TransactionSpec> = {}): EngineTransaction {
  return server.engine.transactions.begin({ id, database: '_system', read: [], write: ['c'], exclusive: [], ...spec });
}

function keysIn(trx: EngineTransaction): string[] {
  return [...server.collectionC.documents(trx)].map((document) => document.key).sort();
}

describe('streaming transactions (4.7)', () => {
  test('own writes are visible inside, and outside only after the commit, as one batch of the log', () => {
    const from = server.engine.lastTick;
    const trx = begin('1');
    server.insert({ _key: 'c' }, { trx });
    server.write('update', { _key: 'a', n: 2 }, { trx });
    server.remove(['b'], { trx });
    expect(keysIn(trx)).toEqual(['a', 'c']);
    expect(server.collectionC.count(trx)).toBe(2);
    expect(server.text('a', 'c', trx)).toContain('"n":2');
    expect(server.keys()).toEqual(['a', 'b']);
    expect(server.engine.lastTick).toBe(from);

    const { changes } = server.engine.transactions.commit('1');
    expect(changes.map(({ collection, changes: list }) => [collection, list.map((change) => change.kind)])).toEqual([
      ['c', ['put', 'put', 'remove']],
    ]);
    expect(server.lines({ from })).toEqual(['2200', '2300 c', '2300 a', '2302 b', '2201']);
    expect(new Set(linesOf(server.tail({ from })).map((line) => line.tid)).size).toBe(1);
    expect(server.keys().sort()).toEqual(['a', 'c']);
    expect(server.collectionC.tree.toJson(true)).toBe(server.collectionC.computeTree().toJson(true));
  });

  test('an aborted one leaves nothing', () => {
    const from = server.engine.lastTick;
    const trx = begin('1');
    server.remove(['a'], { trx });
    server.engine.transactions.abort('1');
    expect(server.keys()).toEqual(['a', 'b']);
    expect(server.engine.lastTick).toBe(from);
    expect(errorOf(server.write('update', { _key: 'a', n: 3 }).outcomes[0])).toBe(0);
  });

  test('reads see the server as it was at the begin', () => {
    const trx = begin('1');
    server.write('update', { _key: 'a', n: 5 });
    server.remove(['b']);
    server.insert({ _key: 'z' });
    expect(keysIn(trx)).toEqual(['a', 'b']);
    expect(server.text('a', 'c', trx)).toContain('"n":1');
    expect(server.text('z', 'c', trx)).toBeUndefined();
  });

  test('two writers of one key: the second gets 1200, and so does one who comes after a commit', () => {
    const one = begin('1');
    const two = begin('2');
    server.write('update', { _key: 'a', n: 2 }, { trx: one });
    expect(errorOf(server.write('update', { _key: 'a', n: 3 }, { trx: two }).outcomes[0])).toBe(1200);
    expect(
      errorsOf(
        server.write('update', [
          { _key: 'a', n: 3 },
          { _key: 'b', n: 3 },
        ]).outcomes,
      ),
    ).toEqual([1200, 0]);
    server.engine.transactions.commit('1');
    expect(errorsOf(server.write('replace', [{ _key: 'a' }, { _key: 'b' }], { trx: two }).outcomes)).toEqual([
      1200, 1200,
    ]);
    server.remove(['a']);
    expect(errorOf(server.insert({ _key: 'a' }, { trx: two })[0])).toBe(1200);
  });

  test('unique values are locked until the end', () => {
    server.index(['u'], { sparse: true });
    const one = begin('1');
    const two = begin('2');
    server.insert({ _key: 'x', u: 1 }, { trx: one });
    expect(errorOf(server.insert({ _key: 'y', u: 1 }, { trx: one })[0])).toBe(1210);
    expect(errorOf(server.insert({ _key: 'y', u: 1 }, { trx: two })[0])).toBe(1200);
    expect(errorOf(server.insert({ _key: 'y', u: 1 })[0])).toBe(1200);
    server.remove(['x'], { trx: one });
    expect(errorOf(server.insert({ _key: 'y', u: 1 }, { trx: one })[0])).toBe(0);
    server.engine.transactions.commit('1');
    expect(errorOf(server.insert({ _key: 'z', u: 1 })[0])).toBe(1210);
  });

  test('collections must be declared for writing (1652); reading others can be refused', () => {
    const trx = begin('1', { write: [], read: ['c'], allowImplicit: false });
    const refusal = expect.objectContaining({ errorNum: 1652, status: 400 });
    expect(() => server.insert({}, { trx })).toThrow(refusal);
    expect(() => server.text('x', 'e', trx)).toThrow(refusal);
    expect(server.text('a', 'c', trx)).toBeDefined();
    expect(server.text('x', 'e', begin('2'))).toBeUndefined();
    expect(() => begin('3', { read: ['none'] })).toThrow(expect.objectContaining({ errorNum: 1203 }));
  });

  test('an exclusive one keeps everybody else out', () => {
    begin('1', { write: [], exclusive: ['c'] });
    const timeout = expect.objectContaining({ errorNum: 18 });
    expect(() => server.insert({})).toThrow(timeout);
    expect(() => server.engine.truncate('_system', 'c')).toThrow(timeout);
    expect(() => begin('2')).toThrow(timeout);
    server.engine.transactions.abort('1');
    expect(errorOf(server.insert({})[0])).toBe(0);
  });

  test('the life of an id: idempotent ends, 1653, 1654, 1655', () => {
    const { transactions } = server.engine;
    begin('1');
    transactions.commit('1');
    transactions.commit('1');
    const refused = (errorNum: number, status: number) => expect.objectContaining({ errorNum, status });
    expect(() => transactions.abort('1')).toThrow(refused(1653, 400));
    expect(() => transactions.use('1')).toThrow(refused(1654, 410));
    begin('2');
    transactions.abort('2');
    transactions.abort('2');
    expect(() => transactions.commit('2')).toThrow('transaction was already aborted');
    expect(() => transactions.commit('9')).toThrow(refused(1655, 404));
    expect(() => transactions.use('9')).toThrow(refused(1655, 404));
    expect(() => transactions.abort('8')).toThrow(refused(1655, 404));
    transactions.abort('8');
    expect(transactions.status('8')).toBe('aborted');
  });

  test('idle for more than a minute: aborted, and its locks are gone', () => {
    const trx = begin('1');
    server.remove(['a'], { trx });
    server.nowMs += 61_000;
    expect(errorOf(server.write('update', { _key: 'a', n: 2 }).outcomes[0])).toBe(0);
    expect(() => server.engine.transactions.commit('1')).toThrow('transaction was already expired');
  });

  test('too large: error 32 for this item and all later ones, and the transaction is gone', () => {
    const trx = begin('1', { bytesMax: 2000 });
    const wide = 'x'.repeat(900);
    expect(errorsOf(server.insert([{ wide }, { wide }, { wide }, {}], { trx }))).toEqual([0, 0, 32, 32]);
    expect(server.engine.transactions.status('1')).toBe('aborted');
  });

  test('a truncate inside is removals one by one', () => {
    const from = server.engine.lastTick;
    const trx = begin('1');
    server.insert({ _key: 'c' }, { trx });
    expect(server.engine.truncate('_system', 'c', trx)).toMatchObject({ count: 3, ranged: false });
    server.engine.transactions.commit('1');
    expect(server.lines({ from })).toEqual(['2200', '2300 c', '2302 a', '2302 b', '2302 c', '2201']);
    expect(server.collectionC.count()).toBe(0);
  });

  test('index builds and renames wait for nobody: 18 while a transaction writes', () => {
    const trx = begin('1');
    server.insert({ _key: 'z', n: 1 }, { trx });
    const timeout = expect.objectContaining({ errorNum: 18 });
    expect(() => server.index(['n'])).toThrow(timeout);
    expect(() => server.engine.renameCollection('_system', 'c', 'other')).toThrow(timeout);
    expect(server.engine.database('_system')?.collection('c')).toBeDefined();
    server.engine.transactions.commit('1');
    server.engine.renameCollection('_system', 'c', 'other');
    expect(server.text('z', 'other')).toContain('"_id":"other/z"');
  });

  test('one that wrote nothing leaves no trace in the log', () => {
    const { lastTick } = server.engine;
    begin('1');
    server.engine.transactions.commit('1');
    expect(server.engine.lastTick).toBe(lastTick);
  });
});
