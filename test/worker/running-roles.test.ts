import { expect, test } from 'vitest';
import type { WorkerInstructions } from '../../src/wire/worker.ts';
import { RunningRoles } from '../../src/worker/running-roles.ts';
import { FakeRoles } from './support/fake-roles.ts';

const sends: WorkerInstructions['tasks'] = [
  { id: 't', type: 'send-inventory', channels: { data: 'd' }, peerId: 'target' },
];
const told = (throttle?: WorkerInstructions['throttle']): WorkerInstructions => ({
  term: 1,
  version: 'v',
  deploymentId: 'a',
  tasks: sends,
  ...(throttle === undefined ? {} : { throttle }),
});

test('limits reach what sends with every change, before anything is waited for, and go when they are not told any more', async () => {
  const roles = new FakeRoles();
  const running = new RunningRoles(
    roles,
    async () => undefined,
    async () => undefined,
  );
  await running.follow(told());
  const slow = Promise.withResolvers<void>();
  roles.slow = slow.promise;
  const followed = running.follow(told({ sourceRead: { bytesPerS: 7 } }));
  await expect.poll(() => roles.throttles).toEqual([{}, { sourceRead: { bytesPerS: 7 } }]);
  slow.resolve();
  await followed;
  await running.follow(told());
  expect(roles.throttles.at(-1)).toEqual({});
  await running.stop();
});
