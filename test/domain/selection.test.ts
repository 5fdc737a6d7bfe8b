import { describe, expect, it } from 'vitest';
import type { ConfigureSync } from '../../src/domain/synchronization/configure.ts';
import type { EventData, NewEvent } from '../../src/events/vocabulary.ts';
import { synchronizationRules } from '../../src/projections/invariants/synchronization.ts';
import { cancelRequested, configured, event, identified, registered, SOURCE, shardOn, shardRef } from './examples.ts';
import { given } from './given.ts';

const SHOP = { include: ['shop'], exclude: ['shop/tmp*'] };
const CRM = { include: ['crm'], exclude: [] };
const EVERYTHING = { include: ['*'], exclude: [] };

const credentials = {
  source: SOURCE,
  credentialId: 'credential1',
  fingerprint: 'keys1',
  caFingerprint: 'ca1',
};
const again: ConfigureSync = { kind: 'configure-sync', ...credentials };
const found = {
  deploymentId: 'deployment-a',
  version: '3.12.10',
  follows: [] as string[],
  ownDeploymentId: 'deployment-b',
};
const first: ConfigureSync = { ...again, found };
const withShop = event('SyncConfigured', {
  ...(configured.data as EventData<'SyncConfigured'>),
  selection: SHOP,
});
const stopped = event('SyncStopped', { aborted: false, reason: 'asked' });
const failed = event('SyncFailed', { code: 'source-replaced', reason: 'another one' });

describe('what a synchronization replicates', () => {
  it('is recorded with it, in one form', () => {
    const { control } = given()
      .when({
        ...first,
        selection: { include: ['shop', 'shop'], exclude: ['shop/tmp*'] },
      })
      .thenThese(
        event('SyncConfigured', {
          ...credentials,
          epoch: 'id1',
          inventoryChannel: 'channel1',
          sourceDeployment: 'deployment-a',
          selection: SHOP,
        }),
      );
    expect(control.synchronization.configuration?.selection).toEqual(SHOP);
    const all = given()
      .when({ ...first, selection: EVERYTHING })
      .control();
    expect(all.synchronization.configuration).not.toHaveProperty('selection');
  });

  it('is refused where a pattern cannot be read', () => {
    given()
      .when({ ...first, selection: { include: ['a/b/c'], exclude: [] } })
      .thenRefused(400, 'bad-pattern');
  });

  it('stays when none is named, while it is active and after it has failed', () => {
    given(withShop).when(again).thenNothing();
    const after = given(withShop, failed).when(first).control();
    expect(after.synchronization).toMatchObject({ phase: 'active', configuration: { selection: SHOP } });
  });

  it('changes only when that is said, and then with an event', () => {
    given(withShop)
      .when({ ...again, selection: { include: ['shop'], exclude: ['shop/tmp*', 'shop/tmp*'] } })
      .thenNothing();
    given(withShop)
      .when({ ...again, selection: CRM })
      .thenRefused(412, 'selection-changes');
    given(withShop)
      .when({ ...again, selection: CRM, changeSelection: true })
      .thenThese(event('SyncSelectionChanged', { selection: CRM }));
    const { control } = given(withShop)
      .when({ ...again, selection: EVERYTHING, changeSelection: true })
      .thenThese(event('SyncSelectionChanged', {}));
    expect(control.synchronization.configuration).not.toHaveProperty('selection');
  });

  it('S2: what comes in by a change is not taken for equal because the rest was when a reversal began', () => {
    const reversed = event('SyncConfigured', {
      ...(configured.data as EventData<'SyncConfigured'>),
      equalAtStart: true,
      selection: SHOP,
    });
    const changed = given(reversed)
      .when({ ...again, selection: CRM, changeSelection: true })
      .control();
    expect(changed.synchronization.configuration).not.toHaveProperty('equalAtStart');
  });

  it('S1: must be named again after a stop, since taken for everything it would drop what was left out', () => {
    const before = [withShop, identified, cancelRequested, stopped];
    expect(given(...before).control.synchronization.lastStop?.partial).toEqual({
      selection: SHOP,
      sourceDeployment: 'deployment-a',
    });
    given(...before)
      .when(first)
      .thenRefused(412, 'selection-not-named');
    const all = given(...before).when({ ...first, selection: EVERYTHING });
    expect(all.control().synchronization).toMatchObject({ phase: 'active', lastStop: null });
    given(configured, identified, cancelRequested, stopped).when(first).control();
  });

  it('S1: must be named where the source has only a part of what is here, and reversed with that very part', () => {
    const partial = { ...first, found: { ...found, partOfOurs: SHOP } };
    given().when(partial).thenRefused(412, 'selection-not-named');
    expect(
      given()
        .when({ ...partial, selection: SHOP })
        .control().synchronization.phase,
    ).toBe('active');
    expect(
      given()
        .when({ ...partial, selection: EVERYTHING })
        .control().synchronization.phase,
    ).toBe('active');
    const stops = { targetId: 'deployment-b', reason: '', barrierEpoch: 'barrier1', serverMode: 'readonly' } as const;
    const held = [registered, event('OutgoingStopped', stops)];
    const sides = { deploymentId: 'deployment-b', ownDeploymentId: 'deployment-a' };
    const back = { ...first, reversal: true, found: { ...found, ...sides, partOfOurs: SHOP } };
    given(...held)
      .when({ ...back, selection: EVERYTHING })
      .thenRefused(412, 'other-selection');
    given(...held)
      .when(back)
      .thenRefused(412, 'other-selection');
    expect(
      given(...held)
        .when({ ...back, selection: SHOP })
        .control().synchronization.configuration,
    ).toMatchObject({
      equalAtStart: true,
      selection: SHOP,
    });
  });
});

describe('a structure report', () => {
  const report = {
    kind: 'report-structure',
    epoch: 'epoch1',
    sourceDeployment: 'deployment-a',
    problems: [],
    heldDrops: [],
    changes: [],
  } as const;
  const shop = { ...shardRef(0, 'orders', 'shop') };
  const tmp = { ...shardRef(0, 'tmp1', 'shop') };

  it('made under another selection adds nothing of what is left out, and what goes says why', () => {
    const added = event('ShardsAdded', {
      shards: [
        { ...shardOn(0), shard: shop },
        { ...shardOn(1), shard: tmp },
      ],
    });
    const change = event('SyncSelectionChanged', { selection: SHOP });
    given(configured, identified, added, change)
      .when({ ...report, shards: [tmp] })
      .thenThese(
        event('ShardsRemoved', { shards: [shop], reason: 'the source no longer has them' }),
        event('ShardsRemoved', { shards: [tmp], reason: 'they are not selected any longer', leftOut: true }),
      );
  });

  it('S3: made under another selection, even the same one given before, neither brings nor takes shards', () => {
    const first = given(configured, identified).control.synchronization.configuration?.selectionVersion;
    const added = event('ShardsAdded', { shards: [{ ...shardOn(0), shard: shop }] });
    const narrowed = [configured, identified, added, event('SyncSelectionChanged', { selection: SHOP })];
    const widened = [...narrowed, event('SyncSelectionChanged', {})];
    for (const history of [narrowed, widened]) {
      const { selectionVersion } = given(...history).control.synchronization.configuration ?? {};
      expect(selectionVersion).not.toBe(first);
      const stale = { ...report, shards: [tmp], changes: ['created collection shop/tmp1'], selectionVersion: first };
      const done = event('StructureChanged', { changes: ['created collection shop/tmp1'] });
      given(...history)
        .when(stale)
        .thenThese(done);
    }
    const { selectionVersion } = given(...widened).control.synchronization.configuration ?? {};
    const { control } = given(...widened).when({ ...report, shards: [shop, tmp], selectionVersion });
    expect([...control().shards.byKey.values()].map(({ shard }) => shard.collection)).toEqual(['orders', 'tmp1']);
  });

  it('S16: what is left out is known until it is stopped, since what was replicated into it stays', () => {
    const added = event('ShardsAdded', {
      shards: [
        { ...shardOn(0), shard: shop },
        { ...shardOn(1), shard: tmp },
      ],
    });
    const removed = event('ShardsRemoved', {
      shards: [tmp],
      reason: 'they are not selected any longer',
      leftOut: true,
    });
    const leftOut = (...more: NewEvent[]) =>
      [...given(configured, identified, added, ...more).control.shards.leftOut.values()].map(
        ({ collection }) => collection,
      );
    expect(leftOut(removed)).toEqual(['tmp1']);
    expect(leftOut(removed, event('ShardsAdded', { shards: [{ ...shardOn(2), shard: tmp }] }))).toEqual([]);
    expect(leftOut(event('ShardsRemoved', { shards: [tmp], reason: 'the source no longer has them' }))).toEqual([]);
    expect(leftOut(removed, failed, withShop)).toEqual(['tmp1', 'orders']);
    expect(leftOut(removed, cancelRequested, stopped)).toEqual([]);
  });

  it('replaces what is noted when it is another one', () => {
    const notes = [{ database: 'd', note: 'replication factor 2 instead of 3', collections: ['c'], count: 1 }];
    const known = event('ShardsAdded', { shards: [] });
    const noted = event('StructureNotesChanged', { notes });
    const { control } = given(configured, identified, known)
      .when({ ...report, shards: [], notes })
      .thenThese(noted);
    expect(control.synchronization.notes).toEqual(notes);
    given(configured, identified, known, noted)
      .when({ ...report, shards: [], notes })
      .thenNothing();
    given(configured, identified, known, noted)
      .when({ ...report, shards: [], notes: [] })
      .thenThese(event('StructureNotesChanged', { notes: [] }));
  });
});

describe('what no decider would have done', () => {
  const commit = { position: 9, term: 1, at: '', writer: 'm1', cause: 'test', prev: '', hash: '', events: [] };
  const found = (events: readonly NewEvent[], next: NewEvent) =>
    synchronizationRules(given(...events).control, { ...next, id: 'next' }, commit).map(({ rule }) => rule);

  it('is a shard that is not selected, or a change to the same selection', () => {
    const left = event('ShardsAdded', { shards: [{ ...shardOn(0), shard: shardRef(0, 'tmp1', 'shop') }] });
    expect(found([withShop], left)).toEqual(['shard-selected']);
    expect(found([configured], left)).toEqual([]);
    expect(found([withShop], event('SyncSelectionChanged', { selection: SHOP }))).toEqual(['selection-changes']);
    expect(found([stopped], event('SyncSelectionChanged', { selection: SHOP }))).toEqual(['phase-order']);
  });
});

describe('bounds of the replication factor', () => {
  it('are recorded when a leader runs with other ones', () => {
    const { control } = given()
      .when({ kind: 'bound-replication-factor', min: 2 })
      .thenThese(event('ReplicationFactorBounded', { min: 2 }));
    expect(control.settings.replicationFactor).toEqual({ min: 2 });
    const bounded = event('ReplicationFactorBounded', { min: 2, max: 3 });
    given(bounded).when({ kind: 'bound-replication-factor', min: 2, max: 3 }).thenNothing();
    given(bounded).when({ kind: 'bound-replication-factor' }).thenThese(event('ReplicationFactorBounded', {}));
    given().when({ kind: 'bound-replication-factor' }).thenNothing();
  });

  it('are refused where they exclude each other', () => {
    given().when({ kind: 'bound-replication-factor', min: 3, max: 2 }).thenRefused(400, 'bad-replication-factor');
  });
});
