import { describe, expect, it } from 'vitest';
import type { RegisterOutgoing } from '../../src/domain/outgoing/decide.ts';
import { cancelRequested, configured, event, identified, registered, shardOn } from './examples.ts';
import { given } from './given.ts';

const DAY_MS = 86_400_000;
const paused = event('SyncPaused', { keepLogMs: DAY_MS });
const pause = { kind: 'pause-sync', keepLogMs: DAY_MS } as const;
const resume = { kind: 'resume-sync' } as const;
const added = event('ShardsAdded', { shards: [shardOn(0)] });
const running = event('ShardStatesChanged', {
  changes: [{ shard: shardOn(0).shard, status: 'running', message: '', way: 'tail', reason: 'r' }],
});

describe('pausing', () => {
  it('is recorded once, and again only for another time that the log is kept', () => {
    const { thenThese } = given(configured, identified).when(pause);
    thenThese(paused);
    given(configured, paused).when(pause).thenNothing();
    given(configured, paused)
      .when({ ...pause, keepLogMs: 1 })
      .thenThese(event('SyncPaused', { keepLogMs: 1 }));
  });

  it('takes the receive tasks away and leaves the phase, the shards and their channels', () => {
    const history = [configured, identified, added, running] as const;
    const tasks = given(...history).when({ kind: 'reconcile-tasks' }).decision.events ?? [];
    expect(tasks.flatMap((each) => (each.type === 'TasksCreated' ? each.data.tasks : []))).toHaveLength(2);
    const after = given(...history, ...tasks, paused).when({ kind: 'reconcile-tasks' });
    after.thenThese(event('TasksRemoved', { taskIds: ['id1', 'id2'], reason: 'no longer wanted' }));
    const { synchronization, shards } = after.control();
    expect(synchronization.phase).toBe('active');
    expect([...shards.byKey.values()]).toMatchObject([{ channels: shardOn(0).channels }]);
  });

  it('is over when resumed: the same channels, and nothing is known of the shards yet', () => {
    const { shards, synchronization } = given(configured, identified, added, running, paused).when(resume).control();
    expect(synchronization.paused).toBeNull();
    expect([...shards.byKey.values()]).toMatchObject([{ channels: shardOn(0).channels, status: 'initializing' }]);
    given(configured).when(resume).thenNothing();
  });

  it('stays through other credentials, and lets a stop and a reset happen', () => {
    const request = { source: ['https://a1:8629'], credentialId: 'c2', fingerprint: 'keys2', caFingerprint: 'ca1' };
    const { synchronization } = given(configured, paused)
      .when({ kind: 'configure-sync', ...request })
      .control();
    expect(synchronization.paused).not.toBeNull();
    given(configured, paused)
      .when({ kind: 'cancel-sync', force: false, targetServerMode: 'default', sourceServerMode: 'default' })
      .thenThese(cancelRequested);
    const reset = { kind: 'reset-shards', database: 'd', collection: 'c' } as const;
    expect(given(configured, added, paused).when(reset).decision.events).toHaveLength(1);
  });

  it('is refused where nothing is synchronized, and ends with a failure', () => {
    given(configured)
      .when({ ...pause, keepLogMs: 8 * DAY_MS })
      .thenRefused(400, 'bad-keep-log');
    given().when(pause).thenRefused(412, 'not-active');
    given().when(resume).thenRefused(412, 'not-active');
    given(configured, cancelRequested).when(pause).thenRefused(412, 'not-active');
    const failed = event('SyncFailed', { code: 'x', reason: 'y' });
    expect(given(configured, paused, failed).control.synchronization.paused).toBeNull();
  });
});

const registration = {
  targetId: 'deployment-b',
  endpoints: ['https://b1:8629'],
  fingerprint: 'certificate-b',
  inventoryChannel: 'inventory-b',
};
const positions = [{ dbServer: 'PRMR-1', serverId: '7', tick: '90' }];
const contact = (more: Partial<RegisterOutgoing>): RegisterOutgoing => ({
  kind: 'register-outgoing',
  ...registration,
  ownDeploymentId: 'deployment-a',
  holdsToken: false,
  onlyRenews: true,
  ...more,
});
const told = { positions, keepLogMs: DAY_MS };
const outgoingPaused = event('OutgoingPaused', { targetId: 'deployment-b', ...told, asOf: 5 });

describe("a target's pause at its source", () => {
  it('is recorded with where the target stands, and is no news the second time', () => {
    given(registered)
      .when(contact({ paused: told, asOf: 5 }))
      .thenThese(outgoingPaused);
    given(registered, outgoingPaused)
      .when(contact({ paused: told, asOf: 6 }))
      .thenNothing();
  });

  it('ends with a contact that tells of none', () => {
    given(registered, outgoingPaused)
      .when(contact({ asOf: 7 }))
      .thenThese(event('OutgoingResumed', { targetId: 'deployment-b', asOf: 7 }));
  });

  it('S12: is not ended by a contact that was sent before it and lands late', () => {
    given(registered, outgoingPaused)
      .when(contact({ asOf: 5 }))
      .thenNothing();
  });

  it('keeps its begin when told anew, and remembers that the log was given up', () => {
    const released = { kind: 'release-log', targetId: 'deployment-b', reason: 'over' } as const;
    const { outgoing } = given(registered, outgoingPaused).control;
    const since = outgoing.get('deployment-b')?.pause?.since ?? '';
    const after = given(registered, outgoingPaused).when({ ...released, since });
    after.thenThese(event('OutgoingLogReleased', { targetId: 'deployment-b', reason: 'over' }));
    expect(after.control().outgoing.get('deployment-b')?.pause).toMatchObject({ since, released: 'over' });
    given(registered, outgoingPaused)
      .when({ ...released, since: 'another pause' })
      .thenNothing();
  });
});

describe('S12: a synchronization that has ended', () => {
  const numbered = event('OutgoingRegistered', { ...registration, asOf: 4, epoch: 3 });
  const stop = { kind: 'stop-outgoing', targetId: 'deployment-b', reason: 'stopped' } as const;
  const ended = event('OutgoingEpochEnded', { targetId: 'deployment-b', epoch: 3 });
  const late = contact({ onlyRenews: false, asOf: 4, epoch: 3 });

  it('does not register again, however late it asks', () => {
    const control = given(numbered).when(stop);
    control.thenThese(event('OutgoingStopped', { targetId: 'deployment-b', reason: 'stopped' }), ended);
    given(numbered, ...(control.decision.events ?? []))
      .when(late)
      .thenRefused(412, 'epoch-ended');
  });

  it('is remembered of a target whose registration has not come yet', () => {
    given()
      .when({ ...stop, epoch: 3 })
      .thenThese(ended);
    given(ended)
      .when({ ...stop, epoch: 3 })
      .thenNothing();
    given(ended).when(late).thenRefused(412, 'epoch-ended');
  });

  it('keeps no later one from registering', () => {
    const next = contact({ onlyRenews: false, asOf: 9, epoch: 8, inventoryChannel: 'inventory-2' });
    expect(given(ended).when(next).decision.events).toMatchObject([{ type: 'OutgoingRegistered', data: { epoch: 8 } }]);
  });
});

describe('a barrier that is asked for at the target', () => {
  const note = { kind: 'note-barrier', epoch: 'barrier1' } as const;
  const requested = event('BarrierRequested', { epoch: 'barrier1' });

  it('is recorded once for each epoch, and withdrawn once', () => {
    given(configured).when(note).thenThese(requested);
    given(configured, requested).when(note).thenNothing();
    given(configured, requested)
      .when({ kind: 'withdraw-barrier' })
      .thenThese(event('BarrierWithdrawn', { epoch: 'barrier1' }));
    given(configured).when({ kind: 'withdraw-barrier' }).thenNothing();
    given().when(note).thenRefused(412, 'not-active');
  });
});
