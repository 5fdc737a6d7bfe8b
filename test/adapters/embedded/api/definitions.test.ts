import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Asked, refusal } from './ask.ts';

describe.each(['single', 'cluster'] as const)('indexes, views, analyzers on a %s', (mode) => {
  let server: Asked;
  beforeAll(async () => {
    server = await Asked.start({ mode });
    await server.make(
      'POST /_api/collection {"name":"c","numberOfShards":3}',
      'POST /_api/collection {"name":"plain"}',
      'POST /_api/collection {"name":"e","type":3}',
      'POST /_api/analyzer {"name":"used","type":"norm","properties":{"locale":"en"},"features":["frequency"]}',
      'POST /_api/index?collection=plain {"type":"inverted","name":"inv","fields":[{"name":"t","analyzer":"used"}]}',
      'POST /_api/view {"name":"v","type":"arangosearch","links":{"plain":{"analyzers":["used"]}}}',
      'POST /_api/view {"name":"alias","type":"search-alias","indexes":[{"collection":"plain","index":"inv"}]}',
    );
  });
  afterAll(() => server.stop());

  test('an index is made once; the same again is 200', async () => {
    const call = 'POST /_api/index?collection=plain {"type":"persistent","fields":["x"]}';
    const first = await server.ask(call);
    expect(first).toMatchObject({ status: 201, body: { isNewlyCreated: true, code: 201 } });
    const again = await server.ask(call.replace('"fields"', '"name":"other","fields"'));
    expect(again).toMatchObject({ status: 200, body: { isNewlyCreated: false, id: first.body.id } });
  });

  test('an index is found by id and by name, and gone when it is dropped', async () => {
    const { body } = await server.ask(
      'POST /_api/index?collection=plain {"type":"persistent","name":"n","fields":["y"]}',
    );
    expect((await server.ask('GET /_api/index/plain/n')).body.id).toBe(body.id);
    expect((await server.ask(`GET /_api/index/${body.id}`)).body.name).toBe('n');
    expect((await server.ask(`DELETE /_api/index/${body.id}`)).body).toEqual({ id: body.id, error: false, code: 200 });
    expect(await server.ask('GET /_api/index/plain/n')).toMatchObject(refusal(404, 1212));
  });

  test('an index tells how selective it is', async () => {
    await server.make('POST /_api/document/e [{"_from":"a/1","_to":"b/1"},{"_from":"a/1","_to":"b/2"}]');
    const { body } = await server.ask('GET /_api/index?collection=e');
    expect(body.indexes[1]).toMatchObject({
      id: 'e/2',
      name: 'edge',
      fields: ['_from', '_to'],
      selectivityEstimate: 0.75,
    });
    expect(body.identifiers['e/2']).toEqual(body.indexes[1]);
  });

  test.each([
    ['GET /_api/index', 400, 1204],
    ['GET /_api/index?collection=none', 404, 1203],
    ['GET /_api/index/c/99999', 404, 1212],
    ['DELETE /_api/index/c/primary', 403, 11],
    ['DELETE /_api/index/e/edge', 403, 11],
    ['POST /_api/index?collection=c {"type":"none","fields":["a"]}', 400, 10],
    ['POST /_api/index?collection=c {"type":"persistent","fields":["_id"]}', 400, 10],
    ['POST /_api/index?collection=plain {"type":"persistent","name":"inv","fields":["other"]}', 409, 1005],
    ['POST /_api/index?collection=c nonsense', 400, 600],
    ['POST /_api/view {}', 400, 600],
    ['POST /_api/view {"name":"w"}', 400, 10],
    ['POST /_api/view {"name":"w","type":"none"}', 400, 10],
    ['POST /_api/view {"name":"v","type":"arangosearch"}', 409, 1207],
    ['POST /_api/view {"name":"c","type":"arangosearch"}', 409, 1207],
    ['POST /_api/view {"name":"w","type":"arangosearch","links":{"none":{}}}', 404, 1203],
    ['POST /_api/view {"name":"w","type":"arangosearch","links":{"c":{"analyzers":["none"]}}}', 400, 10],
    ['GET /_api/view/none', 404, 1203],
    ['PUT /_api/view/v/nothing {}', 400, 10],
    ['POST /_api/analyzer {}', 400, 600],
    ['POST /_api/analyzer {"name":"d::a","type":"identity"}', 403, 11],
    ['POST /_api/analyzer {"name":"used","type":"identity"}', 400, 10],
    ['GET /_api/analyzer/none', 404, 1202],
    ['DELETE /_api/analyzer/none', 404, 1202],
    ['DELETE /_api/analyzer/used', 409, 1200],
    ['DELETE /_api/analyzer/identity', 403, 11],
  ])('%s is refused', async (call, status, errorNum) => {
    expect(await server.ask(call)).toMatchObject(refusal(status, errorNum));
  });

  test('an analyzer of _system can be used in every database', async () => {
    await server.make('POST /_api/database {"name":"d"}', 'POST /_db/d/_api/collection {"name":"c"}');
    expect((await server.ask('GET /_db/d/_api/analyzer/::used')).body.name).toBe('_system::used');
    await server.make(
      'POST /_db/d/_api/view {"name":"v","type":"arangosearch","links":{"c":{"analyzers":["::used"]}}}',
    );
    const names = (await server.ask('GET /_db/d/_api/analyzer')).body.result.map(({ name }: { name: string }) => name);
    expect(names).toContain('_system::used');
    expect(names).toHaveLength(14);
  });

  test('a view shows as a hidden index, and loses what is dropped', async () => {
    await server.make(
      'POST /_api/collection {"name":"brief"}',
      'POST /_api/index?collection=brief {"type":"inverted","name":"inv","fields":["t"]}',
      'PATCH /_api/view/v/properties {"links":{"brief":{}}}',
      'PATCH /_api/view/alias/properties {"indexes":[{"collection":"brief","index":"inv"}]}',
    );
    const hidden = (await server.ask('GET /_api/index?collection=brief&withHidden=true')).body.indexes;
    expect(hidden.at(-1)).toMatchObject({ type: 'arangosearch', storeValues: 'none' });
    await server.make('DELETE /_api/collection/brief');
    expect(Object.keys((await server.ask('GET /_api/view/v/properties')).body.links)).toEqual(['plain']);
    expect((await server.ask('GET /_api/view/alias/properties')).body.indexes).toEqual([
      { collection: 'plain', index: 'inv' },
    ]);
  });

  test('user functions are kept, listed by namespace, and removed in groups', async () => {
    const code = 'function (x) { return x; }';
    const put = `POST /_api/aqlfunction {"name":"a::b::C","code":"${code}","isDeterministic":true}`;
    expect((await server.ask(put)).body).toEqual({ error: false, code: 201, isNewlyCreated: true });
    expect((await server.ask(put)).body).toEqual({ error: false, code: 200, isNewlyCreated: false });
    expect((await server.ask('GET /_api/aqlfunction?namespace=A::b')).body.result).toEqual([
      { name: 'a::b::C', code, isDeterministic: true },
    ]);
    expect(await server.ask('DELETE /_api/aqlfunction/a::b::d')).toMatchObject(refusal(404, 1582));
    expect((await server.ask('DELETE /_api/aqlfunction/a?group=true')).body.deletedCount).toBe(1);
  });
});

describe('in a cluster', () => {
  let server: Asked;
  beforeAll(async () => {
    server = await Asked.start({ mode: 'cluster' });
    await server.make('POST /_api/collection {"name":"c","numberOfShards":3,"shardKeys":["a"]}');
  });
  afterAll(() => server.stop());

  test('a unique index holds the shard keys', async () => {
    const missing = await server.ask(
      'POST /_api/index?collection=c {"type":"persistent","unique":true,"fields":["b"]}',
    );
    expect(missing).toMatchObject(refusal(501, 1470));
    expect(missing.body.errorMessage).toBe("shard key 'a' must be present in unique index");
    const whole = await server.ask(
      'POST /_api/index?collection=c {"type":"persistent","unique":true,"fields":["b","a"]}',
    );
    expect(whole.status).toBe(201);
  });

  test('views are not renamed, and every coordinator knows what one of them made', async () => {
    await server.make('POST /_api/view {"name":"v","type":"arangosearch"}');
    expect(await server.ask('PUT /_api/view/v/rename {"name":"w"}')).toMatchObject(refusal(501, 1470));
    expect((await server.ask('GET /_api/view/v', {}, 1)).body.globallyUniqueId).toMatch(/^c\d+\/$/);
  });
});
