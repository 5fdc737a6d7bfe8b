import { Agent } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ARRIVED_BYTES_MAX } from '../../../src/adapters/mq/direct/limits.ts';
import { QueueTokens } from '../../../src/adapters/mq/token.ts';
import { ack, frame, never, take } from './link-suite.ts';
import { loopbackCertificates } from './support/certificates.ts';
import { startDirectLoopback, TARGET, WORKER } from './support/direct-loopback.ts';

const certificates = loopbackCertificates();
let loopback: Awaited<ReturnType<typeof startDirectLoopback>>;
let agent: Agent;

beforeAll(async () => {
  loopback = await startDirectLoopback({ certificates });
  agent = new Agent({ connect: { ca: certificates.ca } });
});

afterAll(async () => {
  await agent.destroy();
  await loopback.stop();
});

async function call(method: 'GET' | 'PUT' | 'POST', path: string, token: string, body?: unknown) {
  const answer = await agent.request({
    origin: loopback.master.endpoint,
    path: `/_api/mq/direct${path}`,
    method,
    headers: { authorization: `bearer ${token}` },
    body: body === undefined ? null : JSON.stringify(body),
  });
  return { status: answer.statusCode, body: (await answer.body.json()) as Record<string, unknown> };
}

const SESSION = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const linkPath = (session = SESSION, worker = WORKER) => `/worker/${worker}/link/${session}`;

describe('S23: the door of a master', () => {
  test('opens to no token, a wrong one, or one of a target that is not registered', async () => {
    const other = loopback.tokens.issue('a target that was aborted');
    const foreign = new QueueTokens('another datacenter').issue(TARGET);
    for (const token of ['', 'x', other, foreign]) {
      expect((await call('PUT', linkPath(), token)).status).toBe(401);
      expect((await call('GET', '/routes', token)).status).toBe(401);
      expect((await call('POST', '/token/renew', token, { token: token || 'x' })).status).toBe(401);
    }
    expect(loopback.host.size).toBe(0);
  });

  test('tells a target its own routes only', async () => {
    const answer = await call('GET', '/routes?target=another', loopback.token.value);
    expect(answer.status).toBe(403);
  });

  test('tells routes once, and then only that they are unchanged', async () => {
    const { token } = loopback;
    expect(await call('GET', `/routes?target=${TARGET}`, token.value)).toEqual({
      status: 200,
      body: { version: '7', routes: { data1: { workerId: WORKER } }, workerCaCertificate: certificates.ca },
    });
    expect(await call('GET', `/routes?target=${TARGET}&version=7`, token.value)).toEqual({
      status: 200,
      body: { version: '7' },
    });
    const first = await loopback.queue.routes(TARGET, never);
    expect(await loopback.queue.routes(TARGET, never)).toEqual(first);
    expect(first).toEqual({ data1: { workerId: WORKER } });
  });

  test('gives a new token for one that is still valid', async () => {
    const answer = await call('POST', '/token/renew', '', { token: loopback.token.value });
    expect(answer.status).toBe(200);
    expect(answer.body['token-ttl']).toBe(5 * 3_600_000 * 1_000_000);
    expect(loopback.tokens.verify(String(answer.body.token))?.target).toBe(TARGET);
  });

  test('answers 404 for a worker that is not there, and does not climb out of a path', async () => {
    expect((await call('PUT', linkPath(SESSION, 'gone'), loopback.token.value)).status).toBe(404);
    expect((await call('PUT', linkPath('..%2F..%2Fversion'), loopback.token.value)).status).toBe(400);
  });

  test('a link belongs to the target that opened it', async () => {
    expect((await call('PUT', linkPath(), loopback.token.value)).status).toBe(200);
    expect(loopback.host.open(SESSION, 'another target').kind).toBe('foreign');
    expect(loopback.host.find(SESSION, 'another target')).toBeUndefined();
    expect(loopback.senders.at(-1)?.targetId).toBe(TARGET);
  });

  test('a link that has ended is not opened again by a late request', async () => {
    loopback.host.find(SESSION, TARGET)?.close('the test ends it');
    expect((await call('PUT', linkPath(), loopback.token.value)).status).toBe(410);
  });
});

test('a door that is closed cuts what streams through, and sends away who asks over the same connection', async () => {
  const ending = await startDirectLoopback({ certificates });
  const { receiver } = await ending.connect();
  await ending.doors.close();
  const answer = await agent.request({
    origin: ending.master.endpoint,
    path: '/_api/mq/direct/routes',
    method: 'GET',
    headers: { authorization: `bearer ${ending.token.value}` },
  });
  expect(answer.statusCode).toBe(503);
  expect(answer.headers.connection).toBe('close');
  expect(await answer.body.json()).toEqual({ error: 'this master is ending: ask another one' });
  await expect.poll(() => ending.troubles.map(String)).toContainEqual(expect.stringContaining('503'));
  receiver.close();
  await ending.stop();
});

describe('a link through the door', () => {
  test('a control that leaves a gap, or a frame that was acknowledged, ends the link', async () => {
    const gap = '01ARZ3NDEKTSV4RRFFQ69G5FB0';
    await call('PUT', linkPath(gap), loopback.token.value);
    const controls = { from: 2, controls: [ack(1)], ack: 0 };
    expect(await call('POST', `${linkPath(gap)}/control`, loopback.token.value, controls)).toMatchObject({
      status: 410,
      body: { error: expect.stringContaining('control 1 is missing') },
    });
    const passed = '01ARZ3NDEKTSV4RRFFQ69G5FB1';
    await call('PUT', linkPath(passed), loopback.token.value);
    loopback.senders.at(-1)?.push(frame(1));
    await call('POST', `${linkPath(passed)}/control`, loopback.token.value, { from: 1, controls: [], ack: 1 });
    const asked = { poll: 1, from: 1, holdMs: 1000 };
    expect(await call('POST', `${linkPath(passed)}/poll`, loopback.token.value, asked)).toMatchObject({
      status: 410,
      body: { error: expect.stringContaining('was acknowledged before') },
    });
  });

  test('controls beyond what the sender has room for are taken later, none twice', async () => {
    const { sender, receiver } = await loopback.connect();
    for (let seq = 1; seq <= 15_000; seq += 1) receiver.send(ack(seq));
    const came = await take(sender.controls, 15_000);
    expect(came).toEqual(Array.from({ length: 15_000 }, (_, at) => ack(at + 1)));
    receiver.close();
  });

  test('keeps little of what a target does not take: back-pressure reaches the source worker', async () => {
    const { sender, receiver } = await loopback.connect();
    const before = loopback.proxy.passedBytes();
    const body = Buffer.alloc(256 * 1024);
    for (let at = 0; at < body.length; at += 4) body.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at);
    for (let seq = 1; seq <= 120; seq += 1) sender.push(frame(seq, body));
    // What the receiver holds, and what sockets, streams and the door hold between it and the source.
    await expect.poll(() => loopback.proxy.passedBytes() - before).toBeGreaterThan(ARRIVED_BYTES_MAX / 2);
    let last = -1;
    await expect
      .poll(() => {
        const now = loopback.proxy.passedBytes();
        const still = now === last;
        last = now;
        return still;
      })
      .toBe(true);
    expect(sender.bufferedBytes).toBeGreaterThan(4 * 1024 * 1024);
    expect((await take(receiver.frames, 120)).length).toBe(120);
    receiver.close();
  });

  test('a token of another target does not reach an open link', async () => {
    const { receiver } = await loopback.connect();
    const session =
      loopback.proxy.requests
        .findLast((each) => each.startsWith('PUT'))
        ?.split('/')
        .at(-1) ?? '';
    expect(loopback.host.find(session, TARGET)).toBeDefined();
    const answer = await agent.request({
      origin: loopback.worker.endpoint,
      path: `/_api/mq/direct/link/${session}/poll`,
      method: 'POST',
      headers: { authorization: `bearer ${loopback.tokens.issue('another target')}` },
      body: JSON.stringify({ poll: 99, from: 1, holdMs: 1000 }),
    });
    expect(answer.statusCode).toBe(410);
    await answer.body.dump();
    receiver.close();
  });
});
