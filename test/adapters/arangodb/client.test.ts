import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { ArangoClient, type ClientOptions } from '../../../src/adapters/arangodb/client.ts';
import { normaliseEndpoint } from '../../../src/adapters/arangodb/endpoints.ts';
import { SuperuserTokens, superuserToken } from '../../../src/adapters/arangodb/jwt.ts';
import { ArangoError, ArangoUnreachable } from '../../../src/replication/arango.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const servers: Server[] = [];
const clients: ArangoClient[] = [];

async function listen(handler: Handler): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function connect(options: Partial<ClientOptions> & { endpoints: readonly string[] }): ArangoClient {
  const client = new ArangoClient({
    credentials: { kind: 'none' },
    verify: true,
    sleep: async () => {},
    random: () => 0,
    ...options,
  });
  clients.push(client);
  return client;
}

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const answer = (status: number, body: unknown): Handler => {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
};

/** An address where nothing listens. */
async function deadEndpoint(): Promise<string> {
  const endpoint = await listen(() => {});
  const server = servers.pop();
  await new Promise((resolve) => server?.close(resolve));
  return endpoint;
}

describe('endpoints', () => {
  test.each([
    ['tcp://db:8529', 'http://db:8529'],
    ['ssl://db:8529/', 'https://db:8529'],
    ['http+ssl://[::1]:8529', 'https://[::1]:8529'],
    ['https://db', 'https://db:8529'],
    ['https://db:443', 'https://db'],
    ['HTTP://db:80', 'http://db'],
  ])('%s is %s', (given, expected) => {
    expect(normaliseEndpoint(given)).toBe(expected);
  });

  test('credentials in an endpoint are refused without being repeated', () => {
    expect(() => normaliseEndpoint('http://root:sesame@db:8529')).toThrow(/user or password/);
    expect(() => normaliseEndpoint('http://root:sesame@db:8529')).not.toThrow(/sesame/);
  });

  test('what is no address is refused', () => {
    expect(() => normaliseEndpoint('db:8529')).toThrow(/must look like/);
    expect(() => normaliseEndpoint('ftp://db:8529')).toThrow(/use http/);
  });
});

describe('superuser tokens', () => {
  test('carry the claims of reference 1.5 and no user', () => {
    const [header, claims] = superuserToken('s', 'me', 1, 2)
      .split('.')
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
    expect(header).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(claims).toEqual({ iss: 'arangodb', server_id: 'me', iat: 1, exp: 2 });
  });

  test('a token is renewed before it ends, and again when the clock was set back', () => {
    let now = 1_700_000_000_000;
    const tokens = new SuperuserTokens('s', () => now);
    const first = tokens.current();
    now += 299_000;
    expect(tokens.current()).toBe(first);
    now += 2_000;
    const second = tokens.current();
    expect(second).not.toBe(first);
    now -= 4_000_000;
    expect(tokens.current()).not.toBe(second);
  });
});

describe('requests', () => {
  test('address the database, encode its name, and carry query, body and login', async () => {
    const seen: string[] = [];
    const endpoint = await listen((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers.authorization} ${request.headers['content-type']}`);
      answer(200, { ok: true })(request, response);
    });
    const client = connect({ endpoints: [endpoint], credentials: { kind: 'basic', user: 'root', password: 'pw' } });
    const query = { collection: 'a&b', gone: undefined, n: 1 };
    await client.json({ method: 'PUT', path: '/_api/x', database: 'dß/1', query, body: { a: 1 } });
    expect(seen).toEqual([`PUT /_db/d%C3%9F%2F1/_api/x?collection=a%26b&n=1 Basic cm9vdDpwdw== application/json`]);
  });

  test('text and bytes go out as they are', async () => {
    const bodies: string[] = [];
    const endpoint = await listen((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        bodies.push(body);
        answer(200, {})(request, response);
      });
    });
    const client = connect({ endpoints: [endpoint] });
    await client.request({ method: 'POST', path: '/', body: '[1.0, 1e2]' });
    await client.request({ method: 'POST', path: '/', body: Buffer.from('[12345678901234567890]') });
    expect(bodies).toEqual(['[1.0, 1e2]', '[12345678901234567890]']);
  });

  test('an error answer becomes an ArangoError with number, method and path', async () => {
    const endpoint = await listen(
      answer(404, { error: true, errorNum: 1203, errorMessage: 'not found: c', code: 404 }),
    );
    const client = connect({ endpoints: [endpoint] });
    const failure = client.json({ method: 'GET', path: '/_api/collection/c', database: 'd' });
    await expect(failure).rejects.toMatchObject({ status: 404, errorNum: 1203, name: 'ArangoError' });
    await expect(failure).rejects.toThrow(/GET \/_db\/d\/_api\/collection\/c .*404\/1203 not found: c/);
  });

  test('an error answer without a JSON body is an ArangoError too', async () => {
    const endpoint = await listen((_request, response) => response.writeHead(500).end('<html>'));
    const client = connect({ endpoints: [endpoint] });
    await expect(client.json({ method: 'GET', path: '/' })).rejects.toBeInstanceOf(ArangoError);
  });
});

describe('failing over', () => {
  test('a dead endpoint is passed over, for writes too, and the living one is kept', async () => {
    let calls = 0;
    const living = await listen((request, response) => {
      calls += 1;
      answer(201, { calls })(request, response);
    });
    const client = connect({ endpoints: [await deadEndpoint(), living] });
    expect((await client.request({ method: 'POST', path: '/' })).status).toBe(201);
    expect((await client.request({ method: 'POST', path: '/' })).status).toBe(201);
    expect(calls).toBe(2);
  });

  test('a torn connection repeats a read, and never a write', async () => {
    const seen: string[] = [];
    const endpoint = await listen((request, response) => {
      seen.push(String(request.method));
      if (seen.length % 2 === 1) request.socket.destroy();
      else answer(200, { n: seen.length })(request, response);
    });
    const client = connect({ endpoints: [endpoint] });
    expect(await client.json({ method: 'GET', path: '/' })).toEqual({ n: 2 });
    const write = client.request({ method: 'POST', path: '/', body: {} });
    await expect(write).rejects.toBeInstanceOf(ArangoUnreachable);
    await expect(write).rejects.toThrow(/outcome is unknown/);
    expect(seen).toEqual(['GET', 'GET', 'POST']);
  });

  test('a read that must not be repeated is not, and a write that may be is', async () => {
    let calls = 0;
    const endpoint = await listen((request, response) => {
      calls += 1;
      if (calls % 2 === 1) request.socket.destroy();
      else answer(200, {})(request, response);
    });
    const client = connect({ endpoints: [endpoint] });
    await expect(client.request({ method: 'GET', path: '/dump', repeatable: false })).rejects.toThrow(/unknown/);
    calls = 0;
    expect((await client.request({ method: 'PUT', path: '/ranges', repeatable: true })).status).toBe(200);
  });

  test('a server that is starting is asked again; its 503 comes back when it stays', async () => {
    let calls = 0;
    const endpoint = await listen((request, response) => {
      calls += 1;
      if (calls < 3)
        answer(503, { error: true, errorNum: 503, errorMessage: 'starting', code: 503 })(request, response);
      else answer(200, {})(request, response);
    });
    const client = connect({ endpoints: [endpoint] });
    expect((await client.request({ method: 'POST', path: '/' })).status).toBe(200);
    calls = -1_000;
    expect((await client.request({ method: 'GET', path: '/' })).status).toBe(503);
    expect(calls).toBe(-1_000 + 5);
  });

  test('a 503 whose work may have been done is not repeated for a write', async () => {
    let calls = 0;
    const endpoint = await listen((request, response) => {
      calls += 1;
      answer(503, { error: true, errorNum: 1465, errorMessage: 'broken', code: 503 })(request, response);
    });
    const client = connect({ endpoints: [endpoint] });
    expect((await client.request({ method: 'POST', path: '/' })).status).toBe(503);
    expect(calls).toBe(1);
  });

  test('silence ends after the time-out, and an abort of the caller is the caller’s reason', async () => {
    const endpoint = await listen(() => {});
    const client = connect({ endpoints: [endpoint], timeoutMs: 20 });
    await expect(client.request({ method: 'POST', path: '/' })).rejects.toThrow(/within 20 ms/);
    const abort = new AbortController();
    const request = client.request({ method: 'GET', path: '/', timeoutMs: 10_000, signal: abort.signal });
    abort.abort(new Error('stopped'));
    await expect(request).rejects.toThrow('stopped');
  });
});

test('S4: a lent token that has ended is followed by the next one; the refusal of a login that stays is told', async () => {
  const seen: (string | undefined)[] = [];
  const endpoint = await listen((request, response) => {
    seen.push(request.headers.authorization);
    answer(request.headers.authorization === 'bearer new' ? 201 : 401, {})(request, response);
  });
  let token = 'old';
  let looks = 0;
  const told: boolean[] = [];
  const lent = connect({
    endpoints: [endpoint],
    credentials: { kind: 'token', token: () => token },
    onLogin: (isRefused) => told.push(isRefused),
    sleep: async () => {
      looks += 1;
      if (looks === 10) token = 'new';
    },
  });
  const write = { method: 'POST', path: '/_api/document/c', body: {} } as const;
  expect((await lent.request(write)).status).toBe(201);
  // A token that was refused is not sent again, however many wait for the next one; and it is told once.
  expect(seen).toEqual(['bearer old', 'bearer new']);
  [token, looks] = ['old', 0];
  const many = await Promise.all(Array.from({ length: 100 }, () => lent.request(write)));
  expect(many.every(({ status }) => status === 201)).toBe(true);
  expect(looks).toBe(10);
  expect(told).toEqual([true, false, true, false]);
  const ended = connect({ endpoints: [endpoint], credentials: { kind: 'token', token: () => 'old' } });
  expect((await ended.request(write)).status).toBe(401);
  const own = connect({ endpoints: [endpoint], credentials: { kind: 'basic', user: 'root', password: 'wrong' } });
  seen.splice(0);
  expect((await own.request(write)).status).toBe(401);
  expect(seen).toHaveLength(1);
});

test('no secret appears in messages or when a client is printed', async () => {
  const endpoint = await deadEndpoint();
  const secret = connect({ endpoints: [endpoint], credentials: { kind: 'secret', jwtSecret: 'sesame-open' } });
  const basic = connect({ endpoints: [endpoint], credentials: { kind: 'basic', user: 'u', password: 'sesame-open' } });
  for (const client of [secret, basic]) {
    const failure = await client.request({ method: 'GET', path: '/' }).catch((error: unknown) => error);
    expect(inspect(failure, { depth: 10 })).not.toMatch(/sesame|c2VzYW1l|bearer|Basic/);
    expect(inspect(client, { depth: 10, showHidden: true })).not.toMatch(/sesame|c2VzYW1l/);
  }
});

describe('answers of many bytes', () => {
  const LARGE = Buffer.alloc(20 * 1024 * 1024, 'abcdefghij');
  const large: Handler = (_request, response) => {
    response.writeHead(200, { 'content-length': LARGE.length });
    response.end(LARGE);
  };

  test('come whole, and nothing is taken of one before it is admitted', async () => {
    let sent: ServerResponse | undefined;
    const endpoint = await listen((request, response) => {
      sent = response;
      large(request, response);
    });
    const told = Promise.withResolvers<number>();
    const admitted = Promise.withResolvers<void>();
    const asked = connect({ endpoints: [endpoint] }).request({
      method: 'GET',
      path: '/x',
      admit: (bytes) => {
        told.resolve(bytes);
        return admitted.promise;
      },
    });
    expect(await told.promise).toBe(LARGE.length);
    for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
    expect(sent?.writableFinished).toBe(false);
    admitted.resolve();
    expect((await asked).body.equals(LARGE)).toBe(true);
  });

  test('that are not admitted end the request, and leave no connection behind', async () => {
    const endpoint = await listen(large);
    const client = connect({ endpoints: [endpoint] });
    const admit = () => Promise.reject(new Error('no room'));
    const request = { method: 'GET', path: '/x', repeatable: false } as const;
    await expect(client.request({ ...request, admit })).rejects.toThrow('no room');
    expect((await client.request(request)).body.equals(LARGE)).toBe(true);
  });
});
