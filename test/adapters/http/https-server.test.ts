import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createApp } from '../../../src/adapters/http/app.ts';
import { Authentication } from '../../../src/adapters/http/authentication.ts';
import { type RunningServer, serveHttps } from '../../../src/adapters/http/https-server.ts';
import { signJwt } from '../../../src/adapters/http/jwt.ts';
import { headerBytesMax } from '../../../src/adapters/http/limits.ts';
import { parseKeyfile } from '../../../src/adapters/tls/index.ts';
import { keyfile, tlsCa } from '../../master/support/certificates.ts';

const authorization = `bearer ${signJwt({ server_id: 'x' }, 's')}`;
const timeouts = { headersTimeoutMs: 200, requestTimeoutMs: 400, timeoutCheckMs: 50 };
const host = 'Host: master';

const servers: RunningServer[] = [];
const sockets: TLSSocket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => server.stop(0)));
});

async function serve(times = {}): Promise<number> {
  const app = createApp(
    [
      {
        method: 'GET',
        path: '/a/:name',
        rights: 'operator',
        at: 'any',
        handle: ({ param }) => ({ name: param('name') }),
      },
      {
        method: 'PUT',
        path: '/a',
        rights: 'operator',
        at: 'any',
        bodyBytesMax: 100,
        handle: ({ body }) => body(z.object({})),
      },
    ],
    { authentication: new Authentication({ jwtSecret: 's' }), onUnexpected: () => undefined },
  );
  const { certificate, key } = parseKeyfile(keyfile);
  const server = await serveHttps(app, { host: '127.0.0.1', port: 0, certificate, key, times });
  servers.push(server);
  return server.port;
}

async function connected(port: number): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ca: tlsCa.certificate });
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

/** Sends bytes as they are and gives the whole answer once the server has closed the connection. */
async function send(port: number, text: string): Promise<{ status: number; error: string }> {
  const socket = await connected(port);
  const parts: Buffer[] = [];
  socket.on('data', (part) => parts.push(part));
  socket.write(text);
  await once(socket, 'close');
  const [head = '', body = ''] = Buffer.concat(parts).toString().split('\r\n\r\n');
  expect(head.toLowerCase()).toContain('content-type: application/json');
  return { status: Number(/^HTTP\/1.1 (\d+)/.exec(head)?.[1]), ...JSON.parse(body) };
}

function request(line: string, ...headers: string[]): string {
  return `${[`${line} HTTP/1.1`, host, `Authorization: ${authorization}`, 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`;
}

describe('an HTTPS server answers in JSON also what never becomes a call', () => {
  it('refuses headers that are too large', async () => {
    const answer = await send(await serve(), request('GET /a/b', `X-Large: ${'x'.repeat(headerBytesMax)}`));
    expect(answer).toEqual({ status: 431, error: `the headers are larger than ${headerBytesMax} bytes` });
  });

  it('refuses a path that is too long', async () => {
    expect((await send(await serve(), request(`GET /a/${'x'.repeat(headerBytesMax)}`))).status).toBe(431);
  });

  it('refuses what is not HTTP, and a path that cannot be read', async () => {
    const port = await serve();
    expect(await send(port, 'nonsense\r\n\r\n')).toEqual({ status: 400, error: 'bad request: this is not HTTP' });
    expect((await send(port, request('GET /a\\b'))).status).toBe(400);
  });

  it('gives up on headers and on bodies that do not come', async () => {
    const port = await serve(timeouts);
    const late = { status: 408, error: 'the request did not arrive in time' };
    expect(await send(port, `GET /a/b HTTP/1.1\r\n${host}\r\n`)).toEqual(late);
    expect(await send(port, request('PUT /a', 'Content-Length: 50'))).toEqual(late);
  });

  it('refuses a body above its limit while it still comes', async () => {
    const sent = request('PUT /a', 'Content-Length: 1000000') + 'x'.repeat(200);
    expect(await send(await serve(), sent)).toEqual({ status: 413, error: 'the body is larger than 100 bytes' });
  });

  it('refuses a stranger before it has sent its body', async () => {
    const text = `PUT /a HTTP/1.1\r\n${host}\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n`;
    expect((await send(await serve(), text)).status).toBe(401);
  });

  it('lets no name climb out of its segment of the path, and redirects nowhere', async () => {
    const port = await serve();
    expect(await send(port, request('GET /a/..%2F..%2Fb'))).toEqual({ status: 200, name: '../../b' });
    expect((await send(port, request('GET /a/../a'))).status).toBe(404);
    expect((await send(port, request('GET /a/%2e%2e'))).status).toBe(404);
    expect((await send(port, request('GET /a/b/'))).status).toBe(404);
    expect((await send(port, request('GET //a/b'))).status).toBe(404);
  });
});

describe('a stop of an HTTPS server', () => {
  const anHourMs = 3_600_000;
  const text = `GET /a/b HTTP/1.1\r\n${host}\r\n\r\n`;

  it('waits for what is running, and for nothing behind it', async () => {
    const { server, asked, answer } = await serveWhenTold();
    const socket = await connected(server.port);
    socket.write(text);
    await asked(1);
    const stopped = server.stop(anHourMs);
    const answered = once(socket, 'data');
    answer();
    expect(String((await answered)[0])).toContain('200 OK');
    await stopped;
  });

  it('answers who asks on over the same connection, and ends the connection with that', async () => {
    const { server, asked, answer } = await serveWhenTold();
    const socket = await connected(server.port);
    const parts: Buffer[] = [];
    socket.on('data', (part) => parts.push(part));
    socket.write(text);
    await asked(1);
    const stopped = server.stop(anHourMs);
    socket.write(text);
    await asked(2);
    answer();
    await Promise.all([stopped, once(socket, 'close')]);
    const [, first = '', second = ''] = Buffer.concat(parts).toString().split('HTTP/1.1 200 OK');
    expect(first).toMatch(/connection: keep-alive/i);
    expect(second).toMatch(/connection: close/i);
  });
});

/** A server that answers all it was asked when it is told to. */
async function serveWhenTold() {
  const answer = Promise.withResolvers<void>();
  let count = 0;
  const fetch = async () => {
    count += 1;
    await answer.promise;
    return Response.json({});
  };
  const { certificate, key } = parseKeyfile(keyfile);
  const server = await serveHttps({ fetch }, { host: '127.0.0.1', port: 0, certificate, key });
  servers.push(server);
  return { server, answer: () => answer.resolve(), asked: (times: number) => expect.poll(() => count).toBe(times) };
}
