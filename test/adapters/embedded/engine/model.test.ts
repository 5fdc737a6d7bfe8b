import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bodyOf, linesOf, TestServer } from './support.ts';

type Contents = Map<string, string>;

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');

const step = fc.oneof(
  fc.record({
    do: fc.constant('put' as const),
    keys: fc.array(key, { minLength: 1, maxLength: 8 }),
    wide: fc.nat(9000),
  }),
  fc.record({ do: fc.constant('remove' as const), keys: fc.array(key, { minLength: 1, maxLength: 4 }) }),
  fc.record({ do: fc.constant('restore' as const), key, revision: fc.bigInt({ min: 1n, max: 2n ** 61n }) }),
  fc.record({ do: fc.constant('transaction' as const), keys: fc.array(key, { maxLength: 6 }), commits: fc.boolean() }),
  fc.record({ do: fc.constant('truncate' as const) }),
  fc.record({ do: fc.constant('batch' as const) }),
  fc.record({ do: fc.constant('endBatch' as const) }),
  fc.record({ do: fc.constant('sync' as const) }),
  fc.record({ do: fc.constant('losePower' as const) }),
);

function contents(server: TestServer): Contents {
  return new Map(server.collectionC.versions().map((version) => [version.key, version.bytes().toString()]));
}

/** What a follower has that reads the whole log in small chunks with the client algorithm of 6.3. */
function replay(server: TestServer): { documents: Contents; markers: number } {
  const documents: Contents = new Map();
  let open: string | undefined;
  let markers = 0;
  let from = 0;
  let lastScanned = 1;
  for (;;) {
    const answer = server.tail({ from, lastScanned, chunkSize: 16384 });
    const texts = bodyOf(answer).split('\n');
    for (const [index, line] of linesOf(answer).entries()) {
      if (line.type === 2200) open = line.tid;
      if (line.type === 2201) {
        expect(line.tid).toBe(open);
        open = undefined;
      }
      if (line.type !== 2300 && line.type !== 2302) continue;
      markers++;
      expect(line.tid).toBe(open ?? '0');
      const lineKey = line.data?._key ?? '';
      if (line.type === 2302) documents.delete(lineKey);
      else documents.set(lineKey, /"data":(.*)\}$/.exec(texts[index] ?? '')?.[1] ?? '');
    }
    if (answer.lastIncluded === 0) break;
    from = answer.lastIncluded;
    ({ lastScanned } = answer);
  }
  expect(open).toBeUndefined();
  return { documents, markers };
}

test('documents, tree, snapshots, log and power loss agree with a model, whatever happens', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const server = new TestServer();
      const batches: { id: string; seen: Contents }[] = [];
      let durable: Contents = new Map();
      let expected: Contents = new Map();
      let serial = 0;
      for (const action of steps) {
        server.nowMs += serial % 3;
        serial++;
        if (action.do === 'put') {
          const documents = action.keys.map((each) => ({ _key: each, n: serial, wide: 'x'.repeat(action.wide) }));
          server.insert(documents, { overwriteMode: 'replace' });
          for (const each of action.keys) expected.set(each, server.text(each) ?? '');
        } else if (action.do === 'remove') {
          server.remove(action.keys);
          for (const each of action.keys) expected.delete(each);
        } else if (action.do === 'restore') {
          const [outcome] = server.insert(
            { _key: action.key, _rev: String(action.revision) },
            { isRestore: true, overwriteMode: 'replace' },
          );
          if (outcome?.ok) expected.set(action.key, server.text(action.key) ?? '');
        } else if (action.do === 'transaction') {
          const trx = server.engine.transactions.begin({
            id: `t${serial}`,
            database: '_system',
            read: [],
            write: ['c'],
            exclusive: [],
          });
          for (const each of action.keys)
            server.insert({ _key: each, inside: serial }, { trx, overwriteMode: 'replace' });
          server.remove(action.keys.slice(0, 1), { trx });
          expect(contents(server)).toEqual(expected);
          if (!action.commits) server.engine.transactions.abort(`t${serial}`);
          else {
            server.engine.transactions.commit(`t${serial}`);
            for (const each of action.keys) expected.set(each, server.text(each) ?? '');
            expected.delete(action.keys[0] ?? '');
          }
        } else if (action.do === 'truncate') {
          server.engine.truncate('_system', 'c');
          expected.clear();
        } else if (action.do === 'batch') {
          batches.push({ id: server.engine.createBatch(100).id, seen: new Map(expected) });
        } else if (action.do === 'endBatch') {
          const ended = batches.shift();
          if (ended !== undefined) server.engine.batches.delete(ended.id);
        } else if (action.do === 'sync') {
          server.engine.sync();
          durable = new Map(expected);
        } else {
          server.engine.losePower();
          expected = new Map(durable);
          batches.length = 0;
        }
        expect(contents(server)).toEqual(expected);
        expect(server.collectionC.tree.toJson(true)).toBe(server.collectionC.computeTree().toJson(true));
      }
      for (const { id, seen } of batches) {
        const batch = server.engine.batches.demand(id);
        const versions = batch.versions(server.collectionC);
        expect(new Map(versions.map((version) => [version.key, version.bytes().toString()]))).toEqual(seen);
        expect(batch.tree(server.collectionC).toJson(true)).toBe(batch.computeTree(server.collectionC).toJson(true));
      }
      expect(replay(server).documents).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});
