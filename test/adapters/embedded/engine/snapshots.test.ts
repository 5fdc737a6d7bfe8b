import { describe, expect, test } from 'vitest';
import { TestServer } from './support.ts';

describe('batches are snapshots of the whole server (5.1)', () => {
  test('while writing, a batch sees what was there', () => {
    const server = new TestServer();
    server.insert([
      { _key: 'a', n: 1 },
      { _key: 'b', n: 1 },
      { _key: 'c', n: 1 },
    ]);
    const batch = server.engine.createBatch(10);
    const before = server.keys().map((key) => server.text(key));
    server.write('replace', { _key: 'a', n: 2 });
    server.write('replace', { _key: 'a', n: 3 });
    server.remove(['b']);
    server.insert([{ _key: 'b', n: 9 }, { _key: 'd' }]);
    const held = server.engine.batches.demand(batch.id);
    expect(held.versions(server.collectionC).map((version) => version.bytes().toString())).toEqual(before);
    expect(batch.lastTick).toBeLessThan(server.engine.lastTick);
    expect(server.collectionC.count()).toBe(4);
  });

  test('batches at different times see different states, and forget them when they end', () => {
    const server = new TestServer();
    const batches = [server.engine.createBatch(10)];
    for (let n = 0; n < 5; n++) {
      server.insert({ _key: 'a', n }, { overwriteMode: 'replace' });
      batches.push(server.engine.createBatch(10));
    }
    const seen = batches.map(({ id }) =>
      server.engine.batches
        .demand(id)
        .versions(server.collectionC)
        .map((version) => JSON.parse(version.bytes().toString()).n),
    );
    expect(seen).toEqual([[], [0], [1], [2], [3], [4]]);
    for (const { id } of batches) server.engine.batches.delete(id);
    expect(server.collectionC.history.isEmpty).toBe(true);
    server.insert({ _key: 'a', n: 6 }, { overwriteMode: 'replace' });
    expect(server.collectionC.history.isEmpty).toBe(true);
  });

  test('a truncate and a dump position: the snapshot stays whole', () => {
    const server = new TestServer();
    server.insert(Array.from({ length: 40000 }, (_, n) => ({ _key: `k${n}` })));
    const batch = server.engine.batches.create(10);
    server.engine.truncate('_system', 'c');
    expect(batch.versions(server.collectionC)).toHaveLength(40000);
    expect(batch.tree(server.collectionC).count).toBe(40000);
    expect(server.collectionC.tree.count).toBe(0);
  });

  test('the tree is that of the snapshot, with the range of then', () => {
    const server = new TestServer();
    server.insert([{ _key: 'a' }, { _key: 'b' }]);
    const expected = server.collectionC.tree.toJson(true);
    const batch = server.engine.batches.create(10);
    expect(batch.tree(server.collectionC).toJson(true)).toBe(expected);
    server.insert({ _key: 'far', _rev: '_yy9jY-----' }, { isRestore: true });
    server.remove(['a']);
    expect(server.collectionC.tree.toJson(true)).not.toBe(expected);
    expect(batch.tree(server.collectionC).toJson(true)).toBe(expected);
    expect(batch.computeTree(server.collectionC).toJson(true)).toBe(expected);
  });

  test('without use a batch ends after its ttl; use renews it; 1600 afterwards', () => {
    const server = new TestServer();
    const { id } = server.engine.createBatch(10);
    server.nowMs += 9_000;
    expect(server.engine.batches.get(id)).toBeDefined();
    server.nowMs += 9_000;
    server.engine.batches.extend(id, 100);
    server.nowMs += 99_000;
    expect(server.engine.batches.get(id)).toBeDefined();
    server.nowMs += 101_000;
    expect(server.engine.batches.get(id)).toBeUndefined();
    expect(() => server.engine.batches.delete(id)).toThrow(expect.objectContaining({ status: 404, errorNum: 1600 }));
    expect(() => server.engine.batches.extend('5', 1)).toThrow(expect.objectContaining({ errorNum: 1600 }));
  });

  test('documents are ordered by revision, whatever the order of writing', () => {
    const server = new TestServer();
    const revisions = ['_g69jY----D', '_bpq8a-----', '_kEJrpFq--_', '_XUJFD3C---', '_g69jY-----', '_d04B0Ii--E'];
    for (const [index, _rev] of revisions.entries()) server.insert({ _key: `k${index}`, _rev }, { isRestore: true });
    expect(server.keys()).toEqual(['k3', 'k1', 'k5', 'k4', 'k0', 'k2']);
  });
});
