import { request as startRequest } from 'node:http';
import { connect } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedDeployment, startEmbedded } from '../../../../src/adapters/embedded/index.ts';
import { Client, failureOf } from './client.ts';

let deployment: EmbeddedDeployment;
let client: Client;

beforeAll(async () => {
  deployment = await startEmbedded({ mode: 'single' });
  client = new Client(deployment.endpoints[0] as string);
  await client.post('/_api/collection', { name: 'c' });
});
afterAll(() => deployment.stop());

describe('what every answer carries (reference 1.2)', () => {
  const standard = [
    ['Server', 'ArangoDB'],
    ['Connection', 'Keep-Alive'],
    ['X-Content-Type-Options', 'nosniff'],
    ['X-Arango-Queue-Time-Seconds', '0.000000'],
    ['Cache-Control', 'no-cache, no-store, must-revalidate, pre-check=0, post-check=0, max-age=0, s-maxage=0'],
    ['Content-Security-Policy', "frame-ancestors 'self'; form-action 'self';"],
    ['Expires', '0'],
    ['Pragma', 'no-cache'],
    ['Strict-Transport-Security', 'max-age=31536000 ; includeSubDomains'],
  ];

  for (const [what, method, path] of [
    ['a success', 'GET', '/_api/version'],
    ['an error', 'GET', '/_api/collection/unknown'],
    ['an unknown path', 'GET', '/_api/unknown'],
    ['an empty body', 'HEAD', '/_api/version'],
  ] as const) {
    test(`the standard headers, capitalised: ${what}`, async () => {
      const { rawHeaders } = await client.call(method, path);
      for (const [name, value] of standard) {
        expect(rawHeaders[rawHeaders.indexOf(name as string) + 1], name).toBe(value);
      }
      expect(rawHeaders).not.toContain('Date');
      expect(rawHeaders).not.toContain('Keep-Alive: timeout=5');
    });
  }

  test('a connection that shall end is ended', async () => {
    const { headers } = await client.get('/_api/version', { headers: { connection: 'close' } });
    expect(headers.connection).toBe('Close');
  });

  test('compact JSON with charset and length', async () => {
    const answer = await client.get('/_api/version');
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['content-length']).toBe(String(answer.text.length));
    expect(answer.text).toBe(JSON.stringify(answer.json));
  });

  test('an empty body is text of length 0', async () => {
    const { headers, text } = await client.get('/_api/document/c/x', { headers: { 'x-arango-async': 'true' } });
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(headers['content-length']).toBe('0');
    expect(text).toBe('');
  });

  test('HEAD tells the length of the body of GET', async () => {
    const { text } = await client.get('/_api/version');
    const head = await client.call('HEAD', '/_api/version');
    expect(head.headers['content-length']).toBe(String(text.length));
    expect(head.text).toBe('');
  });

  test('the body of an error has its keys in the order of the server', async () => {
    const { text } = await client.get('/_api/collection/unknown');
    expect(text).toBe(
      '{"code":404,"error":true,"errorMessage":"collection or view not found: unknown","errorNum":1203}',
    );
  });
});

describe('paths and methods (1.1)', () => {
  test('an unknown path is 404/404', async () => {
    expect(failureOf(await client.get('/_api/what'))).toEqual([404, 404]);
    expect(failureOf(await client.get('/_api/engine/more'))).toEqual([404, 404]);
  });

  test('a known path and a wrong method is 405/405', async () => {
    expect(failureOf(await client.delete('/_api/engine'))).toEqual([405, 405]);
    expect(failureOf(await client.patch('/_admin/server/mode'))).toEqual([405, 405]);
  });

  test('OPTIONS is 200 and empty everywhere', async () => {
    const answer = await client.call('OPTIONS', '/_db/unknown/_api/what', { headers: { origin: 'http://a' } });
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect(answer.headers['access-control-allow-methods']).toContain('PATCH');
  });

  test('a database in front, percent-encoded', async () => {
    const name = 'mötör % /'.replace('/', '').trim();
    expect((await client.post('/_api/database', { name })).status).toBe(201);
    const { json } = await client.get(`/_db/${encodeURIComponent(name)}/_api/database/current`);
    expect(json.result).toMatchObject({ name, isSystem: false });
  });

  test('a database name must be NFC', async () => {
    const answer = await client.post('/_api/database', { name: 'o\u0308' });
    expect(failureOf(answer)).toEqual([400, 1208]);
    expect(answer.json.errorMessage).toContain('NFC');
  });

  test('an unknown database is 404/1228 for who may do everything', async () => {
    expect(failureOf(await client.get('/_db/nowhere/_api/version'))).toEqual([404, 1228]);
  });

  test('the prefix of API version v0, and no other', async () => {
    expect((await client.get('/_arango/v0/_api/version')).status).toBe(200);
    expect((await client.get('/_db/_system/_arango/v0/_api/version')).status).toBe(200);
    expect(failureOf(await client.get('/_arango/v9/_api/version'))).toEqual([404, 404]);
  });
});

describe('bodies (1.2)', () => {
  test('gzip and deflate are understood', async () => {
    const document = JSON.stringify({ compressed: true });
    for (const [encoding, body] of [
      ['gzip', gzipSync(document)],
      ['deflate', deflateSync(document)],
    ] as const) {
      const answer = await client.call('POST', '/_api/document/c?returnNew=true', {
        body,
        headers: { 'content-encoding': encoding },
      });
      expect(answer.json.new, encoding).toMatchObject({ compressed: true });
    }
  });

  test('damaged compression is refused', async () => {
    const headers = { 'content-encoding': 'gzip' };
    expect(failureOf(await client.call('POST', '/_api/document/c', { text: 'no gzip', headers }))).toEqual([400, 10]);
  });

  test('a chunked body is refused', async () => {
    const { port } = new URL(client.endpoint);
    const status = await new Promise((resolve, reject) => {
      const options = { port, method: 'POST', path: '/_api/document/c', headers: { 'transfer-encoding': 'chunked' } };
      const sent = startRequest({ ...options, agent: false }, (answer) => resolve(answer.statusCode));
      sent.on('error', reject);
      sent.end('{}');
    });
    expect(status).toBe(411);
  });

  test('a body above the limit is 413 before it is sent', async () => {
    const { port } = new URL(client.endpoint);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', reject);
      socket.once('data', (data) => {
        resolve(data.toString());
        socket.destroy();
      });
      socket.write('POST /_api/document/c HTTP/1.1\r\nHost: a\r\nContent-Length: 2147483648\r\n\r\n');
    });
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('"errorNum":413');
  });

  test('a URL above 16 KiB is 414', async () => {
    expect(failureOf(await client.get(`/_api/version?a=${'x'.repeat(17_000)}`))).toEqual([414, 414]);
  });

  test('text that is no JSON is 400/600 in the words of the parser', async () => {
    const answer = await client.call('POST', '/_api/document/c', { text: '{"a":1' });
    expect(failureOf(answer)).toEqual([400, 600]);
    expect(answer.json.errorMessage).toContain('VPackError');
  });
});

describe('the queue (1.7)', () => {
  test('a time that cannot be kept is 412/21004', async () => {
    deployment.control.setQueueTime(2.5);
    try {
      const short = await client.get('/_api/version', { headers: { 'x-arango-queue-time-seconds': '1' } });
      expect(failureOf(short)).toEqual([412, 21004]);
      const long = await client.get('/_api/version', { headers: { 'x-arango-queue-time-seconds': '3' } });
      expect([long.status, long.headers['x-arango-queue-time-seconds']]).toEqual([200, '2.500000']);
    } finally {
      deployment.control.setQueueTime(0);
    }
  });
});

describe('the clock (1.8)', () => {
  test('a received revision makes later ones larger', async () => {
    const { _rev: before } = (await client.post('/_api/document/c', {})).json;
    const ahead = revision(Date.now() + 60_000);
    await client.get('/_api/version', { headers: { 'x-arango-hlc': ahead } });
    const { _rev: after } = (await client.post('/_api/document/c', {})).json;
    expect(numberOf(before as string)).toBeLessThan(numberOf(ahead));
    expect(numberOf(after as string)).toBeGreaterThan(numberOf(ahead));
  });
});

const letters = '-_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function revision(ms: number): string {
  let value = BigInt(ms) << 20n;
  let text = '';
  while (value > 0n) {
    text = letters[Number(value & 63n)] + text;
    value >>= 6n;
  }
  return text;
}

function numberOf(text: string): bigint {
  let value = 0n;
  for (const letter of text) value = (value << 6n) | BigInt(letters.indexOf(letter));
  return value;
}
