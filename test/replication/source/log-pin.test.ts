import { afterEach, beforeEach, expect, test } from 'vitest';
import { SOURCE_LIMITS } from '../../../src/replication/source/limits.ts';
import { LogPin } from '../../../src/replication/source/log-pin.ts';
import { TestTarget } from '../target/harness.ts';

const PIN_EVERY_MS = 10_000;
const { signal } = new AbortController();
let target: TestTarget;
let nowMs = 0;
let told = 0;
let pin: LogPin;

beforeEach(async () => {
  target = await TestTarget.start({ mode: 'single' });
  [nowMs, told] = [0, 0];
  const { front } = target.deployment;
  const server = {
    name: front.name,
    json: front.json.bind(front),
    request: (request: Parameters<typeof front.request>[0]) => {
      told += 1;
      return front.request(request);
    },
  };
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const environment = { now: () => nowMs, sleep: () => Promise.resolve(), log };
  pin = new LogPin(server, '4711', environment, { ...SOURCE_LIMITS, pinEveryMs: PIN_EVERY_MS });
});
afterEach(() => target.stop());

async function pinned(): Promise<string | undefined> {
  const path = '/_api/replication/logger-state';
  const { clients } = await target.deployment.front.json<{
    clients: { syncerId: string; lastServedTick: string }[];
  }>({ method: 'GET', path });
  return clients.find(({ syncerId }) => syncerId === '4711')?.lastServedTick;
}

test('S7: thousands of shards behind a pin that stands cost the server one request', async () => {
  for (let shard = 0; shard < 1_000; shard += 1) await pin.setNow({}, String(20 + shard), signal);
  expect(told).toBe(1);
  expect(await pinned()).toBe('20');
});

test('S7: a shard before the pin, or one that comes when the pin is old, tells the server at once', async () => {
  await pin.setNow({}, '20', signal);
  await pin.setNow({}, '10', signal);
  expect(told).toBe(2);
  expect(await pinned()).toBe('10');
  nowMs += PIN_EVERY_MS;
  await pin.setNow({}, '30', signal);
  expect(told).toBe(3);
});

test('S7: a shard that comes while the pin is on its way elsewhere does not rely on it', async () => {
  await pin.setNow({}, '20', signal);
  nowMs += PIN_EVERY_MS;
  const renewing = pin.setNow({}, '30', signal);
  await pin.setNow({}, '40', signal);
  await renewing;
  expect(told).toBe(3);
});

test('how long the log is kept: as long as it is read, until a time when the target stays behind, and then no more', async () => {
  const owner = {};
  expect(pin.keptFor(owner)).toMatchObject({ state: 'unknown' });
  await pin.setNow(owner, '20', signal);
  expect(pin.keptFor(owner)).toEqual({ state: 'kept' });
  pin.passed('30', 1_000);
  nowMs += 59_000;
  expect(pin.keptFor(owner)).toEqual({ state: 'kept' });
  nowMs += 61_000;
  expect(pin.keptFor(owner)).toEqual({ state: 'kept', until: '1970-01-02T00:00:00.000Z' });
  pin.set(owner, '30');
  expect(pin.keptFor(owner)).toEqual({ state: 'kept' });
  pin.passed('40', 1_000);
  nowMs += SOURCE_LIMITS.pinMsMax + 1;
  await pin.setNow({}, '40', signal);
  expect(pin.keptFor(owner)).toMatchObject({ state: 'released', message: expect.stringContaining('not kept for it') });
});
