import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type EmbeddedDeployment, startEmbedded } from '../../../../src/adapters/embedded/index.ts';
import { Client, failureOf } from './client.ts';

for (const mode of ['single', 'cluster'] as const) {
  describe(`documents, ${mode} (reference 4.1–4.4)`, () => {
    let deployment: EmbeddedDeployment;
    let client: Client;

    beforeAll(async () => {
      deployment = await startEmbedded({ mode });
      client = new Client(deployment.endpoints[0] as string);
    });
    afterAll(() => deployment.stop());

    beforeEach(async () => {
      for (const name of ['c', 'sync', 'e']) await client.delete(`/_api/collection/${name}`);
      await client.post('/_api/collection', { name: 'c', numberOfShards: 3, replicationFactor: 2 });
      await client.post('/_api/collection', { name: 'sync', waitForSync: true });
      await client.post('/_api/collection', { name: 'e', type: 3, numberOfShards: 3 });
    });

    test('bytes come back as they were sent: numbers, escapes, order', async () => {
      const rest = '"z":1.0,"a":1e400,"big":18446744073709551615,"deep":{"é":"\\u00e9"},"f":0.1000000000000000055';
      await client.call('POST', '/_api/document/c', { text: `{ "_key" : "k" , ${rest} }` });
      const { text, json } = await client.get('/_api/document/c/k');
      expect(text).toBe(`{"_key":"k","_id":"c/k","_rev":"${json._rev}",${rest}}`);
    });

    test('201 when synced, else 202; removals 200 and 202', async () => {
      expect((await client.post('/_api/document/c', { _key: 'a' })).status).toBe(202);
      expect((await client.post('/_api/document/c?waitForSync=true', { _key: 'b' })).status).toBe(201);
      expect((await client.post('/_api/document/sync', { _key: 'a' })).status).toBe(201);
      expect((await client.put('/_api/document/sync/a', {})).status).toBe(201);
      expect((await client.delete('/_api/document/sync/a')).status).toBe(200);
      expect((await client.delete('/_api/document/c/a')).status).toBe(202);
    });

    test('a bulk whose items all failed is 202 even in a synced collection', async () => {
      const answer = await client.delete('/_api/document/sync', ['x', 'y']);
      expect(answer.status).toBe(202);
      expect(answer.headers['x-arango-error-codes']).toBe('{"1202":2}');
    });

    test('single writes tell etag and location, bulks neither', async () => {
      const key = "a%(b)'";
      const single = await client.post('/_api/document/c', { _key: key });
      expect(single.headers.etag).toBe(`"${single.json._rev}"`);
      expect(single.headers.location).toBe(`/_db/_system/_api/document/c/${encodeURIComponent(key)}`);
      expect((await client.get(single.headers.location as string)).json._key).toBe(key);
      const bulk = await client.post('/_api/document/c', [{}]);
      expect([bulk.headers.etag, bulk.headers.location]).toEqual([undefined, undefined]);
    });

    test('a bulk answers in the order of the request, failures in place', async () => {
      const keys = Array.from({ length: 50 }, (_, index) => `k${index}`);
      const items = keys.map((key) => ({ _key: key, v: key }));
      const answer = await client.post('/_api/document/c', [...items, { _key: 'k7' }, { _key: 5 }, 'text']);
      expect(answer.list.slice(0, 50).map(({ _key }) => _key)).toEqual(keys);
      expect(answer.list.slice(50).map(({ errorNum }) => errorNum)).toEqual([1210, 1221, 1227]);
      expect(Object.keys(answer.list[50] as object)).toEqual(['error', 'errorNum', 'errorMessage']);
      expect(JSON.parse(answer.headers['x-arango-error-codes'] as string)).toEqual({ 1210: 1, 1221: 1, 1227: 1 });
    });

    test('bulk reads keep the order, with errors in place', async () => {
      await client.post('/_api/document/c', [{ _key: 'a' }, { _key: 'b' }]);
      const { list, status, headers } = await client.put('/_api/document/c?onlyget=true', [
        'b',
        'x',
        { _key: 'a' },
        'c/b',
        1,
      ]);
      expect(status).toBe(200);
      expect(list.map((item) => item._key ?? item.errorNum)).toEqual(['b', 1202, 'a', 'b', 1227]);
      expect(headers['x-arango-error-codes']).toBe('{"1202":1,"1227":1}');
    });

    test('bulk reads with revisions', async () => {
      const { _rev } = (await client.post('/_api/document/c', { _key: 'a' })).json;
      const path = '/_api/document/c?onlyget=true&ignoreRevs=false';
      const wanted = [
        { _key: 'a', _rev: _rev as string },
        { _key: 'a', _rev: 'other' },
      ];
      expect((await client.put(path, wanted)).list.map((item) => item.errorNum ?? 0)).toEqual([0, 1200]);
      expect((await client.put(path, [])).list).toEqual([]);
    });

    test('a silent bulk tells only errors, {} without any', async () => {
      expect((await client.post('/_api/document/c?silent=true', [{ _key: 'a' }])).json).toEqual({});
      const again = await client.post('/_api/document/c?silent=true', [{ _key: 'a' }, { _key: 'b' }]);
      expect(again.list.map(({ errorNum }) => errorNum)).toEqual([1210]);
      const single = await client.post('/_api/document/c?silent=true', { _key: 'z' });
      expect([single.text, single.headers.etag]).toEqual(['{}', undefined]);
    });

    test('if-match: 412/1200 with the stored revision, else done', async () => {
      const { _rev: stored } = (await client.post('/_api/document/c', { _key: 'a' })).json;
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
        const body = method === 'GET' || method === 'DELETE' ? {} : { body: { x: 1 } };
        const answer = await client.call(method, '/_api/document/c/a', {
          ...body,
          headers: { 'if-match': '"_other"' },
        });
        expect(failureOf(answer), method).toEqual([412, 1200]);
        expect(Object.keys(answer.json)).toEqual(['error', 'code', 'errorNum', 'errorMessage', '_id', '_key', '_rev']);
        expect(answer.json._rev).toBe(stored);
        expect(answer.headers.etag).toBe(`"${stored}"`);
      }
      const fine = await client.delete('/_api/document/c/a', undefined, { headers: { 'if-match': `"${stored}"` } });
      expect(fine.status).toBe(202);
    });

    test('if-none-match: 304 without a body', async () => {
      const { headers } = await client.post('/_api/document/c', { _key: 'a' });
      const answer = await client.get('/_api/document/c/a', { headers: { 'if-none-match': headers.etag as string } });
      expect([answer.status, answer.text, answer.headers.etag]).toEqual([304, '', headers.etag]);
      expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    });

    test('ignoreRevs=false demands the revision of the body', async () => {
      await client.post('/_api/document/c', { _key: 'a' });
      expect(failureOf(await client.put('/_api/document/c/a?ignoreRevs=false', { _rev: '_x' }))).toEqual([412, 1200]);
      expect((await client.put('/_api/document/c/a', { _rev: '_x' })).status).toBe(202);
    });

    test('overwriteMode: conflict, ignore, replace, update', async () => {
      const first = (await client.post('/_api/document/c', { _key: 'a', x: 1 })).json;
      expect(failureOf(await client.post('/_api/document/c', { _key: 'a' }))).toEqual([409, 1210]);
      const ignored = (await client.post('/_api/document/c?overwriteMode=ignore', { _key: 'a', y: 1 })).json;
      expect(ignored).toEqual({ _id: 'c/a', _key: 'a', _rev: first._rev });
      const updated = (
        await client.post('/_api/document/c?overwriteMode=update&returnNew=true&returnOld=true', { _key: 'a', y: 2 })
      ).json;
      expect(updated._oldRev).toBe(first._rev);
      expect(updated.new).toMatchObject({ x: 1, y: 2 });
      expect(updated.old).toMatchObject({ x: 1 });
      const replaced = (await client.post('/_api/document/c?overwrite=true&returnNew=true', { _key: 'a', z: 3 })).json;
      expect(Object.keys(replaced.new as object)).toEqual(['_key', '_id', '_rev', 'z']);
    });

    test('isRestore keeps key and revision on every kind of write', async () => {
      const rev = '_kEJrpFq--_';
      const path = '/_api/document/c?isRestore=true&overwriteMode=replace';
      expect((await client.post(path, [{ _key: 'a', _rev: rev, n: 1 }])).list[0]?._rev).toBe(rev);
      expect((await client.get('/_api/document/c/a')).json).toMatchObject({ _rev: rev, n: 1 });
      const next = '_kEJrpFq--A';
      expect((await client.post(path, { _key: 'a', _rev: next })).json).toMatchObject({ _rev: next, _oldRev: rev });
    });

    test('PATCH merges deep, keepNull and mergeObjects as asked', async () => {
      await client.post('/_api/document/c', { _key: 'a', o: { x: 1, y: 2 }, n: 1 });
      await client.patch('/_api/document/c/a?keepNull=false', { o: { y: null, z: 3 }, n: null });
      expect((await client.get('/_api/document/c/a')).text).toMatch(/,"o":\{"x":1,"z":3\}\}$/);
      await client.patch('/_api/document/c/a?mergeObjects=false', { o: { q: null } });
      expect((await client.get('/_api/document/c/a')).text).toMatch(/,"o":\{"q":null\}\}$/);
    });

    test('edges need both ends', async () => {
      expect(failureOf(await client.post('/_api/document/e', { _from: 'c/a' }))).toEqual([400, 1233]);
      const edge = await client.post('/_api/document/e?returnNew=true', { b: 1, _to: 'c/b', _from: 'c/a' });
      expect(Object.keys(edge.json.new as object)).toEqual(['_key', '_id', '_from', '_to', '_rev', 'b']);
    });

    test('bodies of a wrong kind', async () => {
      expect(failureOf(await client.post('/_api/document/c', 'text'))).toEqual([400, 1227]);
      expect(failureOf(await client.put('/_api/document/c/a', [{}]))).toEqual([400, 1227]);
      expect(failureOf(await client.put('/_api/document/c', { _key: 'a' }))).toEqual([400, 1227]);
      expect(failureOf(await client.post('/_api/document/c', { _key: 'a b' }))).toEqual([400, 1221]);
      expect((await client.post('/_api/document/c', [])).text).toBe('[]');
      expect(failureOf(await client.post('/_api/document/none', {}))).toEqual([404, 1203]);
      expect(failureOf(await client.post('/_api/document', {}))).toEqual([400, 1204]);
    });

    test('the older form names the collection in the query', async () => {
      const { _key } = (await client.post('/_api/document?collection=c', { n: 1 })).json;
      const answer = await client.patch('/_api/document?collection=c', [{ _key: _key as string, n: 2 }]);
      expect(answer.list[0]).toMatchObject({ _key });
    });

    test('generated keys rise and are decimal', async () => {
      const { list } = await client.post('/_api/document/c', [{}, {}, {}]);
      const keys = list.map(({ _key }) => Number(_key));
      expect(keys).toEqual([...keys].sort((left, right) => left - right));
      expect(new Set(keys).size).toBe(3);
    });

    test('HEAD of a document tells etag and length', async () => {
      await client.post('/_api/document/c', { _key: 'a', x: 1 });
      const { text, headers } = await client.get('/_api/document/c/a');
      const head = await client.call('HEAD', '/_api/document/c/a');
      expect([head.headers['content-length'], head.headers.etag]).toEqual([String(text.length), headers.etag]);
    });
  });
}
