import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EmbeddedDeployment, startEmbedded } from '../../../../src/adapters/embedded/index.ts';
import { Client, failureOf } from './client.ts';

let deployment: EmbeddedDeployment;
let client: Client;

beforeEach(async () => {
  deployment = await startEmbedded({ mode: 'single', control: { port: 0, token: 'let me' } });
  client = new Client(deployment.endpoints[0] as string);
  await client.post('/_api/collection', { name: 'c' });
});
afterEach(() => deployment.stop());

async function count(): Promise<number> {
  return (await client.get('/_api/collection/c/count')).json.count as number;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

/** Sends a document and closes the connection without waiting for the answer. */
function sendAndLeave(body: string): Promise<void> {
  const { port } = new URL(client.endpoint);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', reject);
    socket.on('close', () => resolve());
    const head = `POST /_api/document/c HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`;
    socket.write(head + body, () => socket.destroy());
  });
}

/** Longer than any of these tests lasts. */
const LONG_MS = 60_000;
const writes = { method: 'POST', path: /\/_api\/document\// };

describe('requests told to fail', () => {
  test('before the effect: an error, and nothing is written', async () => {
    deployment.control.addFault({ ...writes, count: 1, action: { kind: 'fail', status: 503, errorNum: 1478 } });
    expect(failureOf(await client.post('/_api/document/c', {}))).toEqual([503, 1478]);
    expect(await count()).toBe(0);
    expect((await client.post('/_api/document/c', {})).status).toBe(202);
  });

  test('after the effect: an error, and it is written', async () => {
    deployment.control.addFault({ ...writes, count: 1, when: 'after', action: { kind: 'fail', status: 500 } });
    expect(failureOf(await client.post('/_api/document/c', {}))).toEqual([500, 500]);
    expect(await count()).toBe(1);
  });

  test('cut before and after the effect', async () => {
    deployment.control.addFault({ ...writes, count: 1, action: { kind: 'cut' } });
    await expect(client.post('/_api/document/c', {})).rejects.toThrow();
    expect(await count()).toBe(0);
    deployment.control.addFault({ ...writes, count: 1, when: 'after', action: { kind: 'cut' } });
    await expect(client.post('/_api/document/c', {})).rejects.toThrow();
    expect(await count()).toBe(1);
  });

  test('cut now, and landing later all the same', async () => {
    deployment.control.addFault({ ...writes, count: 1, action: { kind: 'cut-then-land', ms: LONG_MS } });
    await expect(client.post('/_api/document/c', { _key: 'much later' })).rejects.toThrow();
    expect(await count()).toBe(0);
    deployment.control.addFault({ ...writes, count: 1, action: { kind: 'cut-then-land', ms: 30 } });
    await expect(client.post('/_api/document/c', { _key: 'late' })).rejects.toThrow();
    await until(async () => (await count()) === 1);
    expect((await client.get('/_api/document/c/late')).status).toBe(200);
  });

  test('cut now, and landing when it is told to', async () => {
    deployment.control.addFault({ ...writes, count: 1, action: { kind: 'cut-then-hold' } });
    await expect(client.post('/_api/document/c', { _key: 'held' })).rejects.toThrow();
    expect((await client.get('/_api/document/c/held')).status).toBe(404);
    expect(await deployment.control.releaseHeld()).toBe(1);
    expect((await client.get('/_api/document/c/held')).status).toBe(200);
    expect(await deployment.control.releaseHeld()).toBe(0);
  });

  test('a delay holds one request and not the others', async () => {
    deployment.control.addFault({ ...writes, count: 1, action: { kind: 'delay', ms: LONG_MS } });
    const slow = client.post('/_api/document/c', { _key: 'slow' });
    slow.catch(() => undefined);
    await until(async () => deployment.control.faults().length === 0);
    expect((await client.post('/_api/document/c', { _key: 'fast' })).status).toBe(202);
    expect((await client.get('/_api/document/c/slow')).status).toBe(404);
  });

  test('a delay ends, and the request is answered as always', async () => {
    deployment.control.addFault({ ...writes, count: 1, action: { kind: 'delay', ms: 50 } });
    const sentAtMs = performance.now();
    expect((await client.post('/_api/document/c', {})).status).toBe(202);
    // A timer may fire within the millisecond before its time.
    expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(49);
    expect(await count()).toBe(1);
  });

  test('skip and count choose which requests are hit', async () => {
    const fault = deployment.control.addFault({ ...writes, skip: 1, count: 2, action: { kind: 'fail', status: 500 } });
    const statuses: number[] = [];
    for (let index = 0; index < 5; index++) statuses.push((await client.post('/_api/document/c', {})).status);
    expect(statuses).toEqual([202, 500, 500, 202, 202]);
    expect(fault.hits).toBe(2);
  });

  test('a rule can be taken away', async () => {
    const fault = deployment.control.addFault({ action: { kind: 'fail', status: 503 } });
    expect((await client.get('/_api/version')).status).toBe(503);
    fault.remove();
    expect((await client.get('/_api/version')).status).toBe(200);
  });
});

describe('servers told to misbehave', () => {
  test('frozen: taken, answered when thawed, even if nobody waits any more', async () => {
    deployment.control.freeze();
    await sendAndLeave('{"_key":"a"}');
    const waiting = client.post('/_api/document/c', { _key: 'b' });
    deployment.control.thaw();
    expect((await waiting).status).toBe(202);
    await until(async () => (await count()) === 2);
  });

  test('stopped: refused; started again: the data is there, on the same port', async () => {
    await client.post('/_api/document/c', { _key: 'a' });
    await deployment.control.stop();
    await expect(client.get('/_api/version')).rejects.toThrow(/ECONNREFUSED/);
    await deployment.control.start();
    expect(await count()).toBe(1);
  });

  test('a restart loses stored answers of asynchronous requests', async () => {
    const { headers } = await client.get('/_api/version', { headers: { 'x-arango-async': 'store' } });
    await deployment.control.restart();
    expect((await client.put(`/_api/job/${headers['x-arango-async-id']}`)).status).toBe(404);
  });

  test('a power cut loses what was not synced, and ticks are given again', async () => {
    await client.post('/_api/document/c?waitForSync=true', { _key: 'kept' });
    const { tick } = (await client.get('/_api/wal/lastTick')).json;
    await client.post('/_api/document/c', { _key: 'lost' });
    await deployment.control.losePower();
    expect((await client.get('/_api/document/c/lost')).status).toBe(404);
    expect((await client.get('/_api/document/c/kept')).status).toBe(200);
    expect((await client.get('/_api/wal/lastTick')).json.tick).toBe(tick);
  });

  test('a pruned log is missing from its range', async () => {
    await client.post('/_api/document/c', [{}, {}]);
    const before = (await client.get('/_api/wal/range')).json;
    deployment.control.prune();
    const after = (await client.get('/_api/wal/range')).json;
    expect(before.tickMin).toBe('1');
    expect(Number(after.tickMin)).toBeGreaterThan(1);
    expect(after.tickMax).toBe(before.tickMax);
  });

  test('cut connections: the server goes on', async () => {
    deployment.control.freeze();
    const waiting = client.get('/_api/version');
    waiting.catch(() => undefined);
    deployment.control.addFault({ path: /never/, action: { kind: 'cut' } });
    await until(async () => {
      deployment.control.cutConnections();
      return Promise.race([
        waiting.then(
          () => false,
          () => true,
        ),
        new Promise<boolean>((resolve) => setImmediate(() => resolve(false))),
      ]);
    });
    deployment.control.thaw();
    expect((await client.get('/_api/version')).status).toBe(200);
  });
});

describe('the control API over HTTP', () => {
  const post = (path: string, body: object, token = 'let me') =>
    new Client(deployment.controlEndpoint as string, `bearer ${token}`).call('POST', `/_control/${path}`, {
      text: JSON.stringify(body),
    });

  test('needs its token, and is no part of the normal API', async () => {
    expect((await post('read-only', { value: true }, 'wrong')).status).toBe(401);
    expect((await client.post('/_control/read-only', { value: true })).status).toBe(404);
  });

  test('adds, lists and clears faults', async () => {
    const control = new Client(deployment.controlEndpoint as string, 'bearer let me');
    const added = await post('faults', { path: '/_api/version', action: { kind: 'fail', status: 503 } });
    expect(added.json).toMatchObject({ id: 1, hits: 0, path: '\\/_api\\/version' });
    expect((await client.get('/_api/version')).status).toBe(503);
    expect((await control.get('/_control/faults')).json.faults).toMatchObject([{ hits: 1 }]);
    await control.delete('/_control/faults');
    expect((await client.get('/_api/version')).status).toBe(200);
  });

  test('commands, and refusal of nonsense', async () => {
    expect((await post('read-only', { value: true })).status).toBe(200);
    expect((await client.get('/_admin/server/mode')).json.mode).toBe('readonly');
    expect((await post('read-only', { value: 'yes' })).status).toBe(400);
    expect((await post('unknown', {})).status).toBe(404);
    expect((await post('lose-power', {})).json.newestTick).toBeTypeOf('number');
    const control = new Client(deployment.controlEndpoint as string, 'bearer let me');
    expect((await control.get('/_control')).json.description).toContain('single server');
  });
});
