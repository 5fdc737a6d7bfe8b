import { expect } from 'vitest';
import { expectRefusal } from '../answer.ts';
import { fresh } from '../names.ts';
import { superuserToken } from '../superuser-token.ts';
import type { Target } from '../target.ts';

/** Reference 1.1–1.8: paths, standard headers, login, the order of checks, asynchronous requests. */
export function defineDoorAndHeaders(target: Target): void {
  const { check } = target;
  const STANDARD = {
    server: 'ArangoDB',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-cache, no-store, must-revalidate, pre-check=0, post-check=0, max-age=0, s-maxage=0',
    'content-security-policy': "frame-ancestors 'self'; form-action 'self';",
    expires: '0',
    pragma: 'no-cache',
    'strict-transport-security': 'max-age=31536000 ; includeSubDomains',
  };

  for (const [what, call] of [
    ['a success', 'GET /_api/version'],
    ['an error', 'GET /_api/document/no_such_collection/k'],
    ['an unknown path', 'GET /_api/no-such-handler'],
  ] as const) {
    check(`1.2: the standard headers stand on ${what}`, async () => {
      const answer = await target.ask(call);
      for (const [name, value] of Object.entries(STANDARD)) expect([name, answer.header(name)]).toEqual([name, value]);
      expect(answer.header('x-arango-queue-time-seconds')).toMatch(/^\d+\.\d{6}$/);
      expect(answer.header('connection').toLowerCase()).toBe('keep-alive');
    });
  }

  check('1.2: JSON is compact, typed with its charset and counted in bytes', async () => {
    const answer = await target.ask('GET /_api/version');
    expect(answer.text).toBe(JSON.stringify(answer.body));
    expect(answer.header('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.header('content-length')).toBe(String(Buffer.byteLength(answer.text)));
  });

  check('1.2: an empty body is text/plain of length 0', async () => {
    const answer = await target.ask('GET /_api/version', undefined, { 'x-arango-async': 'true' });
    expect(answer.status).toBe(202);
    expect(answer.text).toBe('');
    expect(answer.header('content-type')).toMatch(/^text\/plain/);
    expect(answer.header('content-length')).toBe('0');
  });

  check('1.2: HEAD tells the length of the body of GET and sends none', async () => {
    const get = await target.ask('GET /_api/version');
    const head = await target.ask('HEAD /_api/version');
    expect([head.status, head.text]).toEqual([200, '']);
    expect(head.header('content-length')).toBe(get.header('content-length'));
  });

  check('1.2: OPTIONS is 200 and empty without a login', async () => {
    const answer = await target.request({ method: 'OPTIONS', path: '/_api/version', as: 'nobody' });
    expect([answer.status, answer.text]).toEqual([200, '']);
  });

  check('1.1: an unknown path is 404/404', async () => {
    expectRefusal(await target.ask('GET /_api/no-such-handler'), 404, 404);
  });

  check('1.1: a known path with another method is 405/405', async () => {
    expectRefusal(await target.ask('PATCH /_api/collection'), 405, 405);
  });

  check('1.1: a path without a database is of _system', async () => {
    const bare = await target.ask('GET /_api/database/current');
    const named = await target.ask('GET /_db/_system/_api/database/current');
    expect(bare.at('result.name')).toBe('_system');
    expect(named.body).toEqual(bare.body);
  });

  check('1.1: a call of _system only, made in another database, is 403/1230', async () => {
    const database = await target.database();
    expectRefusal(await target.ask(`POST /_db/${database}/_api/database`, { name: fresh('d') }), 403, 1230);
  });

  check('1.3: an error carries code, error, errorMessage and errorNum', async () => {
    const answer = await target.ask('GET /_api/collection/no_such_collection');
    expect(Object.keys(answer.body as object).sort()).toEqual(['code', 'error', 'errorMessage', 'errorNum']);
    expect(answer.textAt('errorMessage')).toContain('collection or view not found');
  });

  check('1.4: a body that is no JSON is 400/600', async () => {
    const collection = await target.collection();
    const answer = await target.request({ method: 'POST', path: `/_api/document/${collection}`, text: '{"a":' });
    expectRefusal(answer, 400, 600);
  });

  check('1.7: an unknown database is 404/1228 for an admin', async () => {
    expectRefusal(await target.ask('GET /_db/no_such_database/_api/version'), 404, 1228);
  });

  check('1.7: a queue time that cannot be kept is a number the server tells', async () => {
    const answer = await target.ask('GET /_api/version', undefined, { 'x-arango-queue-time-seconds': '1000' });
    expect(answer.status).toBe(200);
  });

  check('1.8: x-arango-async true is answered 202 at once', async () => {
    const answer = await target.ask('GET /_api/version', undefined, { 'x-arango-async': 'true' });
    expect([answer.status, answer.header('x-arango-async-id')]).toEqual([202, '']);
  });

  check('1.8: a stored job hands its answer out once', async () => {
    const sent = await target.ask('GET /_api/version', undefined, { 'x-arango-async': 'store' });
    const id = sent.header('x-arango-async-id');
    expect([sent.status, id]).toEqual([202, expect.stringMatching(/^\d+$/)]);
    const answer = await jobOf(id);
    expect([answer.status, answer.at('server')]).toEqual([200, 'arango']);
    expect(answer.header('x-arango-async-id')).toBe(id);
    expectRefusal(await target.ask(`PUT /_api/job/${id}`), 404, 404);
  });

  check('1.8: a stored job that failed hands out its error', async () => {
    const sent = await target.ask('GET /_api/collection/no_such', undefined, { 'x-arango-async': 'store' });
    expectRefusal(await jobOf(sent.header('x-arango-async-id')), 404, 1203);
  });

  check('1.8: a job call without an id is 400/400, an unknown one 404/404', async () => {
    expectRefusal(await target.ask('PUT /_api/job'), 400, 400);
    expectRefusal(await target.ask('PUT /_api/job/123456789012'), 404, 404);
  });

  check('1.8: jobs are deleted with a bare answer', async () => {
    const sent = await target.ask('GET /_api/version', undefined, { 'x-arango-async': 'store' });
    const answer = await target.ask(`DELETE /_api/job/${sent.header('x-arango-async-id')}`);
    expect([answer.status, answer.body]).toEqual([200, { result: true }]);
  });

  async function jobOf(id: string) {
    for (;;) {
      const answer = await target.ask(`PUT /_api/job/${id}`);
      if (answer.status !== 204) return answer;
    }
  }

  if (target.authentication) defineLogin(target);
  else {
    check('1.5: with authentication off everyone is the superuser', async () => {
      const answer = await target.request({ path: '/_api/database', as: { user: 'nobody', password: 'x' } });
      expect(answer.status).toBe(200);
    });
    check('1.5: POST /_open/auth is 404 with authentication off', async () => {
      const answer = await target.ask('POST /_open/auth', { username: 'root', password: '' });
      expect(answer.status).toBe(404);
    });
  }
}

function defineLogin(target: Target): void {
  const { check } = target;
  const { rootPassword, jwtSecret } = target.facts;
  const withToken = (path: string, token: string) =>
    target.request({ path, as: 'nobody', headers: { authorization: `bearer ${token}` } });

  check('1.7: no credentials are 401/11', async () => {
    expectRefusal(await target.request({ path: '/_api/version', as: 'nobody' }), 401, 11);
  });

  check('1.7: a wrong password is 401/11', async () => {
    expectRefusal(await target.request({ path: '/_api/version', as: { user: 'root', password: 'no' } }), 401, 11);
  });

  check('1.5: a 401 names both schemes', async () => {
    const { headers } = await target.request({ path: '/_api/version', as: 'nobody' });
    const schemes = headers.get('www-authenticate') ?? '';
    expect(schemes).toContain('Basic, realm="ArangoDB"');
    expect(schemes).toContain('Bearer, token_type="JWT", realm="ArangoDB"');
  });

  check('1.5: x-omit-www-authenticate leaves the schemes out', async () => {
    const headers = { 'x-omit-www-authenticate': 'true' };
    const answer = await target.request({ path: '/_api/version', as: 'nobody', headers });
    expect([answer.status, answer.header('www-authenticate')]).toEqual([401, '']);
  });

  check('1.7: the availability is told without a login', async () => {
    const answer = await target.request({ path: '/_admin/server/availability', as: 'nobody' });
    expect([answer.status, answer.at('mode')]).toEqual([200, 'default']);
  });

  check('1.7: an unknown database is 401/11 for a user without a grant there', async () => {
    const as = await target.user({ _system: 'none' });
    expectRefusal(await target.request({ path: '/_db/no_such_database/_api/version', as }), 401, 11);
  });

  check('1.7: a database without a grant is 401/11', async () => {
    const database = await target.database();
    const as = await target.user({ [database]: 'none' });
    expectRefusal(await target.request({ path: `/_db/${database}/_api/collection`, as }), 401, 11);
  });

  check('1.5: POST /_open/auth gives a token that works', async () => {
    const login = { username: 'root', password: rootPassword };
    const answer = await target.request({ method: 'POST', path: '/_open/auth', body: login, as: 'nobody' });
    expect(Object.keys(answer.body as object)).toEqual(['jwt']);
    const [, claims = ''] = answer.textAt('jwt').split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      preferred_username: 'root',
      iss: 'arangodb',
      iat: expect.any(Number),
      exp: expect.any(Number),
    });
    expect((await withToken('/_api/version', answer.textAt('jwt'))).status).toBe(200);
  });

  check('1.5: POST /_open/auth with wrong credentials is 401/401', async () => {
    const login = { username: 'root', password: 'no' };
    expectRefusal(await target.request({ method: 'POST', path: '/_open/auth', body: login, as: 'nobody' }), 401, 401);
  });

  check('1.5: POST /_open/auth with fields missing is 400/400', async () => {
    const answer = await target.request({ method: 'POST', path: '/_open/auth', body: {}, as: 'nobody' });
    expectRefusal(answer, 400, 400);
  });

  check('1.5: a token signed with another secret is 401/11', async () => {
    expectRefusal(await withToken('/_api/version', superuserToken('not the secret')), 401, 11);
  });

  if (jwtSecret === undefined) return;

  check('1.5: a superuser token passes', async () => {
    expect((await withToken('/_api/database', superuserToken(jwtSecret))).status).toBe(200);
  });

  check('1.5: the scheme word is taken in any case', async () => {
    const authorization = `BEARER ${superuserToken(jwtSecret)}`;
    expect((await target.request({ path: '/_api/version', as: 'nobody', headers: { authorization } })).status).toBe(
      200,
    );
  });

  check('1.5: a token that has expired is 401/11', async () => {
    expectRefusal(await withToken('/_api/version', superuserToken(jwtSecret, { iat: 1, exp: 2 })), 401, 11);
  });

  check('1.5: allowed_paths limits a token to exactly these paths', async () => {
    const token = superuserToken(jwtSecret, { allowed_paths: ['/_api/version'] });
    expect((await withToken('/_api/version', token)).status).toBe(200);
    expectRefusal(await withToken('/_api/collection', token), 401, 11);
  });
}
