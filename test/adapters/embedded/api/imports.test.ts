import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Asked, refusal } from './ask.ts';

const nothing = { error: false, created: 0, errors: 0, empty: 0, updated: 0, ignored: 0 };

describe.each(['single', 'cluster'] as const)('imports on a %s', (mode) => {
  let server: Asked;
  beforeAll(async () => {
    server = await Asked.start({ mode });
    await server.make(
      'POST /_api/collection {"name":"c","numberOfShards":3}',
      'POST /_api/collection {"name":"one"}',
      'POST /_api/collection {"name":"e","type":3,"numberOfShards":3}',
    );
  });
  beforeEach(() => server.make('PUT /_api/collection/c/truncate', 'PUT /_api/collection/e/truncate'));
  afterAll(() => server.stop());

  test('count blank lines, bad lines and good ones, with line feeds of either kind', async () => {
    const lines = '{"_key":"a"}\r\n\n[1]\n"text"\n{bad\n{"_key":"b"}\n';
    const { status, body } = await server.ask(`POST /_api/import?collection=c&type=documents&details=true ${lines}`);
    expect(status).toBe(201);
    expect(body).toMatchObject({ ...nothing, created: 2, errors: 3, empty: 1 });
    expect(body.details).toEqual([
      'at position 3: invalid JSON type (expecting object), offending document: [1]',
      'at position 4: invalid JSON type (expecting object), offending document: "text"',
      'at position 5: invalid JSON type (expecting object, probably parse error), offending context: {bad',
    ]);
  });

  test('keep the text of numbers', async () => {
    await server.make('POST /_api/import?collection=c&type=list [{"_key":"n","v":1.50,"w":12345678901234567890}]');
    const response = await fetch(`${server.deployment.endpoints[0]}/_api/document/c/n`);
    expect(await response.text()).toContain('"v":1.50,"w":12345678901234567890}');
  });

  test('put rows under the names of the first line, and leave nulls out', async () => {
    const rows = '["_key","v"]\n["a",1]\n["b",null]\n["short"]\n{"no":"row"}';
    const { body } = await server.ask(`POST /_api/import?collection=c&details=true ${rows}`);
    expect(body).toMatchObject({ created: 2, errors: 2 });
    expect((await server.ask('GET /_api/document/c/b')).body).not.toHaveProperty('v');
    const lenient = await server.ask('POST /_api/import?collection=c&ignoreMissing=true ["_key","v"]\n["short"]');
    expect(lenient.body).toMatchObject({ created: 1, errors: 0 });
  });

  test.each([
    ['update', { updated: 1, ignored: 0, errors: 0 }, { old: true, n: 1 }],
    ['replace', { updated: 1, ignored: 0, errors: 0 }, { n: 1 }],
    ['ignore', { updated: 0, ignored: 1, errors: 0 }, { old: true }],
    ['error', { updated: 0, ignored: 0, errors: 1 }, { old: true }],
  ])('do with a key that is there: %s', async (onDuplicate, counts, stored) => {
    await server.make('POST /_api/document/c {"_key":"a","old":true}');
    const items = '[{"_key":"a","n":1},{"_key":"new"}]';
    const { body } = await server.ask(`POST /_api/import?collection=c&type=auto&onDuplicate=${onDuplicate} ${items}`);
    expect(body).toMatchObject({ created: 1, ...counts });
    const { _key, _id, _rev, ...content } = (await server.ask('GET /_api/document/c/a')).body;
    expect(content).toEqual(stored);
  });

  test('import all or nothing when they must be complete', async () => {
    await server.make('POST /_api/document/one {"_key":"there"}');
    const items = '[{"_key":"x"},{"_key":"there"},{"_key":"y"}]';
    expect(await server.ask(`POST /_api/import?collection=one&type=list&complete=true ${items}`)).toMatchObject(
      refusal(409, 1210),
    );
    expect((await server.ask('GET /_api/collection/one/count')).body.count).toBe(1);
    expect(await server.ask('POST /_api/import?collection=one&type=list&complete=true [{"_key":"z"},1]')).toMatchObject(
      refusal(400, 1227),
    );
    expect((await server.ask('GET /_api/collection/one/count')).body.count).toBe(1);
  });

  test('give edges their collections, the slash included', async () => {
    const edges = '[{"_key":"1","_from":"a","_to":7},{"_key":"2","_from":"x/a","_to":"b"},{"_from":"a"}]';
    const { body } = await server.ask(`POST /_api/import?collection=e&type=list&fromPrefix=p&toPrefix=q/ ${edges}`);
    expect(body).toMatchObject({ created: 2, errors: 1 });
    expect((await server.ask('GET /_api/document/e/1')).body).toMatchObject({ _from: 'p/a', _to: 'q/7' });
    expect((await server.ask('GET /_api/document/e/2')).body).toMatchObject({ _from: 'x/a', _to: 'q/b' });
  });

  test('empty the collection first when that is wished', async () => {
    await server.make('POST /_api/document/c {"_key":"old"}');
    await server.make('POST /_api/import?collection=c&type=list&overwrite=true [{"_key":"new"}]');
    expect((await server.ask('GET /_api/document/c/old')).status).toBe(404);
    expect((await server.ask('GET /_api/collection/c/count')).body.count).toBe(1);
  });

  test.each([
    ['POST /_api/import?type=list []', 400, 1204],
    ['POST /_api/import/x?collection=c []', 400, 601],
    ['POST /_api/import?collection=none&type=list []', 404, 1203],
    ['POST /_api/import?collection=c&type=list {}', 400, 400],
    ['POST /_api/import?collection=c&type=list [', 400, 400],
    ['POST /_api/import?collection=c ["a"]', 400, 400],
    ['POST /_api/import?collection=c {"a":1}\n[1]', 400, 400],
    ['GET /_api/import?collection=c', 405, 405],
  ])('%s is refused', async (call, status, errorNum) => {
    expect(await server.ask(call)).toMatchObject(refusal(status, errorNum));
  });
});
