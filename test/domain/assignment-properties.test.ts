import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Control, initialControl } from '../../src/domain/control.ts';
import { decide } from '../../src/domain/decide.ts';
import type { AssignTasks } from '../../src/domain/tasks/assign.ts';
import type { TaskType } from '../../src/events/types/parts.ts';
import type { NewEvent } from '../../src/events/vocabulary.ts';
import { event, shardOn, shardRef, worker } from './examples.ts';
import { countingContext, fold } from './given.ts';

const TYPES: readonly TaskType[] = ['send-inventory', 'receive-inventory', 'send-shard', 'receive-shard'];
const SERVERS = ['PRMR-a', 'PRMR-b', 'PRMR-c', 'PRMR-d'];

type Step =
  | { readonly kind: 'join'; readonly affinity: string | undefined }
  | { readonly kind: 'leave'; readonly which: number }
  | { readonly kind: 'create'; readonly type: TaskType; readonly count: number }
  | { readonly kind: 'remove'; readonly which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('join' as const),
    affinity: fc.option(fc.constantFrom(...SERVERS), { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('leave' as const), which: fc.nat(20) }),
  fc.record({ kind: fc.constant('create' as const), type: fc.constantFrom(...TYPES), count: fc.nat(30) }),
  fc.record({ kind: fc.constant('remove' as const), which: fc.nat(50) }),
);
const steps = fc.array(step, { maxLength: 25 });

let drawn = 0;

function eventsOf(control: Control, what: Step): readonly NewEvent[] {
  switch (what.kind) {
    case 'join':
      drawn += 1;
      return [worker(`w${drawn}`, drawn, what.affinity)];
    case 'leave': {
      const ids = [...control.workers.byId.keys()];
      const workerId = ids[what.which % Math.max(1, ids.length)];
      if (workerId === undefined) return [];
      return decide(control, { kind: 'remove-worker', workerId, reason: 'left' }, countingContext()).events ?? [];
    }
    case 'create': {
      const tasks = Array.from({ length: what.count }, () => {
        drawn += 1;
        return { taskId: `t${drawn}`, type: what.type, peerId: 'peer', ...shardOn(drawn) };
      });
      return [event('TasksCreated', { tasks })];
    }
    case 'remove': {
      const ids = [...control.tasks.keys()];
      const taskId = ids[what.which % Math.max(1, ids.length)];
      return taskId === undefined ? [] : [event('TasksRemoved', { taskIds: [taskId], reason: 'gone' })];
    }
  }
}

/** Every shard is led by some DB-Server, always the same. */
function assignmentOf(control: Control): AssignTasks {
  const dbServers = new Map(
    [...control.tasks.values()].flatMap(({ taskId, shard }) =>
      shard === undefined ? [] : [[taskId, SERVERS[shard.shardIndex % SERVERS.length] ?? ''] as const],
    ),
  );
  return { kind: 'assign-tasks', dbServers, notYet: new Set() };
}

/** Decides until nothing is left to decide. */
function settle(control: Control): { readonly control: Control; readonly rounds: number } {
  let state = control;
  for (let rounds = 0; ; rounds += 1) {
    const events = decide(state, assignmentOf(state), countingContext()).events ?? [];
    if (events.length === 0) return { control: state, rounds };
    if (rounds > 10) throw new Error('the assignment does not settle');
    state = fold(state, events);
  }
}

function settled(what: readonly Step[]): Control {
  return what.reduce((control, next) => settle(fold(control, eventsOf(control, next))).control, initialControl);
}

/** Tasks per worker, of one type or of all. */
function loads(control: Control, type?: TaskType): readonly number[] {
  const tasks = [...control.tasks.values()].filter((task) => type === undefined || task.type === type);
  return [...control.workers.byId.keys()].map((id) => tasks.filter(({ workerId }) => workerId === id).length);
}

function spread(counts: readonly number[]): number {
  return counts.length === 0 ? 0 : Math.max(...counts) - Math.min(...counts);
}

function movedBetween(before: Control, after: Control) {
  return [...after.tasks.values()].filter(({ taskId, workerId }) => before.tasks.get(taskId)?.workerId !== workerId);
}

describe('whatever workers and tasks come and go', () => {
  it('every task has a worker as soon as there is one', () => {
    fc.assert(
      fc.property(steps, (what) => {
        const control = settled(what);
        const waiting = [...control.tasks.values()].filter(({ workerId }) => workerId === null);
        expect(control.workers.byId.size === 0 || waiting.length === 0).toBe(true);
      }),
    );
  });

  it('no two workers differ by more than one task, neither of any type nor in all', () => {
    fc.assert(
      fc.property(steps, (what) => {
        const control = settled(what);
        for (const type of [undefined, ...TYPES]) expect(spread(loads(control, type))).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('it settles after taking away and giving out once each', () => {
    fc.assert(
      fc.property(steps, step, (what, next) => {
        const control = settled(what);
        expect(settle(fold(control, eventsOf(control, next))).rounds).toBeLessThanOrEqual(2);
      }),
    );
  });

  it('a worker that joins moves its own share only', () => {
    fc.assert(
      fc.property(steps, (what) => {
        const before = settled(what);
        drawn += 1;
        const joined = `w${drawn}`;
        const { control } = settle(fold(before, [worker(joined, drawn)]));
        const share = [...control.tasks.values()].filter(({ workerId }) => workerId === joined).length;
        expect(movedBetween(before, control)).toHaveLength(share);
      }),
      { numRuns: 500 },
    );
  });

  it('a worker that leaves moves no more than it had, and one remainder of each type', () => {
    fc.assert(
      fc.property(steps, (what) => {
        const before = settled(what);
        const [leaver] = before.workers.byId.keys();
        if (leaver === undefined || before.workers.byId.size === 1) return;
        const had = [...before.tasks.values()].filter(({ workerId }) => workerId === leaver).length;
        const { control } = settle(fold(before, eventsOf(before, { kind: 'leave', which: 0 })));
        expect(movedBetween(before, control).length).toBeLessThanOrEqual(had + TYPES.length);
      }),
    );
  });

  it('decides the same from a state whose maps were filled in another order', () => {
    fc.assert(
      fc.property(steps, step, (what, next) => {
        const control = settled(what);
        const changed = fold(control, eventsOf(control, next));
        const reversed: Control = {
          ...changed,
          tasks: new Map([...changed.tasks].reverse()),
          workers: { ...changed.workers, byId: new Map([...changed.workers.byId].reverse()) },
        };
        expect(decide(reversed, assignmentOf(reversed), countingContext())).toEqual(
          decide(changed, assignmentOf(changed), countingContext()),
        );
      }),
    );
  });

  it.each(['send-shard', 'receive-shard'] as const)('gives each %s to a worker beside its DB-Server', (type) => {
    const each = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(each, each, (perServer, workersEach) => {
        const count = perServer * workersEach * SERVERS.length;
        const tasks = Array.from({ length: count }, (_, index) => ({
          ...{ taskId: `near${index}`, type, peerId: 'peer' },
          ...shardOn(index),
        }));
        const workers = Array.from({ length: workersEach * SERVERS.length }, (_, index) =>
          worker(`near${index}`, index + 1, SERVERS[index % SERVERS.length]),
        );
        const { control } = settle(fold(initialControl, [event('TasksCreated', { tasks }), ...workers]));
        const { dbServers } = assignmentOf(control);
        const far = [...control.tasks.values()].filter(
          ({ taskId, workerId }) =>
            control.workers.byId.get(workerId ?? '')?.dbServerAffinity !== dbServers.get(taskId),
        );
        expect(far).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('a worker that joins beside a DB-Server takes shards of that one first', () => {
    const tasks = Array.from({ length: 30 }, (_, index) => ({
      ...{ taskId: `t${index}`, type: 'receive-shard' as const, peerId: 'peer' },
      ...shardOn(index),
    }));
    const before = settle(fold(initialControl, [event('TasksCreated', { tasks }), worker('far', 1)])).control;
    const { control } = settle(fold(before, [worker('near', 2, SERVERS[0])]));
    const { dbServers } = assignmentOf(control);
    const taken = [...control.tasks.values()].filter(({ workerId }) => workerId === 'near');
    const near = taken.filter(({ taskId }) => dbServers.get(taskId) === SERVERS[0]);
    expect(taken).toHaveLength(15);
    expect(near).toHaveLength([...dbServers.values()].filter((server) => server === SERVERS[0]).length);
  });

  it('a worker that is leaving keeps nothing, and the others share evenly', () => {
    fc.assert(
      fc.property(steps, (what) => {
        const before = settled(what);
        const [workerId] = before.workers.byId.keys();
        if (workerId === undefined) return;
        const drain = decide(before, { kind: 'drain-worker', workerId, reason: 'stopped' }, countingContext());
        const { control } = settle(fold(before, drain.events ?? []));
        const owners = [...control.tasks.values()].map((task) => task.workerId);
        expect(owners).not.toContain(workerId);
        expect(owners.every((owner) => (owner === null) === (before.workers.byId.size === 1))).toBe(true);
      }),
    );
  });

  it('shares 10,000 shards among 20 workers in well under a second', () => {
    const tasks = Array.from({ length: 10_000 }, (_, index) => ({
      taskId: `big${index}`,
      type: 'send-shard' as const,
      peerId: 'peer',
      ...shardOn(index),
    }));
    const workers = Array.from({ length: 20 }, (_, index) => worker(`big${index}`, index + 1));
    const control = fold(initialControl, [event('TasksCreated', { tasks }), ...workers]);
    const start = performance.now();
    const { control: after } = settle(control);
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(loads(after)).toEqual(Array.from({ length: 20 }, () => 500));
    expect(after.tasks.get('big0')?.shard).toEqual(shardRef(0));
  });
});
