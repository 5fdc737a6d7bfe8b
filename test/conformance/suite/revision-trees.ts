import { expect } from 'vitest';
import { type Answer, expectRefusal } from '../answer.ts';
import type { Home, Target } from '../target.ts';
import { startBatch } from './batches-and-dump.ts';

/** Reference 5.8, at the server that stores the data. */
export function defineRevisionTrees(target: Target): void {
  if (!target.storageReachable) return;
  const { check } = target;
  const [A, B, C] = ['_g69jY-----', '_g69jY----D', '_kEJrpFq--_'] as const;

  async function restored(...revisions: readonly string[]): Promise<{ name: string; home: Home }> {
    const name = await target.collection();
    const documents = revisions.map((_rev, index) => ({ _key: `k${index}`, _rev }));
    if (documents.length > 0) await target.ask(`POST /_api/document/${name}?isRestore=true`, documents);
    return { name, home: await target.home(name) };
  }
  const tree = (home: Home, id: string, query = '&onlyPopulated=true') =>
    home.ask(`GET /_api/replication/revisions/tree?collection=${home.name}&batchId=${id}${query}`);
  const put = (home: Home, what: string, id: string, body: unknown, query = '') =>
    home.ask(`PUT /_api/replication/revisions/${what}?collection=${home.name}&batchId=${id}${query}`, body);

  check('5.8: an empty tree has no nodes and the first limits', async () => {
    const { home } = await restored();
    const answer = await tree(home, (await startBatch(target, home)).id);
    expect(answer.body).toEqual({
      version: 1,
      maxDepth: 6,
      rangeMax: '_bpq8a_----',
      rangeMin: '_bpq8a-----',
      initialRangeMin: '_bpq8a-----',
      count: 0,
      hash: 0,
      nodes: [],
    });
  });

  check('5.8: the tree of two revisions is the test vector, with hashes as 64-bit numbers', async () => {
    const { home } = await restored(A, B);
    const answer = await tree(home, (await startBatch(target, home)).id);
    expect(answer.body).toMatchObject({ rangeMax: '_jpq8a-----', rangeMin: '_bpq8a-----', count: 2 });
    expect(hashes(answer)).toEqual(['1725671806538101241', '1725671806538101241']);
    expect(answer.at('nodes')).toMatchObject([{ skip: 172692 }, { count: 2 }]);
  });

  check('5.8: the tree of three revisions doubles its width and skips between nodes', async () => {
    const { home } = await restored(A, B, C);
    const answer = await tree(home, (await startBatch(target, home)).id);
    expect(answer.body).toMatchObject({ rangeMax: '_rpq8a-----', count: 3 });
    expect(answer.at('nodes')).toMatchObject([{ skip: 86346 }, { count: 2 }, { skip: 51503 }, { count: 1 }]);
    expect(hashes(answer).sort()).toEqual(['14632920119662581969', '15915793704795482408', '1725671806538101241']);
  });

  check('5.8: the tree does not depend on the order of insertions', async () => {
    const [one, other] = [await restored(A, B, C), await restored(C, B, A)];
    const [first, second] = [await startBatch(target, one.home), await startBatch(target, other.home)];
    expect((await tree(one.home, first.id)).text).toBe((await tree(other.home, second.id)).text);
  });

  check('5.8: the tree is at the snapshot of its batch, not now', async () => {
    const { name, home } = await restored(A);
    const { id } = await startBatch(target, home);
    await target.ask(`POST /_api/document/${name}?isRestore=true`, { _key: 'later', _rev: B });
    expect((await tree(home, id)).at('count')).toBe(1);
    expect((await tree(home, (await startBatch(target, home)).id)).at('count')).toBe(2);
  });

  check('5.8: a removal takes the revision out and leaves the range', async () => {
    const { name, home } = await restored(A, B);
    await target.ask(`DELETE /_api/document/${name}`, ['k0', 'k1']);
    const answer = await tree(home, (await startBatch(target, home)).id);
    expect(answer.body).toMatchObject({ count: 0, hash: 0, rangeMax: '_jpq8a-----' });
  });

  check('5.8: without onlyPopulated there are 8^6 nodes', async () => {
    const { home } = await restored(A);
    const answer = await tree(home, (await startBatch(target, home)).id, '');
    const nodes = answer.at('nodes') as unknown[];
    expect([nodes.length, nodes[0]]).toEqual([262_144, { count: 0, hash: 0 }]);
  });

  check('5.8: verification tells that the computed tree equals the stored one', async () => {
    const { home } = await restored(A, B);
    const answer = await tree(home, (await startBatch(target, home)).id, '&onlyPopulated=true&verification=true');
    expect(answer.body).toMatchObject({ computed: { count: 2 }, stored: { count: 2 }, equal: true });
  });

  check('5.8: POST tree rebuilds it with 204', async () => {
    const { home } = await restored(A);
    const { id } = await startBatch(target, home);
    const path = `POST /_api/replication/revisions/tree?collection=${home.name}&batchId=${id}`;
    expect((await home.ask(path)).status).toBe(204);
  });

  check('5.8: a missing batch is 404/400, an unknown one fails, an unknown collection is 404/1203', async () => {
    const { home } = await restored(A);
    const { id } = await startBatch(target, home);
    const path = 'GET /_api/replication/revisions/tree';
    expectRefusal(await home.ask(`${path}?collection=${home.name}`), 404, 400);
    expectRefusal(await home.ask(`${path}?collection=${home.name}&batchId=123456789012`), 500, 4);
    expectRefusal(await home.ask(`${path}?collection=s999999999999&batchId=${id}`), 404, 1203);
  });

  check('5.8: ranges lists the revisions of closed intervals', async () => {
    const { home } = await restored(A, B, C);
    const { id } = await startBatch(target, home);
    const ranges = [
      [A, B],
      ['_kEJrpFq---', '_kEJrpFq--A'],
    ];
    const answer = await put(home, 'ranges', id, ranges, '&encodeAsHLC=true');
    expect([answer.status, answer.body]).toEqual([200, { ranges: [[A, B], [C]] }]);
  });

  check('5.8: ranges that are not sorted, overlap or are none are 400/400', async () => {
    const { home } = await restored(A);
    const { id } = await startBatch(target, home);
    for (const body of [
      {},
      [[B, A]],
      [
        [A, C],
        [A, B],
      ],
      [[A]],
      [[1, 2]],
    ]) {
      expectRefusal(await put(home, 'ranges', id, body), 400, 400);
    }
  });

  check('5.8: documents answers in order, {} where there is none', async () => {
    const { home } = await restored(A, B);
    const { id } = await startBatch(target, home);
    const answer = await put(home, 'documents', id, [B, '_g69jY----E', A], '&encodeAsHLC=true');
    expect(answer.status).toBe(200);
    expect(answer.list).toMatchObject([{ _key: 'k1', _rev: B }, {}, { _key: 'k0', _rev: A }]);
    expect(answer.list[1]).toEqual({});
  });

  check('5.8: ranges and documents are at the snapshot of their batch', async () => {
    const { name, home } = await restored(A);
    const { id } = await startBatch(target, home);
    await target.ask(`POST /_api/document/${name}?isRestore=true`, { _key: 'later', _rev: B });
    await target.ask(`DELETE /_api/document/${name}/k0`);
    expect((await put(home, 'ranges', id, [[A, B]], '&encodeAsHLC=true')).body).toEqual({ ranges: [[A]] });
    expect((await put(home, 'documents', id, [A, B])).list).toMatchObject([{ _key: 'k0' }, {}]);
  });
}

/** Every hash but zero, as text: they are larger than a JavaScript number. */
function hashes(answer: Answer): string[] {
  return [...answer.text.matchAll(/"hash":(\d+)/g)].map(([, hash = '']) => hash).filter((hash) => hash !== '0');
}
