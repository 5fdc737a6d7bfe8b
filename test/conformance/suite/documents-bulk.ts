import { expect } from 'vitest';
import type { Target } from '../target.ts';

/** Reference 4.1–4.3 for calls of many documents. */
export function defineDocumentsBulk(target: Target): void {
  const { check } = target;
  const made = () => target.collection(target.isCluster ? { numberOfShards: 3 } : {});
  const errors = (answer: { header(name: string): string }) => JSON.parse(answer.header('x-arango-error-codes'));

  check('4.3: a bulk answers in the order of the request, without etag and location', async () => {
    const name = await made();
    const keys = Array.from({ length: 20 }, (_, index) => `k${(index * 7) % 20}`);
    const answer = await target.ask(
      `POST /_api/document/${name}`,
      keys.map((_key) => ({ _key })),
    );
    expect(answer.status).toBe(202);
    expect(answer.list).toMatchObject(keys.map((_key) => ({ _key, _id: `${name}/${_key}` })));
    expect([answer.header('etag'), answer.header('location')]).toEqual(['', '']);
  });

  check('4.3: a bulk with failures keeps 202, 201 with waitForSync, and counts them', async () => {
    const name = await made();
    await target.ask(`POST /_api/document/${name}`, { _key: 'a' });
    const plain = await target.ask(`POST /_api/document/${name}`, [{ _key: 'a' }, { _key: 'b' }, { _key: '/' }]);
    expect([plain.status, errors(plain)]).toEqual([202, { 1210: 1, 1221: 1 }]);
    const synced = await target.ask(`POST /_api/document/${name}?waitForSync=true`, [{ _key: 'a' }, { _key: 'c' }]);
    expect([synced.status, errors(synced)]).toEqual([201, { 1210: 1 }]);
  });

  check('4.3: a bulk whose items all failed is 202 with x-arango-error-codes', async () => {
    const name = await target.collection({ waitForSync: true });
    await target.ask(`POST /_api/document/${name}`, { _key: 'a' });
    const answer = await target.ask(`POST /_api/document/${name}`, [{ _key: 'a' }, { _key: 'a' }]);
    expect([answer.status, errors(answer)]).toEqual([202, { 1210: 2 }]);
  });

  check('4.3: a failed item carries error, errorNum and errorMessage only', async () => {
    const name = await made();
    const { list } = await target.ask(`POST /_api/document/${name}`, [{ _key: 'a' }, { _key: 'a' }]);
    expect(list).toEqual([
      { _id: `${name}/a`, _key: 'a', _rev: expect.any(String) },
      { error: true, errorNum: 1210, errorMessage: expect.any(String) },
    ]);
  });

  check('4.3: an empty bulk answers an empty list', async () => {
    const answer = await target.ask(`POST /_api/document/${await made()}`, []);
    expect([201, 202]).toContain(answer.status);
    expect(answer.body).toEqual([]);
  });

  check('4.3: items of an insert: no object 1227, a key that is no text 1221', async () => {
    const { list } = await target.ask(`POST /_api/document/${await made()}`, [1, { _key: 1 }, 'x', {}]);
    expect(list).toMatchObject([
      { errorNum: 1227 },
      { errorNum: 1221 },
      { errorNum: 1227 },
      { _key: expect.any(String) },
    ]);
  });

  check('4.3: items of an update: without a key 1205, of an unknown one 1202, with an empty one 1221', async () => {
    const name = await made();
    await target.ask(`POST /_api/document/${name}`, { _key: 'a' });
    const items = [{ x: 1 }, { _key: 'none' }, { _key: '' }, { _key: 'a', x: 1 }];
    for (const method of ['PUT', 'PATCH']) {
      const { list } = await target.ask(`${method} /_api/document/${name}`, items);
      expect(list).toMatchObject([{ errorNum: 1205 }, { errorNum: 1202 }, { errorNum: 1221 }, { _key: 'a' }]);
    }
  });

  check('4.1: bulk replace and update find documents by _key or _id', async () => {
    const name = await made();
    await target.ask(`POST /_api/document/${name}`, [
      { _key: 'a', x: 1 },
      { _key: 'b', x: 1 },
    ]);
    const patched = await target.ask(`PATCH /_api/document/${name}`, [
      { _key: 'a', y: 2 },
      { _id: `${name}/b`, y: 2 },
    ]);
    expect(patched.list).toMatchObject([
      { _key: 'a', _oldRev: expect.any(String) },
      { _key: 'b', _oldRev: expect.any(String) },
    ]);
    expect((await target.ask(`GET /_api/document/${name}/b`)).body).toMatchObject({ x: 1, y: 2 });
  });

  check('4.1: a bulk removal takes keys, ids and objects', async () => {
    const name = await made();
    await target.ask(`POST /_api/document/${name}`, [{ _key: 'a' }, { _key: 'b' }, { _key: 'c' }]);
    const items = ['a', `${name}/b`, { _key: 'c' }, 'none'];
    const answer = await target.ask(`DELETE /_api/document/${name}`, items);
    expect(answer.status).toBe(202);
    expect(answer.list).toMatchObject([{ _key: 'a' }, { _key: 'b' }, { _key: 'c' }, { errorNum: 1202 }]);
    expect(errors(answer)).toEqual({ 1202: 1 });
  });

  check('4.3: a text item of a removal is cut at its last slash', async () => {
    const name = await made();
    await target.ask(`POST /_api/document/${name}`, { _key: '2' });
    expect((await target.ask(`DELETE /_api/document/${name}`, ['other/2'])).list).toMatchObject([{ _key: '2' }]);
  });

  check('4.2: ignoreRevs=false removes only the revision named', async () => {
    const name = await made();
    const rev = (await target.ask(`POST /_api/document/${name}`, { _key: 'a' })).textAt('_rev');
    const path = `DELETE /_api/document/${name}?ignoreRevs=false`;
    const wrong = await target.ask(path, [{ _key: 'a', _rev: '_g69jY-----' }]);
    expect([wrong.list, errors(wrong)]).toMatchObject([[{ error: true, errorNum: 1200 }], { 1200: 1 }]);
    expect((await target.ask(path, [{ _key: 'a', _rev: rev }])).list).toMatchObject([{ _rev: rev }]);
  });

  check('4.2: silent answers {} when all went well, else the errors only', async () => {
    const name = await made();
    const good = await target.ask(`POST /_api/document/${name}?silent=true`, [{ _key: 'a' }, { _key: 'b' }]);
    expect([{}, []]).toContainEqual(good.body);
    const bad = await target.ask(`POST /_api/document/${name}?silent=true`, [{ _key: 'c' }, { _key: 'a' }]);
    expect(bad.list).toMatchObject([{ error: true, errorNum: 1210 }]);
    expect(errors(bad)).toEqual({ 1210: 1 });
  });

  check('4.1: onlyget reads in order with errors in place', async () => {
    const name = await made();
    await target.ask(`POST /_api/document/${name}`, [
      { _key: 'a', x: 1 },
      { _key: 'b', x: 2 },
    ]);
    const answer = await target.ask(`PUT /_api/document/${name}?onlyget=true`, [
      'b',
      'none',
      { _key: 'a' },
      `${name}/b`,
    ]);
    expect(answer.status).toBe(200);
    expect(answer.list).toMatchObject([{ x: 2 }, { error: true, errorNum: 1202 }, { x: 1 }, { x: 2 }]);
  });

  check('4.1: onlyget writes nothing', async () => {
    const name = await made();
    const rev = (await target.ask(`POST /_api/document/${name}`, { _key: 'a' })).textAt('_rev');
    await target.ask(`PUT /_api/document/${name}?onlyget=true`, [{ _key: 'a', x: 1 }]);
    expect((await target.ask(`GET /_api/document/${name}/a`)).at('_rev')).toBe(rev);
  });

  check('9.4: items of a bulk happen in order, the same key twice included', async () => {
    const name = await made();
    await target.ask(`POST /_api/document/${name}?overwriteMode=replace`, [
      { _key: 'a', x: 1 },
      { _key: 'a', x: 2 },
    ]);
    expect((await target.ask(`GET /_api/document/${name}/a`)).at('x')).toBe(2);
    const { list } = await target.ask(`DELETE /_api/document/${name}`, ['a', 'a']);
    expect(list).toMatchObject([{ _key: 'a' }, { errorNum: 1202 }]);
  });

  check('4.5: items that fail leave the others of the bulk stored', async () => {
    const name = await made();
    const items = Array.from({ length: 30 }, (_, index) => ({ _key: index % 3 === 0 ? 'same' : `k${index}` }));
    const answer = await target.ask(`POST /_api/document/${name}`, items);
    expect(errors(answer)).toEqual({ 1210: 9 });
    expect((await target.ask(`GET /_api/collection/${name}/count`)).at('count')).toBe(21);
  });

  check('4.1: the older form names the collection in the query', async () => {
    const name = await made();
    const answer = await target.ask(`POST /_api/document?collection=${name}`, { _key: 'a' });
    expect([answer.status, answer.at('_id')]).toEqual([202, `${name}/a`]);
  });
}
