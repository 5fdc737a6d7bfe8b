import { describe, expect, it } from 'vitest';
import { wantedMode } from '../../src/domain/server-mode/state.ts';
import { cancelRequested, configured, event, identified, registered } from './examples.ts';
import { given } from './given.ts';

const targetId = 'deployment-b';
const set = { kind: 'set-barrier', targetId, fingerprint: 'certificate-b' } as const;
const ticks = [{ dbServer: 'PRMR-1', serverId: '7', tick: '100' }];
const barrierSet = event('BarrierSet', { targetId, epoch: 'id1' });
const established = event('BarrierEstablished', { targetId, epoch: 'id1', ticks });
const lifted = event('BarrierLifted', { targetId, epoch: 'id1', reason: 'a server is writable' });
const stop = { kind: 'stop-outgoing', targetId, reason: 'the target stopped', barrierEpoch: 'id1' } as const;

type Given = ReturnType<typeof given>;
const modeOf = ({ control: { serverMode, synchronization, outgoing } }: Given) =>
  wantedMode(serverMode, synchronization, outgoing);

describe('S8: a barrier', () => {
  it('is set once, and keeps its epoch when it is set again', () => {
    given(registered).when(set).thenThese(barrierSet);
    given(registered, barrierSet).when(set).thenNothing();
    given(registered, barrierSet, established).when(set).thenNothing();
  });

  it('has another epoch after it was lifted', () => {
    const again = given(registered, barrierSet, lifted).when(set).control();
    expect(again.outgoing.get(targetId)?.barrier).toMatchObject({ ticks: null });
  });

  it('is established once, under an epoch of its own, and only under the one that it was set under', () => {
    const establish = { kind: 'establish-barrier', targetId, epoch: 'id1', ticks } as const;
    const setNow = event('BarrierSet', { targetId, epoch: 'set' });
    const { control } = given(registered, setNow).when({ ...establish, epoch: 'set' });
    expect(control().outgoing.get(targetId)?.barrier).toMatchObject({ setAs: 'set', epoch: 'id1', ticks });
    given(registered, barrierSet, established).when(establish).thenNothing();
    given(registered).when(establish).thenRefused(412, 'barrier-gone');
    given(registered, barrierSet, lifted).when(establish).thenRefused(412, 'barrier-gone');
  });

  it('is lifted by its epoch, and lifting what is not there succeeds', () => {
    const lift = { kind: 'lift-barrier', targetId, epoch: 'id1', reason: 'a server is writable' } as const;
    given(registered, barrierSet, established).when(lift).thenThese(lifted);
    given(registered, barrierSet, established)
      .when({ ...lift, epoch: 'another' })
      .thenNothing();
    given(registered).when(lift).thenNothing();
    given().when(lift).thenNothing();
  });

  it('established anew, after the log has lost that it was, lets nobody stop who was in sync before', () => {
    const before = event('BarrierEstablished', { targetId, epoch: 'id1', ticks, establishedEpoch: 'first' });
    const after = event('BarrierEstablished', { targetId, epoch: 'id1', ticks, establishedEpoch: 'second' });
    const behind = { ...stop, barrierEpoch: 'first' };
    const stopped = event('OutgoingStopped', { targetId, reason: 'the target stopped', barrierEpoch: 'first' });
    given(registered, barrierSet, before).when(behind).thenThese(stopped);
    given(registered, barrierSet, after).when(behind).thenRefused(412, 'barrier-broken');
    given(registered, barrierSet, after).when(stop).thenRefused(412, 'barrier-broken');
  });

  it('lets a target stop only while it holds unbroken', () => {
    const stopped = event('OutgoingStopped', { targetId, reason: 'the target stopped', barrierEpoch: 'id1' });
    given(registered, barrierSet, established).when(stop).thenThese(stopped);
    given(registered, barrierSet).when(stop).thenRefused(412, 'barrier-broken');
    given(registered, barrierSet, established, lifted).when(stop).thenRefused(412, 'barrier-broken');
    given(registered, barrierSet, established)
      .when({ ...stop, barrierEpoch: 'an older one' })
      .thenRefused(412, 'barrier-broken');
  });

  it('S23: belongs to the certificate of its target', () => {
    given(registered)
      .when({ ...set, fingerprint: 'other' })
      .thenRefused(403, 'other-certificate');
    given(registered, barrierSet)
      .when({ kind: 'lift-barrier', targetId, fingerprint: 'other', reason: '' })
      .thenRefused(403, 'other-certificate');
  });

  it('survives a new registration of its target', () => {
    const again = given(registered, barrierSet, established, registered);
    expect(again.control.outgoing.get(targetId)?.barrier).toMatchObject({ epoch: 'id1', ticks });
  });
});

describe('a cancellation behind a barrier', () => {
  const request = event('SyncCancelRequested', {
    force: false,
    targetServerMode: 'default',
    sourceServerMode: 'default',
    barrierEpoch: 'id1',
  });
  it('is withdrawn when the source would not stop: the synchronization goes on under the same epoch', () => {
    const after = given(configured, identified, request)
      .when({ kind: 'withdraw-cancellation', reason: 'broken' })
      .thenThese(event('SyncCancelWithdrawn', { reason: 'broken' })).control;
    expect(after.synchronization).toMatchObject({
      phase: 'active',
      cancellation: null,
      withdrawn: { reason: 'broken' },
      configuration: { epoch: 'epoch1' },
    });
  });

  it('cannot be withdrawn once it has ended', () => {
    given(configured, request, event('SyncStopped', { aborted: false, reason: '' }))
      .when({ kind: 'withdraw-cancellation', reason: 'late' })
      .thenNothing();
  });
});

describe('S9: the mode of a deployment', () => {
  const stopped = event('SyncStopped', { aborted: false, reason: '' });
  const second = event('OutgoingRegistered', {
    targetId: 'deployment-c',
    endpoints: ['https://c1:8629'],
    fingerprint: 'certificate-c',
    inventoryChannel: 'inventory-c',
  });
  const secondSet = event('BarrierSet', { targetId: 'deployment-c', epoch: 'id2' });

  it('is none of our business while nothing ever held it', () => {
    expect(modeOf(given())).toBeUndefined();
    expect(modeOf(given(registered))).toBeUndefined();
  });

  it('is read-only while a synchronization is active or failed, a barrier holds, or an operator wishes it', () => {
    expect(modeOf(given(configured))).toBe('readonly');
    expect(modeOf(given(configured, event('SyncFailed', { code: 'x', reason: 'y' })))).toBe('readonly');
    expect(modeOf(given(registered, barrierSet))).toBe('readonly');
    expect(modeOf(given(event('ServerModeWished', { mode: 'readonly' })))).toBe('readonly');
  });

  it('is made writable again by us, once, after what held it has ended', () => {
    expect(modeOf(given(registered, barrierSet, lifted))).toBe('default');
    given(registered, barrierSet, lifted)
      .when({ kind: 'note-mode-restored' })
      .thenThese(event('ServerModeRestored', {}));
    expect(modeOf(given(registered, barrierSet, lifted, event('ServerModeRestored', {})))).toBeUndefined();
    expect(modeOf(given(configured, cancelRequested, stopped))).toBe('default');
  });

  it('stays read-only for the barrier of one target when another one stops', () => {
    const stops = event('OutgoingStopped', { targetId, reason: '', serverMode: 'default' });
    expect(modeOf(given(registered, second, barrierSet, secondSet, stops))).toBe('readonly');
  });

  it('stays read-only when a stop asked for that, until an operator wishes otherwise', () => {
    const stops = event('OutgoingStopped', { targetId, reason: '', serverMode: 'readonly' });
    expect(modeOf(given(registered, stops))).toBe('readonly');
    given(registered, stops)
      .when({ kind: 'wish-server-mode', mode: 'default' })
      .thenThese(event('ServerModeWished', { mode: 'default' }));
    expect(modeOf(given(registered, stops, event('ServerModeWished', { mode: 'default' })))).toBe('default');
  });

  it('is free again when the target whose stop asked for read-only follows again, and no other', () => {
    const stops = event('OutgoingStopped', { targetId, reason: '', serverMode: 'readonly' });
    expect(modeOf(given(registered, stops, second))).toBe('readonly');
    expect(modeOf(given(registered, stops, registered))).toBe('default');
  });

  it('of a target that is left read-only stays so, and is free again by the next synchronization', () => {
    const leave = event('SyncCancelRequested', {
      force: false,
      targetServerMode: 'readonly',
      sourceServerMode: 'default',
    });
    expect(modeOf(given(configured, leave, stopped))).toBe('readonly');
    expect(modeOf(given(configured, leave, stopped, configured, cancelRequested, stopped))).toBe('default');
  });
});

describe('S8: a source that is held read-only for a reversal', () => {
  const stops = { targetId, reason: '', barrierEpoch: 'id1', serverMode: 'readonly' } as const;
  const stopped = event('OutgoingStopped', stops);
  const broken = event('HoldBroken', { targetId, barrierEpoch: 'id1', reason: 'it was made writable' });
  const breakHold = { kind: 'break-hold', reason: 'it was made writable' } as const;
  const found = {
    deploymentId: targetId,
    version: '3.12.0',
    follows: [],
    ownDeploymentId: 'deployment-a',
  };
  const keys = { credentialId: 'credential1', fingerprint: 'keys1', caFingerprint: 'ca1' };
  const reverse = { kind: 'configure-sync', source: ['https://b1:8629'], ...keys, found, reversal: true } as const;
  const held = [registered, barrierSet, established, stopped] as const;

  it('follows the target that stopped in sync, and the hold ends with that', () => {
    expect(given(...held).control.serverMode.heldFor).toEqual({ targetId, barrierEpoch: 'id1' });
    const { serverMode, synchronization } = given(...held)
      .when(reverse)
      .control();
    // Until it is seen writable, all that it holds the new source had.
    expect(synchronization.configuration).toMatchObject({ equalAtStart: true });
    expect(serverMode).toEqual({ wishedReadOnly: false, wishedFor: null, held: true, heldFor: null, holdBroken: null });
  });

  it('says when it was made writable, stays so, and does not follow that target by a reversal any more', () => {
    given(...held)
      .when(breakHold)
      .thenThese(broken);
    given(registered).when(breakHold).thenNothing();
    expect(modeOf(given(...held, broken))).toBe('default');
    given(...held, broken)
      .when(reverse)
      .thenRefused(412, 'not-held');
  });

  it('becomes writable when the target follows it again: the reversal was given up', () => {
    expect(modeOf(given(...held, registered))).toBe('default');
  });

  it('forgets what was broken when the target follows again', () => {
    expect(given(...held, broken).control.serverMode.holdBroken).toMatchObject({ targetId });
    expect(given(...held, broken, registered).control.serverMode.holdBroken).toBeNull();
  });

  it.each([
    ['it only stopped', [registered, event('OutgoingStopped', { targetId, reason: '', serverMode: 'readonly' })]],
    ['an operator wishes it read-only', [event('ServerModeWished', { mode: 'readonly' })]],
    ['another target stopped in sync', [event('OutgoingStopped', { ...stops, targetId: 'deployment-c' })]],
    ['it was writable in between', [...held, event('ServerModeWished', { mode: 'default' })]],
    [
      'it was read-only again later',
      [...held, event('ServerModeWished', { mode: 'default' }), event('ServerModeWished', { mode: 'readonly' })],
    ],
  ])('is not one because %s', (_, events) => {
    given(...events)
      .when(reverse)
      .thenRefused(412, 'not-held');
    const { decision } = given(...events).when({ ...reverse, reversal: false });
    expect(decision).toMatchObject({ events: [{ type: 'SyncConfigured' }] });
    expect(decision.events?.[0]?.data).not.toHaveProperty('equalAtStart');
  });
});
