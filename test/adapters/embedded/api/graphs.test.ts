import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Asked, refusal } from './ask.ts';

describe.each(['single', 'cluster'] as const)('graphs on a %s', (mode) => {
  let server: Asked;
  beforeAll(async () => {
    server = await Asked.start({ mode });
    await server.make(
      'POST /_api/gharial {"name":"g","edgeDefinitions":[{"collection":"knows","from":["people"],"to":["people"]}]}',
      'POST /_api/gharial/g/vertex/people {"_key":"a"}',
      'POST /_api/gharial/g/vertex/people {"_key":"b"}',
    );
  });
  afterAll(() => server.stop());

  test('makes the collections that are not there', async () => {
    expect((await server.ask('GET /_api/collection/knows')).body.type).toBe(3);
    expect((await server.ask('GET /_api/collection/people')).body.type).toBe(2);
  });

  test.each([
    ['POST /_api/gharial {"name":"g"}', 409, 1925],
    ['POST /_api/gharial {}', 400, 1922],
    ['GET /_api/gharial/none', 404, 1924],
    ['GET /_api/gharial/g/nothing', 404, 404],
    ['PATCH /_api/gharial/g {}', 405, 405],
    ['POST /_api/gharial/g/vertex/none {}', 404, 1203],
    ['POST /_api/gharial/g/vertex/knows {}', 400, 1949],
    ['POST /_api/gharial/g/vertex/people []', 400, 1227],
    ['POST /_api/gharial/g/vertex/people {"_key":"a"}', 409, 1210],
    ['GET /_api/gharial/g/vertex/people/none', 404, 1202],
    ['POST /_api/gharial/g/edge/knows {"_from":"people/a"}', 400, 1233],
    ['POST /_api/gharial/g/edge/knows {"_from":"people/a","_to":"cities/b"}', 400, 1947],
    ['POST /_api/gharial/g/edge/knows {"_from":"people/a","_to":"people/none"}', 404, 1202],
    ['POST /_api/gharial/g/edge {"collection":"knows","from":["x"],"to":["y"]}', 400, 1920],
    ['POST /_api/gharial/g/vertex {"collection":"people"}', 400, 1929],
    ['POST /_api/gharial/g/vertex?createCollection=false {"collection":"absent"}', 404, 1926],
    ['DELETE /_api/gharial/g/edge/none', 404, 1930],
    ['DELETE /_api/collection/people', 500, 1942],
    ['POST /_api/gharial {"name":"h","edgeDefinitions":[{"collection":"knows","from":["x"],"to":["y"]}]}', 400, 1921],
  ])('%s is refused', async (call, status, errorNum) => {
    expect(await server.ask(call)).toMatchObject(refusal(status, errorNum));
  });

  test('tells 201 and 200 when a write was synced, 202 when not', async () => {
    const synced = await server.ask('POST /_api/gharial/g/vertex/people?waitForSync=true {"_key":"s"}');
    expect(synced.status).toBe(201);
    expect((await server.ask('PATCH /_api/gharial/g/vertex/people/s?waitForSync=true {}')).status).toBe(200);
    expect((await server.ask('DELETE /_api/gharial/g/vertex/people/s')).status).toBe(202);
  });

  test('demands a revision by header or by parameter', async () => {
    const { headers } = await server.ask('GET /_api/gharial/g/vertex/people/b');
    const rev = headers.get('etag') as string;
    expect(await server.ask('GET /_api/gharial/g/vertex/people/b?rev=_other')).toMatchObject(refusal(412, 1200));
    expect((await server.ask(`GET /_api/gharial/g/vertex/people/b?rev=${rev}`)).status).toBe(200);
    expect((await server.ask('GET /_api/gharial/g/vertex/people/b', { 'if-none-match': `"${rev}"` })).status).toBe(304);
    const put = 'PUT /_api/gharial/g/vertex/people/b {"v":1}';
    expect(await server.ask(put, { 'if-match': '"_other"' })).toMatchObject(refusal(412, 1200));
    expect((await server.ask(put, { 'if-match': `"${rev}"` })).status).toBe(202);
  });

  test('removes the edges of a vertex with it, in every graph', async () => {
    await server.make(
      'POST /_api/gharial {"name":"two","edgeDefinitions":[{"collection":"likes","from":["people"],"to":["people"]}]}',
      'POST /_api/gharial/g/vertex/people {"_key":"gone"}',
      'POST /_api/gharial/g/edge/knows {"_key":"k","_from":"people/gone","_to":"people/b"}',
      'POST /_api/gharial/two/edge/likes {"_key":"l","_from":"people/b","_to":"people/gone"}',
      'DELETE /_api/gharial/g/vertex/people/gone',
    );
    expect((await server.ask('GET /_api/document/knows/k')).status).toBe(404);
    expect((await server.ask('GET /_api/document/likes/l')).status).toBe(404);
  });

  test('drops what no other graph uses, and what follows another before it', async () => {
    await server.make(
      'POST /_api/gharial {"name":"s","isSmart":true,"edgeDefinitions":[{"collection":"se","from":["sa"],"to":["sb","people"]}],"options":{"numberOfShards":2}}',
      'DELETE /_api/gharial/s?dropCollections=true',
    );
    expect((await server.ask('GET /_api/collection/sb')).status).toBe(404);
    expect((await server.ask('GET /_api/collection/people')).status).toBe(200);
  });
});
