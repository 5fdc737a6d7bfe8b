import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ArangoRequest } from '../../src/replication/arango.ts';
import { type Datacenter, fastTimes, operator } from './support/datacenter.ts';
import { type FollowingPair, openFollowing } from './support/following.ts';
import { until } from './support/until.ts';

const signal = AbortSignal.timeout(120_000);
const abort = { force: true, target_server_mode: 'default', source_server_mode: 'default' } as const;

let pair: FollowingPair;
let b: Datacenter;

beforeEach(async () => {
  pair = await openFollowing({ database: 'd', collection: 'c', shardIndex: 0 });
  b = pair.b;
  await until('the target is read-only', () => b.deployment.front.mode === 'readonly');
});
afterEach(() => pair.stop());

const rounds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * fastTimes.reconcileEveryMs));
const isOver = () => pair.leader.state.synchronization.phase === 'inactive';

const isClosing = ({ method, body }: ArangoRequest) =>
  method === 'PUT' && (body as { mode: string }).mode === 'readonly';

/** Lets a test decide what becomes of calls for the mode. */
function meetModeCalls(meet: (asked: ArangoRequest, go: () => Promise<unknown>) => Promise<void>): void {
  const { front } = b.deployment;
  const own = front.request.bind(front);
  front.request = async (asked) => {
    if (asked.path === '/_admin/server/mode') await meet(asked, () => own(asked));
    return own(asked);
  };
}

it('S9: a target that is aborted while it is made read-only is writable in the end', async () => {
  let goOn = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const isHeld = new Promise<void>((resolve) => {
    meetModeCalls(async (asked) => {
      if (!isClosing(asked)) return;
      resolve();
      await held;
    });
  });
  b.deployment.front.mode = 'default';
  await isHeld;
  await pair.leader.sync.cancel(abort, operator, signal);
  await rounds(8);
  goOn();
  await until('it is stopped', isOver);
  await until('nothing holds its mode any more', () => !pair.leader.state.serverMode.held);
  await rounds(8);
  expect(b.deployment.front.mode).toBe('default');
});

it('S9: a call that was not answered, and lands after an abort, does not leave the target read-only', async () => {
  let land: (() => Promise<unknown>) | undefined;
  meetModeCalls(async (asked, go) => {
    if (!isClosing(asked)) return;
    land = go;
    throw new Error('no answer');
  });
  b.deployment.front.mode = 'default';
  const lost = await until('a call is lost', () => land);
  await pair.leader.sync.cancel(abort, operator, signal);
  await until('it is stopped', isOver);
  await rounds(8);
  await lost();
  expect(b.deployment.front.mode).toBe('readonly');
  await until('the target is writable', () => b.deployment.front.mode === 'default');
});
