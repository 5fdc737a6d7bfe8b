import { expect, it } from 'vitest';
import { LeaderMemory } from '../../src/master/leader-memory.ts';
import type { Core } from '../../src/master/reconcile/core.ts';
import { MemberReconciler } from '../../src/master/reconcile/members.ts';
import { WorkerService } from '../../src/master/services/worker-service.ts';
import type { WorkerAuthority } from '../../src/master/worker-authority.ts';
import type { WorkerLending } from '../../src/master/worker-lending.ts';
import { initialControlState } from '../../src/projections/control-state.ts';

const workerLeaseMs = 6_000;

/** A leader with two workers, both silent for longer than their lease; `during` happens while one is being removed. */
function given(during: (workerId: string, memory: LeaderMemory) => void) {
  const memory = new LeaderMemory();
  memory.enterTerm({ ...initialControlState, leadership: { ...initialControlState.leadership, term: 1 } }, 0);
  for (const workerId of ['w1', 'w2']) memory.ledger.sent(workerId, 'v1', [`task of ${workerId}`]);
  const byId = new Map(['w1', 'w2'].map((workerId) => [workerId, { workerId }]));
  const removed: string[] = [];
  const core = {
    memory,
    control: { state: { ...initialControlState, workers: { byId, highestServerId: 2 } } },
    settings: { masterId: 'm1', times: { workerLeaseMs, masterLeaseMs: 5_000 } },
    ports: { clock: { monotonicMs: () => workerLeaseMs + 1 }, logger: { warn: () => undefined } },
    desk: {
      internal: async (command: () => { readonly workerId: string }) => {
        const { workerId } = command();
        during(workerId, memory);
        removed.push(workerId);
        byId.delete(workerId);
      },
    },
  };
  return { memory, removed, byId, core, reconciler: new MemberReconciler(core as unknown as Core) };
}

const signal = new AbortController().signal;

it('S12: does not let a worker go that was heard of while another one was let go', async () => {
  const { removed, reconciler } = given((_, memory) => memory.workers.heard('w2', workerLeaseMs));
  await reconciler.step(signal);
  expect(removed).toEqual(['w1']);
});

it('S12: holds that a worker may run what it was sent while it was let go', async () => {
  const { memory, removed, reconciler } = given((workerId, { workers }) => {
    if (workerId === 'w2') workers.heard('w2', workerLeaseMs);
  });
  await reconciler.step(signal);
  expect(removed).toEqual(['w1', 'w2']);
  expect([...memory.ledger.mayRunAnywhere()]).toEqual(['task of w2']);
});

it('does not take a worker for a silent one that everybody can see before its registration is answered', async () => {
  const { byId, core, memory } = given(() => undefined);
  const expired = () => memory.workers.expired(byId.keys(), workerLeaseMs, core.ports.clock.monotonicMs());
  let silent: string[] = [];
  const desk = {
    internal: async () => {
      byId.set('w3', { workerId: 'w3' });
      silent = expired();
      throw new Error('as far as this test goes');
    },
  };
  const lending = { enterTerm: () => undefined } as unknown as WorkerLending;
  const ports = { ...core.ports, metrics: { workerStored: () => undefined } };
  const service = new WorkerService({ ...core, desk, ports } as unknown as Core, {} as WorkerAuthority, lending);
  await expect(service.register({ id: 'w3', endpoint: 'https://w3:8729' }, signal)).rejects.toThrow('this test');
  expect(silent).toEqual(['w1', 'w2']);
});
