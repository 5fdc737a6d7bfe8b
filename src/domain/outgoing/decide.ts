import { type ShardWithChannels, shardKey } from '../../events/types/parts.ts';
import type { EventData, NewEvent } from '../../events/vocabulary.ts';
import { byText, sameTexts } from '../collections.ts';
import { type Decision, decided, rejected } from '../decision.ts';
import type { EndedEpochs } from './ended-epochs.ts';
import { pauseEvents, type TargetPause } from './pause.ts';
import { epochEnded, notRegistered, notYours } from './refusals.ts';
import type { Outgoing, OutgoingTarget } from './state.ts';

/** `POST /_api/sync/outgoing`. */
export interface RegisterOutgoing extends EventData<'OutgoingRegistered'> {
  readonly kind: 'register-outgoing';
  readonly ownDeploymentId: string;
  /** The caller holds a queue token bound to this target: then a new certificate takes the id over. */
  readonly holdsToken: boolean;
  /** Renews what is registered, and registers nothing: a target that stopped meanwhile stays forgotten. */
  readonly onlyRenews?: boolean;
  /** The target has paused. */
  readonly paused?: TargetPause;
}
/** `PUT /_api/sync/outgoing/{id}/shards`: the whole list. */
export interface SetOutgoingShards {
  readonly kind: 'set-outgoing-shards';
  readonly targetId: string;
  readonly fingerprint: string;
  readonly version: string;
  readonly shards: readonly ShardWithChannels[];
}
/** `DELETE /_api/sync/outgoing/{id}`; an operator of the source needs no fingerprint. */
export interface StopOutgoing {
  readonly kind: 'stop-outgoing';
  readonly targetId: string;
  readonly fingerprint?: string;
  readonly reason: string;
  /** Only behind this barrier, unbroken. */
  readonly barrierEpoch?: string;
  /** Position in the target's log when it asked. */
  readonly asOf?: number;
  /** Number of the synchronization that ends; that of the registration when absent. */
  readonly epoch?: number;
  readonly serverMode?: 'default' | 'readonly';
}

/** Registers a target, or takes its new endpoints and inventory channel; the same again changes nothing. */
export function registerOutgoing(state: Outgoing, ended: EndedEpochs, command: RegisterOutgoing): Decision {
  const { targetId, endpoints, fingerprint, inventoryChannel, asOf, epoch } = command;
  if (targetId === command.ownDeploymentId) {
    return rejected(412, 'target-is-source', `deployment ${targetId} cannot follow itself`);
  }
  const known = state.get(targetId);
  if (known === undefined && command.onlyRenews) return decided();
  const endedEpoch = ended.get(targetId) ?? 0;
  if (epoch !== undefined && epoch <= endedEpoch) return epochEnded(targetId, epoch);
  if (known !== undefined && !command.holdsToken && known.fingerprint !== fingerprint) return notYours(targetId);
  if (known !== undefined && isLate(known, asOf)) return decided();
  const pauses = known === undefined ? [] : pauseEvents(known, command.paused, asOf);
  if (known !== undefined && isSame(known, command)) return decided(...pauses);
  const named = { ...(asOf === undefined ? {} : { asOf }), ...(epoch === undefined ? {} : { epoch }) };
  const data = { targetId, endpoints, fingerprint, inventoryChannel, ...named };
  return decided({ type: 'OutgoingRegistered', data }, ...pauses);
}

/** Brings the sent shards in line with the target's list. The last event names the list's version: now it is complete. */
export function setOutgoingShards(state: Outgoing, command: SetOutgoingShards): Decision {
  const target = state.get(command.targetId);
  if (target === undefined) return notRegistered(command.targetId);
  if (target.fingerprint !== command.fingerprint) return notYours(command.targetId);
  const { targetId, version } = command;
  const removed = removedShards(target, command.shards);
  const added = addedShards(target, command.shards);
  if (removed.length === 0 && added.length === 0 && version === target.shardsVersion) return decided();
  const events: NewEvent[] = [];
  if (removed.length > 0) events.push({ type: 'OutgoingShardsRemoved', data: { targetId, shards: removed } });
  events.push({ type: 'OutgoingShardsAdded', data: { targetId, version, shards: added } });
  return decided(...events);
}

/**
 * Forgets a target, and remembers which synchronization of it has ended: also of one that is not known, because its
 * registration may still be on its way.
 */
export function stopOutgoing(state: Outgoing, ended: EndedEpochs, command: StopOutgoing): Decision {
  const { targetId, fingerprint, reason, barrierEpoch, asOf, serverMode } = command;
  const target = state.get(targetId);
  const epochs = endedEpochs(ended, targetId, command.epoch ?? target?.epoch);
  if (target === undefined) return decided(...epochs);
  if (fingerprint !== undefined && fingerprint !== target.fingerprint) return notYours(targetId);
  if (isLate(target, asOf)) return decided();
  if (barrierEpoch !== undefined && !holds(target, barrierEpoch)) {
    return rejected(
      412,
      'barrier-broken',
      `the barrier ${barrierEpoch} does not hold any more: the source was writable`,
    );
  }
  const data = {
    targetId,
    reason,
    ...(barrierEpoch === undefined ? {} : { barrierEpoch }),
    ...(serverMode === undefined ? {} : { serverMode }),
  };
  return decided({ type: 'OutgoingStopped', data }, ...epochs);
}

function endedEpochs(ended: EndedEpochs, targetId: string, epoch: number | undefined): readonly NewEvent[] {
  if (epoch === undefined || epoch <= (ended.get(targetId) ?? 0)) return [];
  return [{ type: 'OutgoingEpochEnded', data: { targetId, epoch } }];
}

/** The target has registered since it asked that: a leader of before did, or the network was slow (S12). */
function isLate(target: OutgoingTarget, asOf: number | undefined): boolean {
  return asOf !== undefined && target.asOf !== undefined && asOf < target.asOf;
}

function holds({ barrier }: OutgoingTarget, epoch: string): boolean {
  return barrier !== null && barrier.epoch === epoch && barrier.ticks !== null;
}

function isSame(known: OutgoingTarget, wanted: RegisterOutgoing): boolean {
  return (
    known.fingerprint === wanted.fingerprint &&
    known.inventoryChannel === wanted.inventoryChannel &&
    (wanted.epoch === undefined || known.epoch === wanted.epoch) &&
    sameTexts(known.endpoints, wanted.endpoints)
  );
}

function removedShards(target: OutgoingTarget, wanted: readonly ShardWithChannels[]) {
  const keys = new Set(wanted.map(({ shard }) => shardKey(shard)));
  return [...target.shards]
    .filter(([key]) => !keys.has(key))
    .sort(([a], [b]) => byText(a, b))
    .map(([, { shard }]) => shard);
}

function addedShards(target: OutgoingTarget, wanted: readonly ShardWithChannels[]) {
  return wanted.filter(({ shard, channels }) => {
    const known = target.shards.get(shardKey(shard))?.channels;
    return known?.data !== channels.data || known.control !== channels.control;
  });
}
