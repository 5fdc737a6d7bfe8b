import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Asked, basic, refusal } from './ask.ts';

const root = basic('root', 'secret');
const ann = basic('ann', 'a');

describe.each(['single', 'cluster'] as const)('users of a %s with authentication', (mode) => {
  let server: Asked;
  beforeAll(async () => {
    server = await Asked.start({ mode, auth: { jwtSecret: 'one', rootPassword: 'secret' } });
    for (const call of [
      'POST /_api/user {"user":"ann","passwd":"a"}',
      'POST /_api/database {"name":"d"}',
      'POST /_db/d/_api/collection {"name":"c"}',
      'POST /_db/d/_api/collection {"name":"other"}',
    ]) {
      expect((await server.ask(call, root)).status).toBeLessThan(300);
    }
  });
  afterAll(() => server.stop());

  test('log in by password for a token that every coordinator takes', async () => {
    const { status, body } = await server.ask('POST /_open/auth {"username":"ann","password":"a"}');
    expect(status).toBe(200);
    const bearer = { authorization: `bearer ${body.jwt}` };
    for (const index of server.deployment.endpoints.keys()) {
      expect((await server.ask('GET /_api/user/ann', bearer, index)).status).toBe(200);
    }
  });

  test.each([
    ['POST /_open/auth {"username":"ann","password":"b"}', 401, 401],
    ['POST /_open/auth {"username":"ann"}', 400, 400],
    ['POST /_open/auth nonsense', 400, 400],
    ['POST /_open/auth/renew {}', 404, 404],
    ['GET /_api/user/ann', 401, 11],
  ])('without credentials %s is refused', async (call, status, errorNum) => {
    expect(await server.ask(call)).toMatchObject(refusal(status, errorNum));
  });

  test.each([
    ['GET /_api/user', 403, 11],
    ['GET /_api/user/root', 403, 11],
    ['POST /_api/user {"user":"bob"}', 403, 11],
    ['PUT /_api/user/ann/database/d {"grant":"rw"}', 403, 11],
    ['DELETE /_api/user/ann', 403, 11],
    ['GET /_api/version', 401, 11],
    ['GET /_db/nowhere/_api/version', 401, 11],
  ])('%s is refused to a plain user', async (call, status, errorNum) => {
    expect(await server.ask(call, ann)).toMatchObject(refusal(status, errorNum));
  });

  test.each([
    ['POST /_api/user {"user":"ann"}', 409, 1702],
    ['POST /_api/user {}', 400, 1700],
    ['GET /_api/user/none', 404, 1703],
    ['PUT /_api/user/none {}', 404, 1703],
    ['PUT /_api/user/none/database/d {"grant":"ro"}', 404, 1703],
    ['PUT /_api/user/ann/database/d {"grant":"all"}', 400, 10],
    ['PUT /_api/user/ann/database/none/c {"grant":"ro"}', 404, 1228],
    ['PUT /_api/user/ann/database/d/none {"grant":"ro"}', 404, 1203],
    ['GET /_api/user/ann/nothing', 400, 10],
    ['GET /_api/document/_users/1', 403, 11],
  ])('%s is refused to root, too', async (call, status, errorNum) => {
    expect(await server.ask(call, root)).toMatchObject(refusal(status, errorNum));
  });

  test('may do what they were granted, and no more', async () => {
    await server.ask('PUT /_api/user/ann/database/d {"grant":"ro"}', root);
    expect((await server.ask('GET /_db/d/_api/collection/c/count', ann)).status).toBe(200);
    const insert = 'POST /_db/d/_api/document/c {}';
    expect(await server.ask(insert, ann)).toMatchObject(refusal(403, 1004));
    await server.ask('PUT /_api/user/ann/database/d/c {"grant":"rw"}', root);
    expect((await server.ask(insert, ann)).status).toBe(202);
    expect((await server.ask('POST /_db/d/_api/import?collection=c&type=list [{}]', ann)).status).toBe(201);
    const index = 'POST /_db/d/_api/index?collection=c {"type":"persistent","fields":["a"]}';
    expect(await server.ask(index, ann)).toMatchObject(refusal(403, 11));
    await server.ask('PUT /_api/user/ann/database/d/other {"grant":"none"}', root);
    expect(await server.ask('GET /_db/d/_api/index?collection=other', ann)).toMatchObject(refusal(403, 11));
    const begin = 'POST /_db/d/_api/transaction/begin {"collections":{"write":"other"}}';
    expect(await server.ask(begin, ann)).toMatchObject(refusal(403, 11));
    expect((await server.ask('GET /_api/user/ann/database', ann)).body.result).toEqual({ d: 'ro' });
  });

  test('lose a grant on a collection with the collection', async () => {
    await server.ask('POST /_db/d/_api/collection {"name":"brief"}', root);
    await server.ask('PUT /_api/user/ann/database/d/brief {"grant":"rw"}', root);
    await server.ask('DELETE /_db/d/_api/collection/brief', root);
    const { body } = await server.ask('GET /_api/user/ann/database?full=true', root);
    expect(body.result.d.collections).not.toHaveProperty('brief');
  });

  test('see and end only their own transactions and jobs', async () => {
    const begin = 'POST /_db/d/_api/transaction/begin {"collections":{"read":"c"}}';
    const { id } = (await server.ask(begin, root)).body.result;
    expect((await server.ask('GET /_db/d/_api/transaction', ann)).body.transactions).toEqual([]);
    expect(await server.ask(`PUT /_db/d/_api/transaction/${id}`, ann)).toMatchObject(refusal(404, 1655));
    expect((await server.ask(`DELETE /_db/d/_api/transaction/${id}`, root)).status).toBe(200);
    const stored = await server.ask('GET /_api/version', { ...root, 'x-arango-async': 'store' });
    const job = stored.headers.get('x-arango-async-id');
    expect(await server.ask(`PUT /_db/d/_api/job/${job}`, ann)).toMatchObject(refusal(404, 404));
  });

  test('log in by access token until it is removed', async () => {
    const made = await server.ask('POST /_api/token/ann {"name":"t","valid_until":9999999999}', root);
    expect(made.body).toMatchObject({ id: 1, name: 't', active: true });
    const { token } = made.body;
    expect((await server.ask('GET /_api/user/ann', basic('', token))).status).toBe(200);
    expect((await server.ask(`POST /_open/auth {"password":"${token}"}`)).status).toBe(200);
    expect(await server.ask('POST /_api/token/ann {"name":"t"}', root)).toMatchObject({ status: 409 });
    expect(await server.ask('POST /_api/token/none {"name":"t"}', root)).toMatchObject(refusal(404, 1703));
    await server.ask('DELETE /_api/token/ann/1', root);
    expect((await server.ask('GET /_api/user/ann', basic('', token))).status).toBe(401);
  });

  test('have at most ro in read-only mode, and what they had as configured', async () => {
    await server.ask('PUT /_admin/server/mode {"mode":"readonly"}', root);
    expect((await server.ask('GET /_api/user/root/database/d', root)).body.result).toBe('ro');
    expect((await server.ask('GET /_api/user/root/database/d?configured=true', root)).body.result).toBe('rw');
  });
});
