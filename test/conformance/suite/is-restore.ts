import { expect } from 'vitest';
import { expectRefusal } from '../answer.ts';
import type { Target } from '../target.ts';

/** Reference 4.4. Revisions given here are of 2023 and differ from each other, as they must within a shard. */
export function defineIsRestore(target: Target): void {
  const { check } = target;
  const [A, B, C] = ['_g69jY-----', '_g69jY----D', '_g69jY----E'] as const;
  const restore = (collection: string, body: unknown, query = '') =>
    target.ask(`POST /_api/document/${collection}?isRestore=true${query}`, body);
  const read = (collection: string, key: string) => target.ask(`GET /_api/document/${collection}/${key}`);

  check('4.4: an insert keeps the given _rev', async () => {
    const name = await target.collection();
    expect((await restore(name, { _key: 'k', _rev: A })).at('_rev')).toBe(A);
    expect((await read(name, 'k')).at('_rev')).toBe(A);
  });

  check('4.4: overwriteMode=replace sets the given _rev on the replaced document', async () => {
    const name = await target.collection();
    await restore(name, { _key: 'k', _rev: A });
    const answer = await restore(name, { _key: 'k', _rev: B, x: 1 }, '&overwriteMode=replace');
    expect([answer.at('_rev'), answer.at('_oldRev')]).toEqual([B, A]);
    expect((await read(name, 'k')).body).toMatchObject({ _rev: B, x: 1 });
  });

  check('4.4: PUT and PATCH keep the given _rev too', async () => {
    const name = await target.collection();
    await restore(name, { _key: 'k', _rev: A });
    await target.ask(`PUT /_api/document/${name}/k?isRestore=true`, { _rev: B });
    expect((await read(name, 'k')).at('_rev')).toBe(B);
    await target.ask(`PATCH /_api/document/${name}/k?isRestore=true`, { _rev: C, x: 1 });
    expect((await read(name, 'k')).at('_rev')).toBe(C);
  });

  check('4.4: an empty patch with isRestore is written', async () => {
    const name = await target.collection();
    await restore(name, { _key: 'k', _rev: A });
    await target.ask(`PATCH /_api/document/${name}/k?isRestore=true`, { _rev: B });
    expect((await read(name, 'k')).at('_rev')).toBe(B);
  });

  check('4.4: a missing _rev, or one that is no text, becomes a fresh revision', async () => {
    const name = await target.collection();
    const { list } = await restore(name, [{ _key: 'a' }, { _key: 'b', _rev: 1 }]);
    for (const item of list) expect(item).toMatchObject({ _rev: expect.stringMatching(/^_.{10}$/) });
  });

  check('4.4: a _key is accepted where allowUserKeys is false', async () => {
    const name = await target.collection({ keyOptions: { allowUserKeys: false, type: 'traditional' } });
    expect((await restore(name, { _key: 'k', _rev: A })).status).toBe(202);
  });

  check('4.4: there is no schema validation', async () => {
    const rule = { properties: { n: { type: 'number' } }, required: ['n'] };
    const name = await target.collection({ schema: { rule, level: 'strict', message: 'no n' } });
    expect((await restore(name, { _key: 'k', _rev: A })).status).toBe(202);
  });

  check("4.4: the collection's waitForSync is not honoured, the request's is", async () => {
    const name = await target.collection({ waitForSync: true });
    expect((await restore(name, { _key: 'a', _rev: A })).status).toBe(202);
    expect((await restore(name, { _key: 'b', _rev: B }, '&waitForSync=true')).status).toBe(201);
  });

  check('4.4: computed values are not evaluated', async () => {
    const computedValues = [{ name: 'made', expression: "RETURN 'x'", overwrite: true, computeOn: ['insert'] }];
    const name = await target.collection({ computedValues });
    await restore(name, { _key: 'k', _rev: A });
    expect((await read(name, 'k')).body).not.toHaveProperty('made');
  });

  check('4.4: unique indexes hold', async () => {
    const name = await target.collection();
    await target.ask(`POST /_api/index?collection=${name}`, { type: 'persistent', fields: ['a'], unique: true });
    await restore(name, { _key: 'a', _rev: A, a: 1 });
    expectRefusal(await restore(name, { _key: 'b', _rev: B, a: 1 }), 409, 1210);
  });

  check('4.4: a bulk keeps every given _rev, and is idempotent with overwriteMode=replace', async () => {
    const name = await target.collection();
    const documents = [
      { _key: 'a', _rev: A },
      { _key: 'b', _rev: B },
      { _key: 'c', _rev: C },
    ];
    for (let time = 0; time < 2; time += 1) {
      const answer = await restore(name, documents, '&overwriteMode=replace');
      expect(answer.list).toMatchObject(documents);
    }
    expect((await target.ask(`GET /_api/collection/${name}/count`)).at('count')).toBe(3);
  });

  check('7.5: overwriteMode=replace with silent answers only errors', async () => {
    const name = await target.collection();
    const answer = await restore(name, [{ _key: 'a', _rev: A }], '&overwriteMode=replace&silent=true');
    expect(answer.status).toBe(202);
    expect([{}, []]).toContainEqual(answer.body);
  });

  check('4.4: a removal and a fresh insert of the same key follow restored ones', async () => {
    const name = await target.collection();
    await restore(name, { _key: 'k', _rev: A });
    expect((await target.ask(`DELETE /_api/document/${name}/k`)).at('_rev')).toBe(A);
    expect((await restore(name, { _key: 'k', _rev: B })).at('_rev')).toBe(B);
  });

  if (target.isCluster) {
    check('4.4: a _key is accepted in a collection not sharded by _key, where it is 400/1466 otherwise', async () => {
      const name = await target.collection({ numberOfShards: 3, shardKeys: ['s'] });
      expectRefusal(await target.ask(`POST /_api/document/${name}`, { _key: 'k', s: 1 }), 400, 1466);
      expect((await restore(name, { _key: 'k', s: 1, _rev: A })).at('_rev')).toBe(A);
    });
  }

  if (target.canMisbehave !== undefined) {
    check('4.4: a second document with the same revision in one shard fails loudly', async () => {
      const name = await target.collection();
      await restore(name, { _key: 'a', _rev: A });
      expectRefusal(await restore(name, { _key: 'b', _rev: A }), 500, 18);
      expectRefusal(await read(name, 'b'), 404, 1202);
    });
  }
}
