import { describe, expect, it } from 'vitest';
import { decide } from '../../src/domain/decide.ts';
import { event, worker } from './examples.ts';
import { countingContext, fold, given } from './given.ts';

describe('leadership', () => {
  const claim = { kind: 'claim-leadership', masterId: 'm1', endpoint: 'https://m1:8629', highestTermMet: 0 } as const;
  const claimed = (term: number, masterId: string) =>
    event('LeadershipClaimed', { term, masterId, endpoint: `https://${masterId}:8629` });

  it('is claimed with term 1 in an empty log', () => {
    const { control } = given().when(claim).thenThese(claimed(1, 'm1'));
    expect(control.leadership).toEqual({ term: 1, leader: { masterId: 'm1', endpoint: 'https://m1:8629' } });
  });

  it('is claimed from another with the next term', () => {
    given(claimed(4, 'm2')).when(claim).thenThese(claimed(5, 'm1'));
  });

  it('S18: is claimed above any term ever met, because the log may have gone back', () => {
    given(claimed(4, 'm2'))
      .when({ ...claim, highestTermMet: 9 })
      .thenThese(claimed(10, 'm1'));
  });

  it('is resigned by who leads, and its term stays used', () => {
    const resign = { kind: 'resign-leadership', masterId: 'm1', term: 1 } as const;
    const resigned = event('LeadershipResigned', { term: 1, masterId: 'm1' });
    const { control } = given(claimed(1, 'm1')).when(resign).thenThese(resigned);
    expect(control.leadership).toEqual({ term: 1, leader: null });
  });

  it('is not resigned by one that another has deposed', () => {
    given(claimed(1, 'm1'), claimed(2, 'm2'))
      .when({ kind: 'resign-leadership', masterId: 'm1', term: 1 })
      .thenNothing();
  });
});

describe('masters', () => {
  const master = { masterId: 'm1', endpoint: 'https://m1:8629', publicEndpoints: ['https://dc:8629'] };
  const registered = event('MasterRegistered', master);

  it('register with their endpoints', () => {
    const { control } = given()
      .when({ kind: 'register-master', ...master })
      .thenThese(registered);
    expect(control.masters.get('m1')?.publicEndpoints).toEqual(['https://dc:8629']);
  });

  it('may register again and again', () => {
    given(registered)
      .when({ kind: 'register-master', ...master })
      .thenNothing();
  });

  it('take new endpoints by registering again', () => {
    const moved = { ...master, publicEndpoints: ['https://other:8629'] };
    given(registered)
      .when({ kind: 'register-master', ...moved })
      .thenThese(event('MasterRegistered', moved));
  });

  it('replace a dead process that had their endpoint', () => {
    const again = { ...master, masterId: 'm2' };
    given(registered)
      .when({ kind: 'register-master', ...again })
      .thenThese(
        event('MasterLeft', { masterId: 'm1', reason: 'replaced by m2 at https://m1:8629' }),
        event('MasterRegistered', again),
      );
  });

  it('leave once', () => {
    const remove = { kind: 'remove-master', masterId: 'm1', reason: 'silent' } as const;
    const { control } = given(registered)
      .when(remove)
      .thenThese(event('MasterLeft', { masterId: 'm1', reason: 'silent' }));
    expect(control.masters.size).toBe(0);
    given().when(remove).thenNothing();
  });
});

describe('workers', () => {
  const w1 = { workerId: 'w1', endpoint: 'https://w1:8729' };
  const task = event('TasksCreated', {
    tasks: [{ taskId: 't1', type: 'send-inventory', peerId: 'b', channels: { data: 'x' } }],
  });
  const assigned = event('TasksAssigned', { assignments: [{ taskId: 't1', workerId: 'w1', counter: 1 }] });

  it('get server ids from 1 on', () => {
    given()
      .when({ kind: 'register-worker', ...w1 })
      .thenThese(worker('w1', 1));
    const w2 = { workerId: 'w2', endpoint: 'https://w2:8729' };
    given(worker('w1', 1))
      .when({ kind: 'register-worker', ...w2 })
      .thenThese(worker('w2', 2));
  });

  it('get no server id that another one had, also when that one has left', () => {
    const left = event('WorkerLeft', { workerId: 'w1', reason: 'gone' });
    const w2 = { workerId: 'w2', endpoint: 'https://w2:8729' };
    given(worker('w1', 1), left)
      .when({ kind: 'register-worker', ...w2 })
      .thenThese(worker('w2', 2));
  });

  it('renew their registration without an event', () => {
    given(worker('w1', 1))
      .when({ kind: 'register-worker', ...w1 })
      .thenNothing();
  });

  it('keep their server id when they register with other data', () => {
    const near = { ...w1, dbServerAffinity: 'PRMR-1', publicEndpoint: 'https://public:8729', hostId: 'h' };
    given(worker('w1', 1))
      .when({ kind: 'register-worker', ...near })
      .thenThese(event('WorkerRegistered', { ...near, serverId: 1 }));
  });

  it('that come back under another id replace the process that ended, which loses its tasks', () => {
    const again = { workerId: 'w9', endpoint: 'https://w1:8729' };
    const reason = 'replaced by w9 at https://w1:8729';
    const { control } = given(worker('w1', 1), task, assigned)
      .when({ kind: 'register-worker', ...again })
      .thenThese(
        event('TasksUnassigned', { taskIds: ['t1'], reason }),
        event('WorkerLeft', { workerId: 'w1', reason }),
        event('WorkerRegistered', { ...again, serverId: 2 }),
      );
    expect(control.tasks.get('t1')).toMatchObject({ workerId: null, assignedAt: null, counter: 1 });
  });

  it('that are gone leave, and their tasks wait for another worker', () => {
    const { control } = given(worker('w1', 1), task, assigned)
      .when({ kind: 'remove-worker', workerId: 'w1', reason: 'no poll' })
      .thenThese(
        event('TasksUnassigned', { taskIds: ['t1'], reason: 'no poll' }),
        event('WorkerLeft', { workerId: 'w1', reason: 'no poll' }),
      );
    expect(control.workers.byId.size).toBe(0);
  });

  it('that are not known cannot be removed', () => {
    given().when({ kind: 'remove-worker', workerId: 'w1', reason: 'no poll' }).thenNothing();
  });
});

describe('the message timeout', () => {
  it('is one hour, and can be set', () => {
    expect(given().control.settings.messageTimeoutMs).toBe(3_600_000);
    const { control } = given()
      .when({ kind: 'set-message-timeout', messageTimeoutMs: 5_000 })
      .thenThese(event('MessageTimeoutSet', { messageTimeoutMs: 5_000 }));
    expect(control.settings.messageTimeoutMs).toBe(5_000);
  });

  it('is set once', () => {
    given().when({ kind: 'set-message-timeout', messageTimeoutMs: 3_600_000 }).thenNothing();
  });

  it.each([0, -1, 1.5, Number.NaN])('is refused as %d ms', (messageTimeoutMs) => {
    given().when({ kind: 'set-message-timeout', messageTimeoutMs }).thenRefused(400, 'bad-message-timeout');
  });

  const task = event('TasksCreated', {
    tasks: [{ taskId: 't1', type: 'send-inventory', peerId: 'b', channels: { data: 'x' } }],
  });
  const assigned = event('TasksAssigned', { assignments: [{ taskId: 't1', workerId: 'w1', counter: 1 }] });

  it('that are about to end give their tasks back at once, and get no more', () => {
    const drain = { kind: 'drain-worker', workerId: 'w1', reason: 'it is being stopped' } as const;
    const { control } = given(worker('w1', 1), task, assigned)
      .when(drain)
      .thenThese(
        event('WorkerDraining', { workerId: 'w1', reason: 'it is being stopped' }),
        event('TasksUnassigned', { taskIds: ['t1'], reason: 'its worker is leaving' }),
      );
    expect(control.workers.byId.get('w1')?.leaving).toBe(true);
    const assign = { kind: 'assign-tasks', dbServers: new Map(), notYet: new Set<string>() } as const;
    expect(decide(control, assign, countingContext())).toEqual({ events: [] });
    const joined = fold(control, [worker('w2', 2)]);
    expect(decide(joined, assign, countingContext()).events).toEqual([
      event('TasksAssigned', { assignments: [{ taskId: 't1', workerId: 'w2', counter: 2 }] }),
    ]);
  });

  it('are asked to leave once, also when they register again meanwhile', () => {
    const drain = { kind: 'drain-worker', workerId: 'w1', reason: 'again' } as const;
    const draining = event('WorkerDraining', { workerId: 'w1', reason: 'first' });
    given(worker('w1', 1), draining).when(drain).thenNothing();
    given(worker('w1', 1), draining, worker('w1', 1)).when(drain).thenNothing();
    given().when(drain).thenRefused(404, 'worker-unknown');
  });
});
