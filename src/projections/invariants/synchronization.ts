import type { Synchronization, SyncPhase } from '../../domain/synchronization/state.ts';
import { Selector, sameSelection } from '../../events/selection/selection.ts';
import { shardKey } from '../../events/types/parts.ts';
import type { KnownEvent } from '../../events/vocabulary.ts';
import { type EventRule, must, type Violation } from './rule.ts';

/** From which phases an event may happen: the picture above `SyncPhase`. */
const FROM: Partial<Record<KnownEvent['type'], readonly SyncPhase[]>> = {
  SyncConfigured: ['inactive', 'failed'],
  SyncCredentialsReplaced: ['active'],
  SyncSelectionChanged: ['active'],
  SourceIdentified: ['active'],
  EpochBegan: ['active'],
  TargetSettled: ['active'],
  SyncCancelRequested: ['active', 'failed', 'cancelling'],
  SyncCancelWithdrawn: ['cancelling'],
  SyncStopped: ['cancelling'],
  SyncFailed: ['active'],
  SyncPaused: ['active'],
  SyncResumed: ['active'],
  BarrierRequested: ['active'],
  ShardsAdded: ['active'],
  ShardsRemoved: ['active'],
  ShardResetRequested: ['active'],
};

/** Phases change only along their arrows, epochs are never used again, and a source stays who it is (S1, S3). */
export const synchronizationRules: EventRule = ({ synchronization: sync }, event) => {
  const allowed = FROM[event.type];
  const phase =
    allowed === undefined || allowed.includes(sync.phase)
      ? []
      : [{ rule: 'phase-order', detail: `${event.type} while the synchronization was ${sync.phase}` }];
  return [
    ...phase,
    ...epochViolations(sync, event),
    ...sourceViolations(sync, event),
    ...selectionViolations(sync, event),
  ];
};

/** What is left out has no shards, and a change of the selection is one. */
function selectionViolations({ configuration }: Synchronization, event: KnownEvent): readonly Violation[] {
  if (event.type === 'SyncSelectionChanged') {
    const isChange = !sameSelection(configuration?.selection, event.data.selection);
    return must(isChange, 'selection-changes', 'the selection changed to what it was');
  }
  if (event.type !== 'ShardsAdded' || configuration?.selection === undefined) return [];
  const selector = new Selector(configuration.selection);
  return event.data.shards.flatMap(({ shard }) =>
    must(selector.takes(shard.database, shard.collection), 'shard-selected', `${shardKey(shard)} is not selected`),
  );
}

function epochViolations({ configuration }: Synchronization, event: KnownEvent): readonly Violation[] {
  if (event.type !== 'EpochBegan' && event.type !== 'SyncConfigured') return [];
  const { epoch } = event.data;
  return must(epoch !== configuration?.epoch, 'epoch-once', `epoch ${epoch} began again`);
}

function sourceViolations({ identity }: Synchronization, event: KnownEvent): readonly Violation[] {
  if (event.type !== 'SourceIdentified' || identity === null) return [];
  const { deploymentId, head } = event.data;
  return [
    ...must(
      deploymentId === identity.deploymentId,
      'source-stays',
      `the source was ${identity.deploymentId} and became ${deploymentId} without a new configuration`,
    ),
    ...must(
      head.position >= identity.head.position,
      'source-goes-forward',
      `the source's log went back from ${identity.head.position} to ${head.position}`,
    ),
  ];
}
