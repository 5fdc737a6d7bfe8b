import { Hono } from 'hono';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/adapters/http/app.ts';
import { Authentication } from '../../src/adapters/http/authentication.ts';
import { createMasterApp } from '../../src/adapters/http/master-app.ts';
import { STRANGERS_PER_MINUTE_MAX, StrangerLog } from '../../src/adapters/http/stranger-log.ts';
import type { Clock } from '../../src/master/clock.ts';
import type { Master } from '../../src/master/master.ts';
import { REJECTION_REPEAT_MS, REJECTIONS_PER_MINUTE_MAX, Rejections } from '../../src/master/rejections.ts';
import { ApiError } from '../../src/wire/api-error.ts';
import type { ListedEvent } from '../../src/wire/events.ts';
import { Datacenter, secret } from './support/datacenter.ts';
import { until } from './support/until.ts';

const signal = new AbortController().signal;
const user = { authorization: `Basic ${Buffer.from('root:x').toString('base64')}` };
const reader = { authorization: `Basic ${Buffer.from('reader:x').toString('base64')}` };
const monitoring = { authorization: 'Bearer watch' };

let datacenter: Datacenter;
let master: Master;
let app: App;

function appOf(served: Master): App {
  return createMasterApp(served, {
    authentication: new Authentication({
      jwtSecret: secret,
      monitoringToken: 'watch',
      checkUser: async (name) => (name === 'root' ? 'admin' : name === 'reader' ? 'not-admin' : 'wrong'),
    }),
    onUnexpected: (error) => {
      throw error;
    },
    onRefused: (refused) => served.rejections.record(refused),
    version: { version: '0.1.0', build: 'abc' },
    registry: new Registry(),
    queueDoors: new Hono(),
  });
}

beforeEach(async () => {
  datacenter = await Datacenter.open('AAA');
  master = await datacenter.startMaster('m1');
  await until('it leads', () => master.leads);
  app = appOf(master);
});

afterEach(async () => {
  await datacenter.stop();
});

async function ask(method: string, path: string, headers: Record<string, string>, body?: unknown, asked = app) {
  const answer = await asked.request(path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return answer.status;
}

async function rejected(): Promise<readonly ListedEvent[]> {
  const filter = { types: new Set(['CommandRejected']) };
  return (await master.events.after(0, { filter, limit: 1_000 }, 0, signal)).events;
}

describe('a command that was refused', () => {
  it('is an event when its caller has no right to it, whoever it is', async () => {
    expect(await ask('PUT', '/_api/message-timeout', monitoring, { messageTimeout: 1 })).toBe(403);
    expect(await ask('DELETE', '/_api/sync', reader, {})).toBe(403);
    expect(await rejected()).toMatchObject([
      { actor: { kind: 'monitoring' }, data: { command: 'PUT /_api/message-timeout', status: 403 } },
      { actor: { kind: 'user', name: 'reader' }, data: { command: 'DELETE /_api/sync', status: 403 } },
    ]);
  });

  it('is an event when it was malformed, and names what it was about', async () => {
    expect(await ask('PUT', '/_api/sync/database/d/collection/c/shard/x/reset', user)).toBe(400);
    expect(await rejected()).toMatchObject([
      { actor: { name: 'root' }, data: { subject: { database: 'd', collection: 'c', index: 'x' }, status: 400 } },
    ]);
  });

  it('is one event, not two, when a decider refused it', async () => {
    expect(await ask('PUT', '/_api/sync/database/d/collection/c/shard/0/reset', user)).toBe(412);
    expect(await rejected()).toMatchObject([{ data: { command: 'reset-shards', code: 'not-active' } }]);
  });

  it('is recorded by a master that does not lead, too', async () => {
    const follower = await datacenter.startMaster('m2');
    await until('it is registered', () => follower.state.masters.size === 2);
    expect(await ask('PUT', '/_api/message-timeout', monitoring, { messageTimeout: 1 }, appOf(follower))).toBe(403);
    expect(await rejected()).toMatchObject([{ writer: 'm2', actor: { kind: 'monitoring' } }]);
    const lines: unknown[] = [];
    await master.events.verify(async (line) => void lines.push(line), signal);
    expect(lines.at(-1)).toMatchObject({ findings: 0 });
  });

  it('is no event when it would have changed nothing, or nobody was recognised', async () => {
    expect(await ask('GET', '/_api/task/id/none', user)).toBe(404);
    expect(await ask('POST', '/_api/sync/checksums', user, { shards: 'none' })).toBe(400);
    expect(await ask('PUT', '/_api/message-timeout', {}, { messageTimeout: 1 })).toBe(401);
    expect(await ask('PUT', '/_api/message-timeout', { authorization: 'Basic eDp5' }, { messageTimeout: 1 })).toBe(401);
    expect(await rejected()).toEqual([]);
  });

  it('keeps control characters of what a client calls itself away from the log', async () => {
    const headers = { ...monitoring, 'x-arangosync-client-id': `tool\u009b31m${'x'.repeat(500)}` };
    expect(await ask('DELETE', '/_api/sync', headers, {})).toBe(403);
    const [event] = await rejected();
    expect(event?.actor?.clientId).toBe(`tool31m${'x'.repeat(121)}`);
  });
});

describe('refusals in great number', () => {
  const caller = { kind: 'user', name: 'root' } as const;

  async function recorder() {
    let nowMs = 0;
    const recorded: { unrecorded: number; reason: string }[] = [];
    const clock: Clock = { now: () => new Date(0), monotonicMs: () => nowMs, sleep: async () => {} };
    const control = {
      state: { leadership: { term: 1 } },
      submit: async ({ command }: { command: { unrecorded: number; reason: string } }) => void recorded.push(command),
    };
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const rejections = new Rejections(control as never, clock, logger);
    const record = (reason: string) =>
      rejections.record({ command: 'PUT /x', subject: {}, caller, error: new ApiError(400, reason) });
    const pass = (ms: number) => {
      nowMs += ms;
    };
    return { record, recorded, pass };
  }

  it('are recorded once while they repeat, and counted', async () => {
    const { record, recorded, pass } = await recorder();
    for (let time = 0; time < 5; time += 1) await record('bad');
    expect(recorded).toHaveLength(1);
    pass(REJECTION_REPEAT_MS);
    await record('bad');
    expect(recorded).toMatchObject([{ unrecorded: 0 }, { unrecorded: 4 }]);
  });

  it('are recorded so many in a minute, however they differ', async () => {
    const { record, recorded, pass } = await recorder();
    for (let time = 0; time < REJECTIONS_PER_MINUTE_MAX + 7; time += 1) await record(`bad ${time}`);
    expect(recorded).toHaveLength(REJECTIONS_PER_MINUTE_MAX);
    pass(60_000);
    await record('bad once more');
    expect(recorded.at(-1)).toMatchObject({ reason: 'bad once more', unrecorded: 7 });
  });

  it('of strangers are lines of the log output, so many in a minute', () => {
    const lines: string[] = [];
    const logger = { debug: () => {}, info: () => {}, warn: (line: string) => void lines.push(line), error: () => {} };
    let nowMs = 0;
    const strangers = new StrangerLog(logger, () => nowMs);
    const answered = {
      method: 'GET',
      route: '/_api/sync',
      status: 401,
      durationMs: 1,
      caller: '',
      clientId: undefined,
      address: '10.0.0.7',
    };
    for (let time = 0; time < STRANGERS_PER_MINUTE_MAX + 3; time += 1) strangers.answered(answered);
    strangers.answered({ ...answered, status: 403 });
    expect(lines).toHaveLength(STRANGERS_PER_MINUTE_MAX);
    expect(lines[0]).toBe('GET /_api/sync from 10.0.0.7 was refused: nobody was recognised');
    nowMs += 60_000;
    strangers.answered(answered);
    expect(lines.at(-1)).toContain('; 3 more before it');
  });
});
