import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Answered, createApp } from '../../../src/adapters/http/app.ts';
import { Authentication } from '../../../src/adapters/http/authentication.ts';
import { signJwt } from '../../../src/adapters/http/jwt.ts';
import type { Route } from '../../../src/adapters/http/routes.ts';
import { LogUnavailable } from '../../../src/events/log-errors.ts';
import { ArangoError, ArangoUnreachable } from '../../../src/replication/arango.ts';
import { ApiError } from '../../../src/wire/api-error.ts';

const secret = 's';
const authorization = `bearer ${signJwt({ server_id: 'test' }, secret)}`;
const Body = z.object({ count: z.number().int() });

function route(overrides: Partial<Route>): Route {
  return { method: 'GET', path: '/thing', rights: 'operator', at: 'any', handle: () => undefined, ...overrides };
}

function appWith(...routes: Route[]) {
  const unexpected: unknown[] = [];
  const answered: Answered[] = [];
  const app = createApp(routes, {
    authentication: new Authentication({ jwtSecret: secret, monitoringToken: 'watch' }),
    onUnexpected: (error) => unexpected.push(error),
    onAnswered: (answer) => answered.push(answer),
  });
  return { app, unexpected, answered };
}

describe('the table of routes', () => {
  it('answers success as exactly 200 with {} when there is nothing to say', async () => {
    const { app } = appWith(route({}));
    const answer = await app.request('/thing', { headers: { authorization } });
    expect([answer.status, await answer.text()]).toEqual([200, '{}']);
  });

  it('reads JSON without a Content-Type, and no body as an empty object', async () => {
    const echo = route({ method: 'POST', handle: async (request) => request.body(Body.partial()) });
    const { app } = appWith(echo);
    const sent = await app.request('/thing', { method: 'POST', headers: { authorization }, body: '{"count":3}' });
    expect(await sent.json()).toEqual({ count: 3 });
    const empty = await app.request('/thing', { method: 'POST', headers: { authorization } });
    expect([empty.status, await empty.json()]).toEqual([200, {}]);
  });

  it('names what is wrong with a body', async () => {
    const { app } = appWith(route({ method: 'POST', handle: async (request) => request.body(Body) }));
    const ask = async (body: string) => {
      const answer = await app.request('/thing', { method: 'POST', headers: { authorization }, body });
      return [answer.status, ((await answer.json()) as { error: string }).error];
    };
    expect(await ask('{"count":"x"}')).toEqual([400, expect.stringContaining('count')]);
    expect(await ask('{')).toEqual([400, expect.stringContaining('not JSON')]);
  });

  it('refuses a body above its limit before holding it', async () => {
    const bounded = route({ method: 'POST', bodyBytesMax: 10, handle: async (request) => request.body(Body) });
    const answer = await appWith(bounded).app.request('/thing', {
      method: 'POST',
      headers: { authorization },
      body: `{"count":${'1'.repeat(50)}}`,
    });
    expect(answer.status).toBe(413);
  });

  it('answers refusals as {"error": text}, and hides what is inside an unexpected error', async () => {
    const { app, unexpected } = appWith(
      route({ path: '/refused', handle: () => Promise.reject(new ApiError(412, 'not now')) }),
      route({
        path: '/broken',
        handle: () => {
          throw new Error('password of the database: 123');
        },
      }),
    );
    const refused = await app.request('/refused', { headers: { authorization } });
    expect([refused.status, await refused.json()]).toEqual([412, { error: 'not now' }]);
    const broken = await app.request('/broken', { headers: { authorization } });
    expect(broken.status).toBe(500);
    expect(await broken.text()).not.toContain('123');
    expect(unexpected).toHaveLength(1);
  });

  it('answers 503 while the database cannot serve, so that clients try again', async () => {
    const failures = [new LogUnavailable('no answer'), new ArangoUnreachable('gone'), new ArangoError(503, 503, 'x')];
    for (const failure of failures) {
      const { app, unexpected } = appWith(route({ handle: () => Promise.reject(failure) }));
      expect((await app.request('/thing', { headers: { authorization } })).status).toBe(503);
      expect(unexpected).toEqual([failure]);
    }
  });

  it('answers an unknown call with 404 and a text', async () => {
    const answer = await appWith().app.request('/_api/nothing', { headers: { authorization } });
    expect([answer.status, await answer.json()]).toEqual([404, { error: 'no such call: GET /_api/nothing' }]);
  });

  it('lets each kind of caller make only its calls', async () => {
    const rights = ['monitoring', 'operator', 'peer', 'internal'] as const;
    const { app } = appWith(...rights.map((right) => route({ path: `/${right}`, rights: right })));
    const statuses = (init: RequestInit, env = {}) =>
      Promise.all(rights.map(async (right) => (await app.request(`/${right}`, init, env)).status));
    expect(await statuses({ headers: { authorization } })).toEqual([200, 200, 200, 200]);
    expect(await statuses({ headers: { authorization: 'Bearer watch' } })).toEqual([200, 403, 403, 403]);
    const peer = { peer: { subject: 'CN=b', fingerprint: 'f' } };
    expect(await statuses({}, peer)).toEqual([200, 200, 200, 403]);
    expect(await statuses({})).toEqual([401, 401, 401, 401]);
    // Any one of the ways is enough: what the header may not do, the certificate beside it may.
    expect(await statuses({ headers: { authorization: 'Bearer watch' } }, peer)).toEqual([200, 200, 200, 403]);
  });

  it('takes an empty query parameter as absent and unescapes names in the path', async () => {
    const { app } = appWith(
      route({
        path: '/d/:name',
        handle: (request) => ({ name: request.param('name'), details: request.query('details') ?? 'absent' }),
      }),
    );
    const answer = await app.request('/d/a%2Fb%20c?details=', { headers: { authorization } });
    expect(await answer.json()).toEqual({ name: 'a/b c', details: 'absent' });
  });

  it('tells of each answer with its route, status and caller', async () => {
    const { app, answered } = appWith(route({ path: '/d/:name' }));
    await app.request('/d/x', { headers: { authorization, 'X-ArangoSync-Client-ID': 'a test' } });
    await app.request('/d/x');
    expect(answered.map(({ route: path, status, caller, clientId }) => [path, status, caller, clientId])).toEqual([
      ['/d/:name', 200, 'test', 'a test'],
      ['/d/:name', 401, '', undefined],
    ]);
  });
});
