import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signToken, type TokenClaims } from '../../../../src/adapters/embedded/http/jwt.ts';
import { type EmbeddedDeployment, startEmbedded } from '../../../../src/adapters/embedded/index.ts';
import { basic, bearer, Client, failureOf } from './client.ts';

const secret = 'the secret';
let deployment: EmbeddedDeployment;
let endpoint: string;
let root: Client;

function withToken(claims: TokenClaims, key = secret): Client {
  return new Client(endpoint, bearer(signToken(claims, key)));
}

beforeAll(async () => {
  deployment = await startEmbedded({
    mode: 'single',
    auth: { jwtSecret: [secret, 'older'], rootPassword: 'root password' },
  });
  endpoint = deployment.endpoints[0] as string;
  root = new Client(endpoint, basic('root', 'root password'));
  await root.post('/_api/database', { name: 'd1' });
  await root.post('/_api/collection', { name: 'c' });
  await root.post('/_api/user', { user: 'alice', passwd: 'a' });
  await root.put('/_api/user/alice/database/d1', { grant: 'ro' });
});
afterAll(() => deployment.stop());

describe('who is let in (reference 1.5)', () => {
  test('a password', async () => {
    expect((await root.get('/_api/version')).status).toBe(200);
    expect(failureOf(await new Client(endpoint, basic('root', 'wrong')).get('/_api/version'))).toEqual([401, 11]);
  });

  test('the scheme in any case', async () => {
    const token = basic('root', 'root password').slice('Basic '.length);
    expect((await new Client(endpoint, `bAsIc ${token}`).get('/_api/version')).status).toBe(200);
  });

  test('nobody without credentials, with two challenges', async () => {
    const answer = await new Client(endpoint).get('/_api/version');
    expect(failureOf(answer)).toEqual([401, 11]);
    expect(answer.json.errorMessage).toBe('not authorized to execute this request');
    const challenges = answer.rawHeaders.filter((_, index, list) => list[index - 1] === 'Www-Authenticate');
    expect(challenges).toEqual(['Basic, realm="ArangoDB"', 'Bearer, token_type="JWT", realm="ArangoDB"']);
  });

  test('no challenges where they are not wanted', async () => {
    const answer = await new Client(endpoint).get('/_api/version', { headers: { 'x-omit-www-authenticate': '1' } });
    expect(answer.headers['www-authenticate']).toBeUndefined();
  });

  test('a user token of a user that exists, until it expires', async () => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: 'arangodb', preferred_username: 'root', iat: now, exp: now + 60 };
    expect((await withToken(claims).get('/_api/version')).status).toBe(200);
    expect((await withToken({ ...claims, exp: now - 1 }).get('/_api/version')).status).toBe(401);
    expect((await withToken({ ...claims, preferred_username: 'nobody' }).get('/_api/version')).status).toBe(401);
  });

  test("the superuser's token, with any of the secrets", async () => {
    const claims = { iss: 'arangodb', server_id: 'me' };
    expect((await withToken(claims).get('/_api/version')).status).toBe(200);
    expect((await withToken(claims, 'older').get('/_api/version')).status).toBe(200);
    expect((await withToken(claims, 'another').get('/_api/version')).status).toBe(401);
    expect((await withToken({ ...claims, iss: 'other' }).get('/_api/version')).status).toBe(401);
  });

  test('a token limited to paths opens these only', async () => {
    const client = withToken({ iss: 'arangodb', server_id: 'me', allowed_paths: ['/_api/version'] });
    expect((await client.get('/_api/version')).status).toBe(200);
    expect((await client.get('/_db/d1/_api/version')).status).toBe(200);
    expect(failureOf(await client.get('/_api/engine'))).toEqual([401, 11]);
  });

  test('a token that is no token', async () => {
    for (const text of ['x', 'a.b.c', '..', `${signToken({ iss: 'arangodb', server_id: 'me' }, secret)}x`]) {
      expect((await new Client(endpoint, bearer(text)).get('/_api/version')).status, text).toBe(401);
    }
  });

  test('what is open without a login', async () => {
    const nobody = new Client(endpoint);
    expect((await nobody.get('/_admin/server/availability')).status).toBe(200);
    expect((await nobody.post('/_open/auth', { username: 'alice', password: 'a' })).status).toBe(200);
  });
});

describe('what may be seen (1.6, 1.7)', () => {
  const alice = () => new Client(endpoint, basic('alice', 'a'));

  test('a database without a grant is closed at the door', async () => {
    expect((await alice().get('/_db/d1/_api/version')).status).toBe(200);
    expect(failureOf(await alice().get('/_api/version'))).toEqual([401, 11]);
  });

  test('an unknown database is not told from a closed one, but to admins', async () => {
    expect(failureOf(await alice().get('/_db/unknown/_api/version'))).toEqual([401, 11]);
    expect(failureOf(await root.get('/_db/unknown/_api/version'))).toEqual([404, 1228]);
    expect(failureOf(await new Client(endpoint).get('/_db/unknown/_api/version'))).toEqual([401, 11]);
  });

  test('users may ask about themselves without a grant', async () => {
    expect((await alice().get('/_api/user/alice')).status).toBe(200);
  });

  test('only databases one may read are listed', async () => {
    expect((await alice().get('/_db/d1/_api/database/user')).json.result).toEqual(['d1']);
    expect(failureOf(await alice().get('/_db/d1/_api/database'))).toEqual([403, 1230]);
  });

  test('ro reads and does not write', async () => {
    expect((await alice().get('/_db/d1/_api/collection')).status).toBe(200);
    expect(failureOf(await alice().post('/_db/d1/_api/collection', { name: 'x' }))).toEqual([403, 11]);
    await root.post('/_db/d1/_api/collection', { name: 'c' });
    expect(failureOf(await alice().post('/_db/d1/_api/document/c', {}))).toEqual([403, 1004]);
    expect(failureOf(await alice().put('/_db/d1/_api/collection/c/truncate'))).toEqual([403, 1004]);
  });

  test('a collection grant overrules the database', async () => {
    await root.post('/_db/d1/_api/collection', { name: 'hidden' });
    await root.post('/_db/d1/_api/collection', { name: 'open' });
    await root.put('/_api/user/alice/database/d1/hidden', { grant: 'none' });
    await root.put('/_api/user/alice/database/d1/open', { grant: 'rw' });
    expect(failureOf(await alice().get('/_db/d1/_api/collection/hidden'))).toEqual([403, 11]);
    expect((await alice().post('/_db/d1/_api/document/open', {})).status).toBe(202);
    const { result } = (await alice().get('/_db/d1/_api/collection?excludeSystem=true')).json;
    expect((result as { name: string }[]).map(({ name }) => name).sort()).toEqual(['c', 'open']);
  });

  test('nobody writes _users but the superuser', async () => {
    expect(failureOf(await root.post('/_api/document/_users', { user: 'x' }))).toEqual([403, 11]);
    const superuser = new Client(endpoint, bearer(deployment.superuserToken()));
    expect((await superuser.get('/_api/collection/_users/count')).status).toBe(200);
  });
});

describe('read-only mode (2.2)', () => {
  test('lowers every user to ro, the superuser not, and can be ended', async () => {
    const superuser = new Client(endpoint, bearer(deployment.superuserToken()));
    expect((await root.put('/_admin/server/mode', { mode: 'readonly' })).json).toEqual({
      error: false,
      code: 200,
      mode: 'readonly',
    });
    expect(failureOf(await root.post('/_api/document/c', {}))).toEqual([403, 1004]);
    expect(failureOf(await root.delete('/_api/collection/c'))).toEqual([403, 11]);
    expect(failureOf(await root.post('/_api/database', { name: 'd2' }))).toEqual([403, 11]);
    expect((await root.get('/_api/collection/c/count')).status).toBe(200);
    expect((await superuser.post('/_api/document/c', {})).status).toBe(202);
    expect((await root.get('/_admin/server/availability')).json.mode).toBe('readonly');
    expect((await root.put('/_admin/server/mode', { mode: 'default' })).json.mode).toBe('default');
    expect((await root.post('/_api/document/c', {})).status).toBe(202);
  });

  test('is set by admins only, to known words only', async () => {
    const alice = new Client(endpoint, basic('alice', 'a'));
    expect((await alice.put('/_db/d1/_admin/server/mode', { mode: 'readonly' })).status).toBe(403);
    expect(failureOf(await root.put('/_admin/server/mode', { mode: 'other' }))).toEqual([400, 400]);
    expect(failureOf(await root.put('/_admin/server/mode', [1]))).toEqual([400, 400]);
  });
});

test('HTTPS with one PEM text of key and certificate answers the same', async () => {
  const { certificate } = await import('./certificate.ts');
  const secure = await startEmbedded({ mode: 'single', tls: { keyfile: certificate() } });
  try {
    expect(secure.endpoints[0]).toMatch(/^https:/);
    const { Agent, request } = await import('undici');
    const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
    const answer = await request(`${secure.endpoints[0]}/_api/version`, { dispatcher });
    expect(((await answer.body.json()) as { server: string }).server).toBe('arango');
    await dispatcher.close();
  } finally {
    await secure.stop();
  }
});
