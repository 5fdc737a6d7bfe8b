import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedDeployment, startEmbedded } from '../../../../src/adapters/embedded/index.ts';
import { Client, failureOf } from './client.ts';

let deployment: EmbeddedDeployment;
let client: Client;

beforeAll(async () => {
  deployment = await startEmbedded({ mode: 'single' });
  client = new Client(deployment.endpoints[0] as string);
});
afterAll(() => deployment.stop());

function names(result: unknown): string[] {
  return (result as { name: string }[]).map(({ name }) => name);
}

describe('system collections (reference 3.6)', () => {
  test('those of _system, with the ids of a 3.12 single server', async () => {
    const { result } = (await client.get('/_api/collection')).json;
    const ids = Object.fromEntries((result as { id: string; name: string }[]).map(({ id, name }) => [name, id]));
    expect(ids).toEqual({
      _users: '3',
      _statistics: '4',
      _statistics15: '5',
      _statisticsRaw: '6',
      _graphs: '7',
      _analyzers: '8',
      _aqlfunctions: '9',
      _queues: '10',
      _jobs: '11',
      _apps: '12',
      _appbundles: '13',
      _frontend: '14',
    });
  });

  test('those of another database, in consecutive ids', async () => {
    await client.post('/_api/database', { name: 'other' });
    const { result } = (await client.get('/_db/other/_api/collection')).json;
    const made = (result as { id: string; name: string }[]).sort((a, b) => Number(a.id) - Number(b.id));
    const first = Number(made[0]?.id);
    expect(made.map(({ id }) => Number(id) - first)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(names(made)).toEqual([
      '_graphs',
      '_analyzers',
      '_aqlfunctions',
      '_queues',
      '_jobs',
      '_apps',
      '_appbundles',
      '_frontend',
    ]);
  });
});

describe('creating (3.2)', () => {
  test('is 200 and tells the properties', async () => {
    const { status, json } = await client.post('/_api/collection', { name: 'made', type: 3, waitForSync: true });
    expect(status).toBe(200);
    expect(json).toMatchObject({ error: false, code: 200, name: 'made', type: 3, status: 3, waitForSync: true });
    expect(json.objectId).toBe(String(Number(json.id) + 1));
    expect(json.globallyUniqueId).toMatch(new RegExp(`^h[0-9A-F]+/${json.id}$`));
    expect(json).not.toHaveProperty('numberOfShards');
  });

  test.each([
    [{ name: 'made' }, 409, 1207],
    [{}, 400, 1208],
    [{ name: '_wrong' }, 400, 1208],
    [{ name: 'wrong', isSystem: true }, 400, 1208],
    [{ name: '1st' }, 400, 1208],
    [{ name: 'a/b' }, 400, 1208],
    [{ name: 'o\u0308' }, 400, 1208],
    [{ name: 'x'.repeat(257) }, 400, 1208],
    [{ name: 'x', schema: { rule: 1 } }, 400, 1621],
    [{ name: 'x', computedValues: {} }, 400, 10],
    [{ name: 'x', computedValues: [{ name: 'a', expression: '1+1', overwrite: true }] }, 400, 10],
    [{ name: 'x', keyOptions: { type: 'other' } }, 400, 1232],
    [{ name: 'x', numberOfShards: 'many' }, 400, 10],
    [{ name: 'x', shardKeys: 'a' }, 400, 10],
    [{ name: 'x', distributeShardsLike: 1 }, 400, 10],
    [{ name: 'x', replicationFactor: 2, writeConcern: 'a' }, 400, 10],
  ])('%j is %i/%i', async (body, status, errorNum) => {
    await client.post('/_api/collection', { name: 'made' });
    expect(failureOf(await client.post('/_api/collection', body))).toEqual([status, errorNum]);
  });

  test('extended names, and what reads back normalised', async () => {
    const rule = { properties: { n: { type: 'number' } } };
    const body = {
      name: 'données $ % ? #',
      schema: { rule },
      computedValues: [{ name: 'a', expression: 'RETURN 1', overwrite: false }],
      keyOptions: { type: 'autoincrement', increment: 5 },
    };
    const { json } = await client.post('/_api/collection', body);
    expect(json.schema).toEqual({ message: '', level: 'strict', type: 'json', rule });
    expect(json.computedValues).toEqual([
      {
        name: 'a',
        expression: 'RETURN 1',
        computeOn: ['insert', 'update', 'replace'],
        overwrite: false,
        failOnWarning: false,
        keepNull: true,
      },
    ]);
    expect(json.keyOptions).toEqual({
      allowUserKeys: true,
      type: 'autoincrement',
      offset: 0,
      increment: 5,
      lastValue: 0,
    });
    const path = `/_api/collection/${encodeURIComponent(body.name)}`;
    expect((await client.get(path)).json.name).toBe(body.name);
    expect((await client.get(`${path}/properties`)).headers.location).toBe(`/_db/_system${path}/properties`);
  });
});

describe('reading (3.2)', () => {
  beforeAll(async () => {
    await client.post('/_api/collection', { name: 'read' });
    await client.post('/_api/document/read', [
      { _key: 'a', n: 1 },
      { _key: 'b', n: 2 },
    ]);
  });

  test('by name, id, and globallyUniqueId', async () => {
    const { json } = await client.get('/_api/collection/read');
    expect(Object.keys(json)).toEqual([
      'error',
      'code',
      'globallyUniqueId',
      'isSystem',
      'status',
      'type',
      'name',
      'id',
    ]);
    expect((await client.get(`/_api/collection/${json.id}`)).json).toEqual(json);
    expect((await client.get(`/_api/collection/${encodeURIComponent(json.globallyUniqueId as string)}`)).json).toEqual(
      json,
    );
  });

  test('count, figures, revision', async () => {
    expect((await client.get('/_api/collection/read/count')).json).toMatchObject({ count: 2, name: 'read' });
    const { figures, count } = (await client.get('/_api/collection/read/figures?details=true')).json;
    expect(count).toBe(2);
    expect(figures).toMatchObject({
      indexes: { count: 1 },
      engine: { documents: 2, indexes: [{ type: 'primary', id: 0, count: 2 }] },
    });
    const { _rev } = (await client.post('/_api/document/read', { _key: 'c' })).json;
    expect((await client.get('/_api/collection/read/revision')).json.revision).toBe(_rev);
    await client.delete('/_api/document/read/c');
  });

  test('the checksum depends on keys, on request on revisions and data, and not on the order', async () => {
    const sum = async (name: string, query = '') =>
      (await client.get(`/_api/collection/${name}/checksum${query}`)).json.checksum;
    await client.post('/_api/collection', { name: 'same' });
    await client.post('/_api/document/same', [
      { _key: 'b', n: 2.0 },
      { _key: 'a', n: 9 },
    ]);
    expect(await sum('same')).toBe(await sum('read'));
    expect(await sum('same', '?withData=true')).not.toBe(await sum('read', '?withData=true'));
    await client.patch('/_api/document/same/a', { n: 1 });
    expect(await sum('same', '?withData=true')).toBe(await sum('read', '?withData=true'));
    expect(await sum('same', '?withRevisions=true')).not.toBe(await sum('read', '?withRevisions=true'));
    await client.delete('/_api/document/same/a');
    expect(await sum('same')).not.toBe(await sum('read'));
  });

  test.each([
    ['GET', '/_api/collection/none', 404, 1203],
    ['GET', '/_api/collection/none/what', 404, 1203],
    ['GET', '/_api/collection/read/what', 404, 404],
    ['GET', '/_api/collection/read/count/more', 400, 400],
    ['GET', '/_api/collection/read/shards', 501, 9],
    ['PUT', '/_api/collection/read', 400, 400],
    ['PUT', '/_api/collection/none/what', 404, 1203],
    ['PUT', '/_api/collection/read/what', 404, 404],
    ['PUT', '/_api/collection/read/responsibleShard', 501, 1471],
    ['PATCH', '/_api/collection/read', 405, 405],
    ['DELETE', '/_api/collection', 400, 400],
    ['DELETE', '/_api/collection/none', 404, 1203],
    ['DELETE', '/_api/collection/_users', 403, 11],
  ])('%s %s is %i/%i', async (method, path, status, errorNum) => {
    expect(failureOf(await client.call(method, path))).toEqual([status, errorNum]);
  });
});

describe('changing (3.2)', () => {
  test('properties applies what may change and ignores the rest', async () => {
    await client.post('/_api/collection', { name: 'changed', keyOptions: { type: 'uuid' } });
    const body = { waitForSync: true, type: 3, name: 'x', keyOptions: { type: 'padded' }, cacheEnabled: true };
    const { json } = await client.put('/_api/collection/changed/properties', body);
    expect(json).toMatchObject({ waitForSync: true, cacheEnabled: true, type: 2, name: 'changed' });
    expect(json.keyOptions).toMatchObject({ type: 'uuid' });
    expect((await client.get('/_api/collection/changed/properties')).json).toEqual(json);
  });

  test('rename keeps id and globallyUniqueId, and documents follow', async () => {
    const { json: made } = await client.post('/_api/collection', { name: 'before' });
    await client.post('/_api/document/before', { _key: 'a' });
    const answer = await client.put('/_api/collection/before/rename', { name: 'after' });
    expect(answer.json).toMatchObject({ name: 'after', id: made.id, globallyUniqueId: made.globallyUniqueId });
    expect(answer.headers.location).toBe('/_db/_system/_api/collection/before/rename');
    expect((await client.get('/_api/document/after/a')).json._id).toBe('after/a');
    expect(failureOf(await client.get('/_api/collection/before'))).toEqual([404, 1203]);
  });

  test('rename refuses', async () => {
    await client.post('/_api/collection', { name: 'fixed' });
    const rename = async (from: string, body: { name?: string }) =>
      failureOf(await client.put(`/_api/collection/${from}/rename`, body));
    expect(await rename('fixed', {})).toEqual([400, 1208]);
    expect(await rename('fixed', { name: '_x' })).toEqual([400, 1208]);
    expect(await rename('_jobs', { name: 'jobs' })).toEqual([403, 11]);
    expect(await rename('fixed', { name: 'read' })).toEqual([409, 1207]);
  });

  test('truncate empties', async () => {
    await client.post('/_api/collection', { name: 'full' });
    await client.post('/_api/document/full', [{}, {}, {}]);
    expect((await client.put('/_api/collection/full/truncate')).json).toMatchObject({ name: 'full', status: 3 });
    expect((await client.get('/_api/collection/full/count')).json.count).toBe(0);
  });

  test('a collection of a graph is not dropped (1942)', async () => {
    const edgeDefinitions = [{ collection: 'roads', from: ['towns'], to: ['towns'] }];
    expect((await client.post('/_api/gharial', { name: 'map', edgeDefinitions })).status).toBe(202);
    const answer = await client.delete('/_api/collection/roads');
    expect(answer.json).toMatchObject({
      errorNum: 1942,
      errorMessage:
        "must not drop collection while part of graph: collection 'roads' is an edge collection inside graph 'map'",
    });
    expect((await client.delete('/_api/collection/towns')).json.errorMessage).toContain('is a vertex collection');
  });

  test('system collections are dropped on demand only', async () => {
    await client.post('/_api/collection', { name: '_mine', isSystem: true });
    expect(failureOf(await client.delete('/_api/collection/_mine'))).toEqual([403, 11]);
    expect((await client.delete('/_api/collection/_mine?isSystem=true')).status).toBe(200);
  });
});

describe('databases (3.1)', () => {
  test('are created in _system only, once, with good names', async () => {
    expect((await client.post('/_api/database', { name: 'twice' })).json).toEqual({
      error: false,
      code: 201,
      result: true,
    });
    expect(failureOf(await client.post('/_api/database', { name: 'twice' }))).toEqual([409, 1207]);
    expect(failureOf(await client.post('/_db/twice/_api/database', { name: 'x' }))).toEqual([403, 1230]);
    for (const name of ['_x', '1x', 'a/b', ' a', 'a ', '', 'x'.repeat(129)]) {
      expect(failureOf(await client.post('/_api/database', { name })), name).toEqual([400, 1208]);
    }
  });

  test('are dropped, but not _system', async () => {
    await client.post('/_api/database', { name: 'gone' });
    expect((await client.delete('/_api/database/gone')).json.result).toBe(true);
    expect(failureOf(await client.delete('/_api/database/gone'))).toEqual([404, 1228]);
    expect(failureOf(await client.delete('/_api/database/_system'))).toEqual([403, 11]);
    expect(failureOf(await client.get('/_db/gone/_api/version'))).toEqual([404, 1228]);
  });
});
