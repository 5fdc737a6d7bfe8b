import { afterEach, expect, test } from 'vitest';
import { SOURCE_LIMITS } from '../../src/replication/source/limits.ts';
import { LogPin } from '../../src/replication/source/log-pin.ts';
import { ServerWatch } from '../../src/replication/target/server-watch.ts';
import { QUICK } from '../replication/source/harness.ts';
import { TestTarget, testEnvironment } from '../replication/target/harness.ts';
import { documentLine } from '../replication/target/operations.ts';

const REVISION = '_kEJrpFq---';
let target: TestTarget;

afterEach(() => target.stop());

test('S6: what was written before a sync survives a power cut', async () => {
  target = await TestTarget.start({ mode: 'single' });
  await target.createCollection('c');
  await target.restore('c', [documentLine('a', REVISION)]);
  const { synced } = await new ServerWatch(target.deployment, Date.now).syncAll(new AbortController().signal);
  expect(synced.size).toBe(1);
  await target.embedded.control.losePower();
  expect(await target.revisions('c', ['a'])).toEqual({ a: REVISION });
});

test('S7: the pin is a client of its own at the server, at the lowest position', async () => {
  target = await TestTarget.start({ mode: 'single' });
  const { front } = target.deployment;
  const { signal } = new AbortController();
  const pin = new LogPin(front, '4711', testEnvironment(), { ...SOURCE_LIMITS, ...QUICK });
  await pin.setNow({}, '20', signal);
  await pin.setNow({}, '10', signal);
  const path = '/_api/replication/logger-state';
  const state = await front.json<{ clients: { syncerId: string; lastServedTick: string }[] }>({ method: 'GET', path });
  expect(state.clients).toMatchObject([{ syncerId: '4711', lastServedTick: '10' }]);
});
