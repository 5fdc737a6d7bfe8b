import { expect } from 'vitest';
import { expectRefusal } from '../answer.ts';
import { decodeRevision } from '../revision-text.ts';
import type { Target } from '../target.ts';

/** Reference 4.1–4.3 for calls of one document. */
export function defineDocumentsSingle(target: Target): void {
  const { check } = target;
  const insert = (collection: string, body: unknown, query = '') =>
    target.ask(`POST /_api/document/${collection}${query}`, body);

  check('4.3: an insert is 202, and 201 with waitForSync', async () => {
    const name = await target.collection();
    expect((await insert(name, {})).status).toBe(202);
    expect((await insert(name, {}, '?waitForSync=true')).status).toBe(201);
  });

  check('4.3: an insert into a waitForSync collection is 201', async () => {
    expect((await insert(await target.collection({ waitForSync: true }), {})).status).toBe(201);
  });

  check('4.3: replace and update are 202, and 201 with waitForSync', async () => {
    const name = await target.collection();
    await insert(name, { _key: 'k' });
    for (const method of ['PUT', 'PATCH']) {
      const path = `/_api/document/${name}/k`;
      expect((await target.ask(`${method} ${path}`, { a: 1 })).status).toBe(202);
      expect((await target.ask(`${method} ${path}?waitForSync=true`, { a: 2 })).status).toBe(201);
    }
  });

  check('4.3: a removal is 202, and 200 with waitForSync', async () => {
    const name = await target.collection();
    await insert(name, [{ _key: 'a' }, { _key: 'b' }]);
    expect((await target.ask(`DELETE /_api/document/${name}/a`)).status).toBe(202);
    expect((await target.ask(`DELETE /_api/document/${name}/b?waitForSync=true`)).status).toBe(200);
  });

  check('4.3: a write answers _id, _key and _rev in this order, etag and location', async () => {
    const name = await target.collection();
    const answer = await insert(name, { _key: 'k' });
    expect(Object.keys(answer.body as object)).toEqual(['_id', '_key', '_rev']);
    expect(answer.body).toMatchObject({ _id: `${name}/k`, _key: 'k' });
    expect(answer.header('etag')).toBe(`"${answer.textAt('_rev')}"`);
    expect(answer.header('location')).toBe(`/_db/_system/_api/document/${name}/k`);
  });

  check('4.3: a removal answers the removed _rev, etag and location', async () => {
    const name = await target.collection();
    const rev = (await insert(name, { _key: 'k' })).textAt('_rev');
    const answer = await target.ask(`DELETE /_api/document/${name}/k`);
    expect(answer.body).toEqual({ _id: `${name}/k`, _key: 'k', _rev: rev });
    expect([answer.header('etag'), answer.header('location')]).toEqual([
      `"${rev}"`,
      `/_db/_system/_api/document/${name}/k`,
    ]);
  });

  check('4.3: a read has the etag and no location', async () => {
    const name = await target.collection();
    const rev = (await insert(name, { _key: 'k' })).textAt('_rev');
    const answer = await target.ask(`GET /_api/document/${name}/k`);
    expect([answer.status, answer.header('etag'), answer.header('location')]).toEqual([200, `"${rev}"`, '']);
  });

  check('4.3: documents come as _key, _id, _rev, then as given', async () => {
    const name = await target.collection();
    await insert(name, { z: 1, _key: 'k', a: { y: 1, b: 2 } });
    const { body } = await target.ask(`GET /_api/document/${name}/k`);
    expect(Object.keys(body as object)).toEqual(['_key', '_id', '_rev', 'z', 'a']);
  });

  check('4.3: edges come as _key, _id, _from, _to, _rev', async () => {
    const name = await target.collection({ type: 3 });
    await insert(name, { w: 1, _to: 'v/2', _from: 'v/1', _key: 'k' });
    const { body } = await target.ask(`GET /_api/document/${name}/k`);
    expect(Object.keys(body as object)).toEqual(['_key', '_id', '_from', '_to', '_rev', 'w']);
  });

  check('4.1: HEAD of a document is 200 without a body, 404 without a document', async () => {
    const name = await target.collection();
    await insert(name, { _key: 'k' });
    const head = await target.ask(`HEAD /_api/document/${name}/k`);
    expect([head.status, head.text]).toEqual([200, '']);
    expect((await target.ask(`HEAD /_api/document/${name}/x`)).status).toBe(404);
  });

  check('4.1: if-none-match of the stored revision is 304 with the etag', async () => {
    const name = await target.collection();
    const etag = (await insert(name, { _key: 'k' })).header('etag');
    const answer = await target.ask(`GET /_api/document/${name}/k`, undefined, { 'if-none-match': etag });
    expect([answer.status, answer.text, answer.header('etag')]).toEqual([304, '', etag]);
  });

  for (const [method, body] of [
    ['GET', undefined],
    ['PUT', { a: 1 }],
    ['PATCH', { a: 1 }],
    ['DELETE', undefined],
  ] as const) {
    check(`4.3: ${method} with if-match of another revision is 412/1200 and tells the stored one`, async () => {
      const name = await target.collection();
      const rev = (await insert(name, { _key: 'k' })).textAt('_rev');
      const call = `${method} /_api/document/${name}/k`;
      const answer = await target.ask(call, body, { 'if-match': '"_g69jY-----"' });
      expectRefusal(answer, 412, 1200);
      expect(answer.body).toMatchObject({ _id: `${name}/k`, _key: 'k', _rev: rev });
      expect(answer.header('etag')).toBe(`"${rev}"`);
      expect((await target.ask(call, body, { 'if-match': `"${rev}"` })).status).toBeLessThan(300);
    });
  }

  for (const method of ['PUT', 'PATCH']) {
    check(`4.3: ${method} with ignoreRevs=false and another _rev in the body is 412/1200`, async () => {
      const name = await target.collection();
      await insert(name, { _key: 'k' });
      const path = `/_api/document/${name}/k`;
      expectRefusal(await target.ask(`${method} ${path}?ignoreRevs=false`, { _rev: '_g69jY-----' }), 412, 1200);
      expect((await target.ask(`${method} ${path}`, { _rev: '_g69jY-----', a: 1 })).status).toBe(202);
    });
  }

  check('4.3: an unknown key is 404/1202', async () => {
    const name = await target.collection();
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      const body = method.startsWith('P') ? {} : undefined;
      expectRefusal(await target.ask(`${method} /_api/document/${name}/no-such`, body), 404, 1202);
    }
  });

  check('4.3: an unknown collection is 404/1203', async () => {
    expectRefusal(await insert('no_such', {}), 404, 1203);
    expectRefusal(await insert('no_such', [{}]), 404, 1203);
  });

  check('4.3: a body that is neither object nor array is 400/1227', async () => {
    expectRefusal(await insert(await target.collection(), 'text'), 400, 1227);
  });

  check('4.3: a malformed key is 400/1221', async () => {
    const name = await target.collection();
    for (const _key of [1, '', 'a/b', 'a b', 'k'.repeat(255)]) expectRefusal(await insert(name, { _key }), 400, 1221);
  });

  check('4.1: a key of all allowed characters is kept', async () => {
    const name = await target.collection();
    const key = "aZ09_-:.@()+,=;$!*'%";
    expect((await insert(name, { _key: key })).at('_key')).toBe(key);
    expect((await target.ask(`GET /_api/document/${name}/${encodeURIComponent(key)}`)).at('_key')).toBe(key);
  });

  check('4.3: an edge without _from and _to is 400/1233', async () => {
    expectRefusal(await insert(await target.collection({ type: 3 }), { a: 1 }), 400, 1233);
  });

  check('4.3: a key given where allowUserKeys is false is 400/1222', async () => {
    const name = await target.collection({ keyOptions: { allowUserKeys: false, type: 'traditional' } });
    expectRefusal(await insert(name, { _key: 'k' }), 400, 1222);
    expect((await insert(name, {})).status).toBe(202);
  });

  check('4.3: _from and _to are dropped in a document collection', async () => {
    const name = await target.collection();
    await insert(name, { _key: 'k', _from: 'a/b', _to: 'c/d' });
    expect((await target.ask(`GET /_api/document/${name}/k`)).body).not.toHaveProperty('_from');
  });

  check('4.3: _rev and _id in the body of an insert are ignored', async () => {
    const name = await target.collection();
    const answer = await insert(name, { _key: 'k', _id: 'other/x', _rev: '_g69jY-----' });
    expect(answer.at('_id')).toBe(`${name}/k`);
    expect(answer.at('_rev')).not.toBe('_g69jY-----');
  });

  check('1.4: an insert of an existing key is 409/1210 and names the key', async () => {
    const name = await target.collection();
    await insert(name, { _key: 'k' });
    const answer = await insert(name, { _key: 'k' });
    expectRefusal(answer, 409, 1210);
    expect(answer.textAt('errorMessage')).toContain('conflicting key: k');
  });

  check('4.2: overwriteMode ignore keeps the document and answers its revision', async () => {
    const name = await target.collection();
    const rev = (await insert(name, { _key: 'k', a: 1 })).textAt('_rev');
    const answer = await insert(name, { _key: 'k', a: 2 }, '?overwriteMode=ignore');
    expect(answer.body).toEqual({ _id: `${name}/k`, _key: 'k', _rev: rev });
    expect((await target.ask(`GET /_api/document/${name}/k`)).at('a')).toBe(1);
  });

  check('4.2: overwriteMode replace and update answer _oldRev only where there was a document', async () => {
    const name = await target.collection();
    for (const mode of ['replace', 'update']) {
      const first = await insert(name, { _key: mode, a: 1 }, `?overwriteMode=${mode}`);
      const second = await insert(name, { _key: mode, b: 2 }, `?overwriteMode=${mode}`);
      expect(first.body).not.toHaveProperty('_oldRev');
      expect(second.at('_oldRev')).toBe(first.at('_rev'));
      const { body } = await target.ask(`GET /_api/document/${name}/${mode}`);
      expect(Object.hasOwn(body as object, 'a')).toBe(mode === 'update');
    }
  });

  check('4.2: overwrite=true replaces, and overwriteMode wins over it', async () => {
    const name = await target.collection();
    await insert(name, { _key: 'k' });
    expect((await insert(name, { _key: 'k' }, '?overwrite=true')).status).toBe(202);
    expectRefusal(await insert(name, { _key: 'k' }, '?overwrite=true&overwriteMode=conflict'), 409, 1210);
  });

  check('4.2: returnNew and returnOld add the documents', async () => {
    const name = await target.collection();
    expect((await insert(name, { _key: 'k', a: 1 }, '?returnNew=true')).at('new.a')).toBe(1);
    const patched = await target.ask(`PATCH /_api/document/${name}/k?returnNew=true&returnOld=true`, { a: 2 });
    expect([patched.at('old.a'), patched.at('new.a')]).toEqual([1, 2]);
    expect((await target.ask(`DELETE /_api/document/${name}/k?returnOld=true`)).at('old.a')).toBe(2);
  });

  check('4.2: silent answers {}', async () => {
    const answer = await insert(await target.collection(), {}, '?silent=true');
    expect([answer.status, answer.body]).toEqual([202, {}]);
  });

  check('4.2: keepNull=false removes what the patch says is null', async () => {
    const name = await target.collection();
    await insert(name, { _key: 'k', a: 1, b: null, c: 3 });
    await target.ask(`PATCH /_api/document/${name}/k?keepNull=false`, { a: null });
    const { body } = await target.ask(`GET /_api/document/${name}/k`);
    expect(body).toMatchObject({ b: null, c: 3 });
    expect(body).not.toHaveProperty('a');
  });

  check('4.2: mergeObjects merges deeply by default and replaces when false', async () => {
    const name = await target.collection();
    await insert(name, { _key: 'k', o: { a: 1 } });
    await target.ask(`PATCH /_api/document/${name}/k`, { o: { b: 2 } });
    expect((await target.ask(`GET /_api/document/${name}/k`)).at('o')).toEqual({ a: 1, b: 2 });
    await target.ask(`PATCH /_api/document/${name}/k?mergeObjects=false`, { o: { c: 3 } });
    expect((await target.ask(`GET /_api/document/${name}/k`)).at('o')).toEqual({ c: 3 });
  });

  check('4.2: versionAttribute lets only a larger version be written', async () => {
    const name = await target.collection();
    const rev = (await insert(name, { _key: 'k', v: 5 })).textAt('_rev');
    const older = await target.ask(`PUT /_api/document/${name}/k?versionAttribute=v`, { v: 5, a: 1 });
    expect([older.status, older.at('_rev'), older.at('_oldRev')]).toEqual([202, rev, rev]);
    const newer = await target.ask(`PUT /_api/document/${name}/k?versionAttribute=v`, { v: 6 });
    expect(newer.at('_rev')).not.toBe(rev);
  });

  check('4.2: booleans are understood in many words and any case', async () => {
    const name = await target.collection();
    for (const value of ['1', 'yes', 'on', 'y', 'True', 'TRUE']) {
      expect((await insert(name, {}, `?waitForSync=${value}`)).status).toBe(201);
    }
    for (const value of ['0', 'no', 'off', 'n', 'False']) {
      expect((await insert(name, {}, `?waitForSync=${value}`)).status).toBe(202);
    }
  });

  check('4.3: an empty patch keeps the revision, an equal one makes a new one', async () => {
    const name = await target.collection();
    const rev = (await insert(name, { _key: 'k', a: 1 })).textAt('_rev');
    expect((await target.ask(`PATCH /_api/document/${name}/k`, {})).at('_rev')).toBe(rev);
    expect((await target.ask(`PATCH /_api/document/${name}/k`, { a: 1 })).at('_rev')).not.toBe(rev);
  });

  if (target.appliesRules) {
    check('4.3: a document that breaks the schema is 400/1620', async () => {
      const rule = { properties: { n: { type: 'number' } }, required: ['n'] };
      const name = await target.collection({ schema: { rule, level: 'strict', message: 'no n' } });
      expectRefusal(await insert(name, { n: 'x' }), 400, 1620);
      expect((await insert(name, { n: 'x' }, '?skipDocumentValidation=true')).status).toBe(202);
    });
  }

  check('1.2: numbers beyond a double come back as they were', async () => {
    const name = await target.collection();
    const text = '{"_key":"k","min":-9223372036854775808,"max":18446744073709551615,"d":0.1,"e":1e300}';
    await target.request({ method: 'POST', path: `/_api/document/${name}`, text });
    const answer = await target.ask(`GET /_api/document/${name}/k`);
    expect(answer.text).toContain('"min":-9223372036854775808,"max":18446744073709551615,"d":0.1');
    expect(answer.at('e')).toBe(1e300);
  });

  check('5.8: revisions rise strictly on one server', async () => {
    const name = await target.collection();
    const { list } = await insert(name, Array(50).fill({}));
    const revisions = list.map((item) => decodeRevision((item as { _rev: string })._rev));
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => (a < b ? -1 : 1)));
  });
}
