import { describe, expect, it } from 'vitest';
import type { FoundSource } from '../../src/domain/synchronization/configure.ts';
import type { IdentifySource } from '../../src/domain/synchronization/identify.ts';
import { numberOfCall, numberOfSync } from '../../src/domain/synchronization/numbers.ts';
import { sameService } from '../../src/domain/synchronization/same-service.ts';
import type { EventData } from '../../src/events/vocabulary.ts';
import { cancelRequested, configured, event, identified, SOURCE, shardOn, shardRef } from './examples.ts';
import { fold, given } from './given.ts';

const configure = {
  kind: 'configure-sync',
  source: SOURCE,
  credentialId: 'credential2',
  fingerprint: 'keys1',
  caFingerprint: 'ca1',
  found: {
    deploymentId: 'deployment-a',
    version: '3.12.10',
    follows: [] as string[],
    ownDeploymentId: 'deployment-b',
  },
} as const;
const stopped = event('SyncStopped', { aborted: false, reason: 'asked' });
const failed = event('SyncFailed', { code: 'source-replaced', reason: 'another one' });

describe('configuring a synchronization', () => {
  it('begins one, with a new epoch and an inventory channel', () => {
    const { kind: _kind, found, ...wanted } = configure;
    const begun = { epoch: 'id1', inventoryChannel: 'channel1', sourceDeployment: found.deploymentId };
    const { control } = given()
      .when(configure)
      .thenThese(event('SyncConfigured', { ...wanted, ...begun }));
    expect(control.synchronization).toMatchObject({ phase: 'active', identity: null, configuration: { epoch: 'id1' } });
  });

  it('refuses itself, a loop, a newer source, and whom it lists as a target of its own', () => {
    const of = (found: Partial<FoundSource>) => ({ ...configure, found: { ...configure.found, ...found } });
    given()
      .when(of({ deploymentId: 'deployment-b' }))
      .thenRefused(412, 'source-is-target');
    given()
      .when(of({ follows: ['deployment-b'] }))
      .thenRefused(412, 'loop');
    given()
      .when(of({ follows: ['deployment-c', 'deployment-b'] }))
      .thenRefused(412, 'loop');
    given()
      .when(of({ unfit: ['DB-Server PRMR-1 is ArangoDB 3.7.18'] }))
      .thenRefused(412, 'source-unfit');
    given()
      .when(of({ ownUnfit: ['Coordinator CRDN-1 is ArangoDB 3.7.18'] }))
      .thenRefused(412, 'target-unfit');
    for (const version of ['3.13.0', '3.8.9']) {
      expect(given().when(of({ version })).decision.rejected).toBeUndefined();
    }
    const listed = event('OutgoingRegistered', {
      targetId: 'deployment-a',
      endpoints: ['https://a1:8629'],
      fingerprint: 'certificate-a',
      inventoryChannel: 'inventory-a',
    });
    given(listed).when(configure).thenRefused(412, 'stale-outgoing');
    given(listed)
      .when(of({ follows: ['deployment-b'] }))
      .thenRefused(412, 'loop');
  });

  it('S12: has a number above all that the source has seen of us, also after our log went back', () => {
    const seen = { ...configure, found: { ...configure.found, seen: 50 } };
    const { synchronization } = given().when(seen).control();
    expect(numberOfSync(synchronization)).toBe(51);
    expect(numberOfCall(synchronization, 3)).toBe(53);
    const after = given().when(seen).control();
    const stoppedOnce = fold(after, [stopped, configured], 1);
    expect(numberOfSync(stoppedOnce.synchronization)).toBe(53);
  });

  it('S12: has the position in our log as its number while that goes forward', () => {
    const { synchronization } = given(configured).control;
    expect(numberOfSync(synchronization)).toBe(1);
    expect(numberOfCall(synchronization, 9)).toBe(9);
  });

  it('accepts the same request again and changes nothing', () => {
    given(configured).when(configure).thenNothing();
  });

  it('knows the same source by one common endpoint, whatever its order, path and spelling', () => {
    given(configured)
      .when({ ...configure, source: ['https://A2:8629/'] })
      .thenNothing();
  });

  it('takes over other credentials of the same source, and no shard begins anew', () => {
    const { kind: _kind, found: _found, ...wanted } = { ...configure, fingerprint: 'keys2' };
    const { control } = given(configured, identified)
      .when({ ...configure, fingerprint: 'keys2' })
      .thenThese(event('SyncCredentialsReplaced', wanted));
    expect(control.synchronization.configuration).toMatchObject({
      epoch: 'epoch1',
      credentialId: 'credential2',
      inventoryChannel: 'inventory1',
    });
    expect(control.synchronization.identity?.deploymentId).toBe('deployment-a');
  });

  it('takes over another CA of the same source', () => {
    const { kind: _kind, found: _found, ...wanted } = { ...configure, caFingerprint: 'ca2' };
    given(configured)
      .when({ ...configure, caFingerprint: 'ca2' })
      .thenThese(event('SyncCredentialsReplaced', wanted));
  });

  it('refuses another source while one is active', () => {
    given(configured)
      .when({ ...configure, source: ['https://x:8629'] })
      .thenRefused(412, 'other-source');
  });

  it('refuses while it is being cancelled', () => {
    given(configured, cancelRequested).when(configure).thenRefused(412, 'cancelling');
  });

  it('S1: after a failure begins anew, and remembers nothing of the source before', () => {
    const after = given(configured, identified, failed).when(configure).control();
    expect(after.synchronization).toMatchObject({ phase: 'active', identity: null, failure: null });
    expect(after.synchronization.configuration?.epoch).toBe('id1');
  });

  it('S3: after a stop begins another epoch', () => {
    const after = given(configured, cancelRequested, stopped).when(configure).control();
    expect(after.synchronization).toMatchObject({ phase: 'active', lastStop: null, configuration: { epoch: 'id1' } });
  });
});

describe('the source', () => {
  const identifiedData = { deploymentId: 'deployment-a', version: '3.12.10' };
  const contact: IdentifySource = {
    kind: 'identify-source',
    deploymentId: 'deployment-a',
    version: '3.12.10',
    head: { position: 10, hash: 'head10' },
    ownDeploymentId: 'deployment-b',
    containsRemembered: true,
    asked: { inventoryChannel: 'inventory1', remembered: { position: 10, hash: 'head10' } },
  };
  const first: IdentifySource = { ...contact, asked: { inventoryChannel: 'inventory1', remembered: null } };

  it('is remembered at the first contact', () => {
    given(configured).when(first).thenThese(identified);
  });

  it('S1: is not known by an answer to what was asked under an earlier configuration', () => {
    given({ ...configured, data: { ...configured.data, inventoryChannel: 'inventory2' } } as typeof configured)
      .when(first)
      .thenNothing();
  });

  it('S1: is not held by a late answer against what was remembered since it was asked', () => {
    const since = event('SourceIdentified', { ...identifiedData, head: { position: 200, hash: 'head200' } });
    given(configured, identified, since).when(contact).thenNothing();
  });

  it('is not recorded at every contact', () => {
    given(configured, identified)
      .when({ ...contact, head: { position: 60, hash: 'head60' } })
      .thenNothing();
  });

  it('is remembered anew when its log has gone on far, or its version has changed', () => {
    const head = { position: 110, hash: 'head110' };
    const { control } = given(configured, identified)
      .when({ ...contact, head })
      .thenThese(event('SourceIdentified', { deploymentId: 'deployment-a', version: '3.12.10', head }));
    expect(control.synchronization.identity?.head).toEqual(head);
    const newer = event('SourceIdentified', { deploymentId: 'deployment-a', version: '3.12.11', head: contact.head });
    given(configured, identified)
      .when({ ...contact, version: '3.12.11' })
      .thenThese(newer);
  });

  const outcome = (changes: Partial<IdentifySource>) =>
    given(configured, identified).when({ ...contact, ...changes }).decision.events;

  it('S1: that is another deployment fails the synchronization', () => {
    expect(outcome({ deploymentId: 'deployment-x' })).toMatchObject([
      { type: 'SyncFailed', data: { code: 'source-replaced' } },
    ]);
  });

  it('S1: whose log no longer contains what we remember fails the synchronization', () => {
    const lost = [{ type: 'SyncFailed', data: { code: 'source-log-lost' } }];
    expect(outcome({ containsRemembered: false })).toMatchObject(lost);
    expect(outcome({ head: { position: 9, hash: 'head9' } })).toMatchObject(lost);
    expect(outcome({ head: { position: 10, hash: 'other' } })).toMatchObject(lost);
  });

  it('that is this deployment itself fails the synchronization', () => {
    expect(outcome({ deploymentId: 'deployment-b' })).toMatchObject([
      { type: 'SyncFailed', data: { code: 'source-is-target' } },
    ]);
  });

  it('S1: stays refused after that, although it looks right again', () => {
    given(configured, identified, failed).when(contact).thenNothing();
  });

  it('is not looked at while nothing is configured', () => {
    given().when(contact).thenNothing();
  });
});

describe('epochs', () => {
  it('S3: another one begins when the target was writable', () => {
    const { control } = given(configured)
      .when({ kind: 'begin-epoch', reason: 'the target was writable' })
      .thenThese(event('EpochBegan', { epoch: 'id1', reason: 'the target was writable' }));
    expect(control.synchronization.configuration?.epoch).toBe('id1');
  });

  it('S3: their target is settled once, and anew under the next one', () => {
    const settle = { kind: 'settle-target', epoch: 'epoch1' } as const;
    const settled = event('TargetSettled', { epoch: 'epoch1' });
    given(configured).when(settle).thenThese(settled);
    given(configured, settled).when(settle).thenNothing();
    given(configured, settled, event('EpochBegan', { epoch: 'epoch2', reason: '' }))
      .when(settle)
      .thenNothing();
    given(configured, cancelRequested).when(settle).thenNothing();
  });

  it('S2: end what was true of the target when a reversal began', () => {
    const reversed = event('SyncConfigured', {
      ...(configured.data as EventData<'SyncConfigured'>),
      equalAtStart: true,
    });
    const began = event('EpochBegan', { epoch: 'epoch2', reason: 'the target was writable' });
    expect(given(reversed).control.synchronization.configuration).toHaveProperty('equalAtStart');
    expect(given(reversed, began).control.synchronization.configuration).not.toHaveProperty('equalAtStart');
  });

  it('do not begin without an active synchronization', () => {
    given().when({ kind: 'begin-epoch', reason: 'x' }).thenNothing();
    given(configured, cancelRequested).when({ kind: 'begin-epoch', reason: 'x' }).thenNothing();
  });
});

describe('cancelling', () => {
  const cancel = {
    kind: 'cancel-sync',
    force: false,
    targetServerMode: 'default',
    sourceServerMode: 'default',
  } as const;

  it('has nothing to do while inactive', () => {
    given().when(cancel).thenNothing();
  });

  it('is requested once', () => {
    given(configured).when(cancel).thenThese(cancelRequested);
    given(configured, cancelRequested).when(cancel).thenNothing();
  });

  it('can be forced later, and the force is not taken back', () => {
    const forced = event('SyncCancelRequested', {
      force: true,
      targetServerMode: 'default',
      sourceServerMode: 'default',
    });
    given(configured, cancelRequested)
      .when({ ...cancel, force: true })
      .thenThese(forced);
    given(configured, forced).when(cancel).thenNothing();
  });

  it('is possible after a failure', () => {
    given(configured, failed).when(cancel).thenThese(cancelRequested);
  });

  it('ends inactive, with nothing left of the synchronization but how it ended', () => {
    const readonly = event('SyncCancelRequested', {
      force: true,
      targetServerMode: 'readonly',
      sourceServerMode: 'default',
    });
    const shards = event('ShardsAdded', { shards: [shardOn(0)] });
    const { control } = given(configured, identified, shards, readonly)
      .when({ kind: 'finish-cancellation', aborted: true, reason: 'the source did not answer' })
      .thenThese(event('SyncStopped', { aborted: true, reason: 'the source did not answer' }));
    expect(control.synchronization).toMatchObject({
      phase: 'inactive',
      configuration: null,
      identity: null,
      lastStop: { aborted: true, targetServerMode: 'readonly' },
    });
    expect(control.shards.byKey.size).toBe(0);
    expect(control.shards.reported).toBe(false);
  });

  it('ends once, and only when somebody asked for it', () => {
    const finish = { kind: 'finish-cancellation', aborted: false, reason: 'asked' } as const;
    given(configured, cancelRequested, stopped).when(finish).thenNothing();
    given(configured).when(finish).thenRefused(412, 'not-cancelling');
  });
});

describe('a failure of the whole synchronization', () => {
  const fail = { kind: 'fail-sync', code: 'some-code', reason: 'some reason' } as const;

  it('is recorded with its reason, once', () => {
    const { control } = given(configured)
      .when(fail)
      .thenThese(event('SyncFailed', { code: 'some-code', reason: 'some reason' }));
    expect(control.synchronization).toMatchObject({ phase: 'failed', failure: { code: 'some-code' } });
    given(configured, failed).when(fail).thenNothing();
  });

  it('does not disturb a cancellation', () => {
    given(configured, cancelRequested).when(fail).thenNothing();
  });
});

describe('structure reports', () => {
  const report = {
    kind: 'report-structure',
    epoch: 'epoch1',
    sourceDeployment: 'deployment-a',
    shards: [shardRef(0), shardRef(1)],
    problems: [],
    heldDrops: [],
    changes: [],
  } as const;
  const added = event('ShardsAdded', {
    shards: [
      { shard: shardRef(0), channels: { data: 'channel1', control: 'channel2' } },
      { shard: shardRef(1), channels: { data: 'channel3', control: 'channel4' } },
    ],
  });

  it('add shards, each with two channels of its own', () => {
    const { control } = given(configured, identified).when(report).thenThese(added);
    expect([...control.shards.byKey.values()].map(({ status, way }) => [status, way])).toEqual([
      ['initializing', 'none'],
      ['initializing', 'none'],
    ]);
  });

  it('change nothing when they say the same again, in whatever order', () => {
    given(configured, identified, added)
      .when({ ...report, shards: [shardRef(1), shardRef(0)] })
      .thenNothing();
  });

  it('remove shards that the source no longer has, and name the list anew', () => {
    const { control } = given(configured, identified, added)
      .when({ ...report, shards: [shardRef(1)] })
      .thenThese(event('ShardsRemoved', { shards: [shardRef(0)], reason: 'the source no longer has them' }));
    expect([...control.shards.byKey.values()].map(({ shard }) => shard)).toEqual([shardRef(1)]);
    expect(control.shards.version).toBe('4 2024-01-01T00:00:04.000Z');
  });

  it('of an empty source are recorded once', () => {
    const empty = event('ShardsAdded', { shards: [] });
    const { control } = given(configured, identified)
      .when({ ...report, shards: [] })
      .thenThese(empty);
    expect(control.shards.reported).toBe(true);
    given(configured, identified, empty)
      .when({ ...report, shards: [] })
      .thenNothing();
  });

  it('record what was changed, what cannot be replicated, and which drops are held', () => {
    const problems = [{ database: 'd', collection: 'x', reason: 'other number of shards' }];
    const { control } = given(configured, identified, added)
      .when({ ...report, changes: ['created collection d/c'], problems, heldDrops: ['d/b', 'd/a', 'd/a'] })
      .thenThese(
        event('StructureChanged', { changes: ['created collection d/c'] }),
        event('StructureProblemsChanged', { problems }),
        event('DropsHeld', { collections: ['d/a', 'd/b'] }),
      );
    expect(control.synchronization).toMatchObject({ problems, heldDrops: ['d/a', 'd/b'] });
  });

  it('take problems and held drops back when they are over', () => {
    const problems = event('StructureProblemsChanged', { problems: [{ database: 'd', collection: 'x', reason: 'r' }] });
    given(configured, identified, added, problems, event('DropsHeld', { collections: ['d/a'] }))
      .when(report)
      .thenThese(event('StructureProblemsChanged', { problems: [] }), event('DropsHeld', { collections: [] }));
  });

  it('S3: of another epoch are refused', () => {
    given(configured, identified)
      .when({ ...report, epoch: 'epoch0' })
      .thenRefused(412, 'other-epoch');
  });

  it('S1: of another deployment fail the synchronization', () => {
    const { decision } = given(configured, identified).when({ ...report, sourceDeployment: 'deployment-x' });
    expect(decision.events).toMatchObject([{ type: 'SyncFailed', data: { code: 'source-replaced' } }]);
  });

  it('are refused before the source is known, and while nothing is active', () => {
    given(configured).when(report).thenRefused(412, 'source-not-identified');
    given().when(report).thenRefused(412, 'not-active');
    given(configured, identified, failed).when(report).thenRefused(412, 'not-active');
  });
});

describe('S1: held drops', () => {
  const held = event('DropsHeld', { collections: ['d/a', 'd/b'] });
  const confirm = (...collections: string[]) => ({ kind: 'confirm-drops', collections }) as const;

  it('are confirmed one by one, or all at once', () => {
    const { control } = given(configured, held)
      .when(confirm('d/b'))
      .thenThese(event('DropsConfirmed', { collections: ['d/b'] }));
    expect(control.synchronization.confirmedDrops).toEqual(['d/b']);
    given(configured, held)
      .when(confirm())
      .thenThese(event('DropsConfirmed', { collections: ['d/a', 'd/b'] }));
  });

  it('are confirmed once', () => {
    given(configured, held, event('DropsConfirmed', { collections: ['d/b'] }))
      .when(confirm())
      .thenThese(event('DropsConfirmed', { collections: ['d/a'] }));
  });

  it('that nobody holds cannot be confirmed', () => {
    given(configured, held).when(confirm('d/a', 'd/x')).thenRefused(404, 'drop-not-held');
  });

  it('lose their confirmation when they are no longer held', () => {
    const confirmed = event('DropsConfirmed', { collections: ['d/a', 'd/b'] });
    const { control } = given(configured, held, confirmed, event('DropsHeld', { collections: ['d/b'] }));
    expect(control.synchronization.confirmedDrops).toEqual(['d/b']);
  });
});

describe('two endpoints', () => {
  it.each([
    [['https://a:8629/'], ['https://a:8629'], true],
    [['https://a:8629', 'https://b:8629'], ['https://b:8629/x', 'https://c:8629'], true],
    [['https://A'], ['https://a:443'], true],
    [['https://a:8629'], ['http://a:8629'], false],
    [['https://a:8629'], ['https://a:8630'], false],
    [['not a url'], ['not a url'], true],
  ])('%j and %j name the same service: %s', (a, b, same) => {
    expect(sameService(a, b)).toBe(same);
  });
});
