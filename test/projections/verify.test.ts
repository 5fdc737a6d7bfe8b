import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../src/events/vocabulary.ts';
import { archiveLog } from '../../src/projections/archive.ts';
import { STATE_SCHEMA } from '../../src/projections/control-state.ts';
import { type Finding, type VerifyOptions, verifyEvents } from '../../src/projections/verify.ts';
import { LedHistory } from './led-history.ts';
import { anyHistory } from './random-history.ts';

async function findingsOf(history: LedHistory, options: VerifyOptions = {}): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  await verifyEvents(history.log, { ...options, onFinding: (finding) => void findings.push(finding) });
  return findings;
}

const shard = (shardIndex: number) => ({ database: 'd', collection: 'c', shardIndex });
const withChannels = (shardIndex: number, channel = shardIndex) => ({
  shard: shard(shardIndex),
  channels: { data: `data${channel}`, control: `control${channel}` },
});
const task = (taskId: string) => ({
  ...{ taskId, type: 'receive-shard' as const, peerId: 'a' },
  ...withChannels(0),
});
const configured = (epoch: string): NewEvent => ({
  type: 'SyncConfigured',
  data: {
    ...{ epoch, source: ['https://a'], credentialId: 'c', fingerprint: 'f', caFingerprint: 'f', inventoryChannel: 'i' },
  },
});
const identified = (deploymentId: string, position: number): NewEvent => ({
  type: 'SourceIdentified',
  data: { deploymentId, version: '3.12', head: { position, hash: 'h' } },
});
const registered = (workerId: string, serverId: number): NewEvent => ({
  type: 'WorkerRegistered',
  data: { workerId, endpoint: `https://${workerId}`, serverId },
});
const assigned = (taskId: string, workerId: string, counter: number): NewEvent => ({
  type: 'TasksAssigned',
  data: { assignments: [{ taskId, workerId, counter }] },
});
const changed = (shardIndex: number, targetId?: string): NewEvent => {
  const change = {
    shard: shard(shardIndex),
    status: 'running' as const,
    message: '',
    way: 'tail' as const,
    reason: '',
  };
  return { type: 'ShardStatesChanged', data: { ...(targetId === undefined ? {} : { targetId }), changes: [change] } };
};
const target: NewEvent = {
  type: 'OutgoingRegistered',
  data: { targetId: 't', endpoints: ['https://t'], fingerprint: 'f', inventoryChannel: 'i' },
};

const workerCa: NewEvent = {
  type: 'WorkerCaCreated',
  data: { caId: 'ca', issuer: 'PEM', issuesFrom: '2024-01-01T00:00:00Z', validUntil: '2099-01-01T00:00:00Z' },
};

/** What leads up to it, and what must not follow. */
const violations: readonly [rule: string, before: readonly NewEvent[], event: NewEvent][] = [
  [
    'server-id-once',
    [registered('w1', 1), { type: 'WorkerLeft', data: { workerId: 'w1', reason: '' } }],
    registered('w2', 1),
  ],
  ['server-id-once', [registered('w1', 1)], registered('w1', 2)],
  [
    'owner-stays',
    [
      registered('w1', 1),
      { type: 'WorkerDraining', data: { workerId: 'w1', reason: '' } },
      { type: 'TasksCreated', data: { tasks: [task('a')] } },
    ],
    assigned('a', 'w1', 1),
  ],
  ['drains-once', [], { type: 'WorkerDraining', data: { workerId: 'w1', reason: '' } }],
  ['reencrypted-under-current', [], { type: 'SecretsReencrypted', data: { sealId: 'k1', count: 0 } }],
  ['worker-ca-once', [workerCa], workerCa],
  ['option-changes', [], { type: 'RootUserExclusionSet', data: { excluded: false } }],
  ['worker-known', [], { type: 'WorkerLeft', data: { workerId: 'w1', reason: '' } }],
  ['master-known', [], { type: 'MasterLeft', data: { masterId: 'm9', reason: '' } }],
  ['resignation-by-leader', [], { type: 'LeadershipResigned', data: { term: 1, masterId: 'm2' } }],
  [
    'task-created-once',
    [{ type: 'TasksCreated', data: { tasks: [task('a')] } }],
    { type: 'TasksCreated', data: { tasks: [task('a')] } },
  ],
  ['task-known', [registered('w1', 1)], assigned('a', 'w1', 1)],
  ['task-known', [], { type: 'TasksRemoved', data: { taskIds: ['a'], reason: '' } }],
  ['owner-registered', [{ type: 'TasksCreated', data: { tasks: [task('a')] } }], assigned('a', 'w1', 1)],
  [
    'one-owner-per-task',
    [registered('w1', 1), { type: 'TasksCreated', data: { tasks: [task('a')] } }, assigned('a', 'w1', 1)],
    assigned('a', 'w1', 2),
  ],
  [
    'counter-counts',
    [registered('w1', 1), { type: 'TasksCreated', data: { tasks: [task('a')] } }],
    assigned('a', 'w1', 2),
  ],
  [
    'unassigned-was-assigned',
    [{ type: 'TasksCreated', data: { tasks: [task('a')] } }],
    { type: 'TasksUnassigned', data: { taskIds: ['a'], reason: '' } },
  ],
  [
    'owner-registered',
    [registered('w1', 1), { type: 'TasksCreated', data: { tasks: [task('a')] } }, assigned('a', 'w1', 1)],
    { type: 'WorkerLeft', data: { workerId: 'w1', reason: '' } },
  ],
  [
    'one-per-endpoint',
    [registered('w1', 1)],
    { type: 'WorkerRegistered', data: { workerId: 'w2', endpoint: 'https://w1', serverId: 2 } },
  ],
  ['phase-order', [configured('e1')], configured('e2')],
  ['phase-order', [configured('e1')], { type: 'SyncStopped', data: { aborted: false, reason: '' } }],
  ['phase-order', [], { type: 'SyncFailed', data: { code: 'c', reason: '' } }],
  ['phase-order', [], { type: 'ShardsAdded', data: { shards: [withChannels(0)] } }],
  ['phase-order', [configured('e1')], { type: 'SyncCancelWithdrawn', data: { reason: '' } }],
  ['one-barrier', [], { type: 'BarrierSet', data: { targetId: 't', epoch: 'b1' } }],
  ['barrier-epoch', [], { type: 'BarrierLifted', data: { targetId: 't', epoch: 'b1', reason: '' } }],
  ['hold', [], { type: 'HoldBroken', data: { targetId: 't', barrierEpoch: 'b1', reason: '' } }],
  ['stopped-behind-barrier', [], { type: 'OutgoingStopped', data: { targetId: 't', reason: '', barrierEpoch: 'b1' } }],
  ['phase-order', [], { type: 'TargetSettled', data: { epoch: 'e1' } }],
  ['epoch-once', [configured('e1')], { type: 'EpochBegan', data: { epoch: 'e1', reason: '' } }],
  ['source-stays', [configured('e1'), identified('a', 1)], identified('x', 2)],
  ['source-goes-forward', [configured('e1'), identified('a', 2)], identified('a', 1)],
  [
    'shard-added-once',
    [configured('e1'), { type: 'ShardsAdded', data: { shards: [withChannels(0)] } }],
    { type: 'ShardsAdded', data: { shards: [withChannels(0, 1)] } },
  ],
  ['shard-known', [configured('e1')], { type: 'ShardsRemoved', data: { shards: [shard(0)], reason: '' } }],
  ['shard-known', [configured('e1')], changed(0)],
  ['target-known', [], changed(0, 't')],
  [
    'channels-once',
    [configured('e1'), { type: 'ShardsAdded', data: { shards: [withChannels(0)] } }],
    { type: 'ShardResetRequested', data: { shards: [withChannels(0)] } },
  ],
  ['target-known', [], { type: 'OutgoingStopped', data: { targetId: 't', reason: '' } }],
  ['shard-known', [target], { type: 'OutgoingShardsRemoved', data: { targetId: 't', shards: [shard(0)] } }],
  [
    'channels-once',
    [target, { type: 'OutgoingShardsAdded', data: { targetId: 't', version: '1', shards: [withChannels(0)] } }],
    { type: 'OutgoingShardsAdded', data: { targetId: 't', version: '2', shards: [withChannels(0)] } },
  ],
];

describe('the rules of the state machines', () => {
  it('hold in every history that the deciders make', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (commands) => {
        const history = new LedHistory();
        await history.carryOut(commands);
        expect(await findingsOf(history)).toEqual([]);
      }),
    );
  });

  it.each(violations)('find a breach of %s', async (rule, before, event) => {
    const history = new LedHistory();
    await history.claim('m1');
    for (const each of before) await history.append([each]);
    expect(await findingsOf(history)).toEqual([]);
    await history.append([event]);
    const { position } = history.plane;
    expect(await findingsOf(history)).toContainEqual(
      expect.objectContaining({ position, check: 'invariant', problem: rule }),
    );
  });

  it('find what was decided by a master that no longer leads (S12)', async () => {
    const history = new LedHistory();
    await history.claim('m1');
    await history.claim('m2');
    await history.append([configured('e1')], { writer: 'm1', term: 1 });
    expect((await findingsOf(history)).map(({ problem }) => problem)).toEqual([
      'written-in-current-term',
      'decided-by-leader',
    ]);
  });

  it('let a master that does not lead register, leave and refuse', async () => {
    const history = new LedHistory();
    await history.claim('m1');
    const data = { masterId: 'm2', endpoint: 'https://m2', publicEndpoints: [] };
    await history.append([{ type: 'MasterRegistered', data }], { writer: 'm2' });
    const rejected = { command: 'c', subject: {}, status: 403, code: 'c', reason: '', unrecorded: 0 };
    await history.append([{ type: 'CommandRejected', data: rejected }], { writer: 'm2' });
    expect(await findingsOf(history)).toEqual([]);
  });

  it('find two claims of one term, and a claim in another’s name', async () => {
    const history = new LedHistory();
    await history.claim('m1');
    const claim: NewEvent = { type: 'LeadershipClaimed', data: { term: 1, masterId: 'm2', endpoint: 'https://m2' } };
    await history.append([claim], { writer: 'm3', term: 1 });
    expect((await findingsOf(history)).map(({ problem }) => problem)).toEqual([
      'one-leader-per-term',
      'claim-by-itself',
    ]);
  });
});

describe('verification', () => {
  it('holds the log against states that were kept of it', async () => {
    const history = new LedHistory();
    await history.claim('m1');
    await history.append([{ type: 'MessageTimeoutSet', data: { messageTimeoutMs: 5 } }]);
    const snapshot = history.plane.snapshot();
    if (snapshot === undefined) throw new Error('every event is known');
    await history.append([{ type: 'MessageTimeoutSet', data: { messageTimeoutMs: 7 } }]);
    expect(await findingsOf(history, { kept: [{ name: 'the snapshot', snapshot }] })).toEqual([]);
    const forged = { ...snapshot, state: snapshot.state.replace('"messageTimeoutMs":5', '"messageTimeoutMs":6') };
    expect(await findingsOf(history, { kept: [{ name: 'the snapshot', snapshot: forged }] })).toMatchObject([
      { position: 2, check: 'snapshot', problem: 'different' },
    ]);
    const other = { ...snapshot, head: { position: 2, hash: 'another' } };
    expect(await findingsOf(history, { kept: [{ name: 'the snapshot', snapshot: other }] })).toMatchObject([
      { position: 2, check: 'chain', problem: 'swapped' },
    ]);
    const beyond = { ...snapshot, head: { position: 9, hash: 'cut off' } };
    expect(await findingsOf(history, { kept: [{ name: 'the snapshot', snapshot: beyond }] })).toMatchObject([
      { position: 9, check: 'chain', problem: 'missing' },
    ]);
  });

  it('finds events that this version does not know', async () => {
    const history = new LedHistory();
    await history.claim('m1');
    const events = [{ id: 'e', type: 'FutureThing', v: 1, data: {} }];
    await history.log.append(history.plane.head, { term: 1, writer: 'm1', at: '', cause: 'test', events });
    expect(await findingsOf(history)).toMatchObject([{ position: 2, check: 'vocabulary' }]);
  });

  it('finds a kept state in the log that is not what came before it (S10)', async () => {
    const history = new LedHistory();
    await history.claim('m1');
    const state = JSON.parse(history.plane.snapshot()?.state ?? '{}');
    await history.append([{ type: 'LogArchived', data: { schema: STATE_SCHEMA, state } }]);
    expect(await findingsOf(history)).toEqual([]);
    await history.append([{ type: 'LogArchived', data: { schema: STATE_SCHEMA, state } }]);
    expect(await findingsOf(history)).toMatchObject([{ position: 3, problem: 'archived-state' }]);
  });

  it('begins at the state that archiving left', async () => {
    const history = new LedHistory();
    await history.claim('m1');
    await history.append([registered('w1', 1)]);
    const writer = { term: 1, writer: 'm1', at: '', cause: 'archive' };
    await archiveLog(history.log, history.plane, { writer, newEventId: () => 'archived' });
    await history.append([{ type: 'WorkerLeft', data: { workerId: 'w1', reason: '' } }]);
    expect(await verifyEvents(history.log)).toMatchObject({ first: 3, last: 4, findings: 0 });
  });
});
