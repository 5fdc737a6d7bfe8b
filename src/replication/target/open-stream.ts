import type { ShardRef } from '../../wire/shards.ts';
import type { IndexDefinition } from '../inventory.ts';
import type { ServedBy } from './checkpoint-documents.ts';
import type { Inbox } from './inbox.ts';
import type { LinkSession, StreamOwner } from './link-session.ts';
import type { Beginning } from './opening.ts';
import type { ReceiverParts } from './receiver-parts.ts';
import { RunningContentCheck } from './running-content-check.ts';
import type { ShardComparisons } from './shard-comparisons.ts';
import { shardPositions } from './shard-positions.ts';
import type { ShardProgress } from './shard-progress.ts';
import { isByContent, type ShardTarget } from './shard-target.ts';
import { ShardWriter } from './shard-writer.ts';
import type { StoredPosition } from './stored-position.ts';
import { isEmpty, storedDocuments } from './stored-revision.ts';
import { StreamSession } from './stream-session.ts';
import { dropSurplusUnique } from './surplus-indexes.ts';
import type { Settlement } from './suspect-comparison.ts';
import { TargetBatch } from './target-batch.ts';
import { ToldAnswers } from './told-answers.ts';

/** A stream of a shard, from its opening to its end. */
export interface OpenStream {
  readonly id: string;
  readonly target: ShardTarget;
  readonly link: LinkSession;
  readonly inbox: Inbox;
  readonly session: StreamSession;
  readonly servedBy: ServedBy;
  readonly contents: RunningContentCheck;
  /** Ends what the stream is doing. */
  readonly ending: AbortController;
}

/** The shard whose stream it is, with what outlives the stream. */
export interface StreamedShard {
  readonly ref: ShardRef;
  readonly channel: string;
  readonly parts: ReceiverParts;
  readonly position: StoredPosition;
  readonly progress: ShardProgress;
  readonly comparisons: ShardComparisons;
}

/** Who opens a stream, and hears of it. */
export interface OpenedBy extends StreamOwner {
  /** The target may have lost writes: the stream begins with a comparison (S6). */
  readonly verify: boolean;
  /** The stream waits for the target; undefined: not any longer. */
  waits(reason: string | undefined): void;
  /** The shard was compared with the source, or caught up with. */
  verified(how: Settlement, suspicion: number | undefined, target: ShardTarget): void;
  /** The stream has to end: only a comparison of contents helps. */
  compareContents(reason: string): void;
  progressed(): void;
}

/** Opens a stream from where the shard begins, and puts together what it is applied with. */
export function openStream(shard: StreamedShard, link: LinkSession, beginning: Beginning, by: OpenedBy): OpenStream {
  const { channel, parts, position } = shard;
  const { limits, environment } = parts;
  const { target, servedBy, checkpoint, compare, isBegun } = beginning;
  const { catchUpBecause } = position;
  const id = environment.newId();
  const inbox = link.open(
    {
      kind: 'open',
      channel,
      stream: id,
      ...(checkpoint === undefined ? {} : { checkpoint }),
      ...(catchUpBecause === undefined ? {} : { catchUpBecause }),
      ...(compare === undefined ? {} : { compare }),
      ...(isByContent(target, isBegun) ? { byContent: true as const } : {}),
      credit: limits.shardCreditBytes,
    },
    by,
  );
  const told = new ToldAnswers((check) =>
    link.send({ kind: 'verify', channel: inbox.channel, stream: inbox.stream, check }),
  );
  const contents = contentCheck(shard, target, told, by);
  const session = sessionOf(shard, { link, inbox, told }, beginning, by);
  return { id, target, link, inbox, session, servedBy, contents, ending: new AbortController() };
}

function contentCheck(
  { parts, comparisons }: StreamedShard,
  target: ShardTarget,
  told: ToldAnswers,
  by: OpenedBy,
): RunningContentCheck {
  const { deployment, store, environment, limits } = parts;
  return new RunningContentCheck(
    comparisons.check,
    {
      target,
      ask: (question) => told.ask(question),
      stored: (keys, signal) => storedDocuments(deployment, target, keys, signal),
      openBatch: (shard, signal) => openBatch(parts, target, shard, signal),
      positions: () => shardPositions(store, parts, target),
      environment,
      limits,
    },
    (reason) => by.compareContents(reason),
  );
}

interface Carrier {
  readonly link: LinkSession;
  readonly inbox: Inbox;
  readonly told: ToldAnswers;
}

function sessionOf(shard: StreamedShard, carrier: Carrier, beginning: Beginning, by: OpenedBy): StreamSession {
  const { ref, parts, position, progress, comparisons } = shard;
  const { deployment, gate, held, throttle, environment, lines, limits, epoch, sourceDeployment } = parts;
  const { target, checkpoint, compare, isBegun, forkRevision } = beginning;
  const writer = new ShardWriter({
    ...{ deployment, gate, held, throttle, environment, limits, target },
    urgency: () => (progress.status === 'running' ? 'log' : 'copy'),
    onWait: (reason) => {
      by.waits(reason);
      if (reason !== undefined) carrier.link.stallsChanged();
    },
    onDoubt: (why) => parts.onDoubt(ref, why),
  });
  return new StreamSession({
    ...carrier,
    ...{ target, checkpoint, compare, isBegun, forkRevision, epoch, sourceDeployment, writer },
    verify: by.verify,
    dropSurplusUnique: (source, signal) => dropSurplus(parts, target, source, signal),
    openBatch: (signal, one = { name: target.shardName, leader: target.leader }) =>
      openBatch(parts, target, one, signal),
    stored: (keys, signal) => storedDocuments(deployment, target, keys, signal),
    onOtherSource: () => parts.followed.forget(target.collectionId),
    beforeCatchUp: (reason, signal) => {
      comparisons.catchUpBegins();
      return position.begin(target, reason, () => isEmpty(deployment, target, signal), signal);
    },
    suspicion: () => comparisons.suspicion,
    onVerified: (how, suspicion) => by.verified(how, suspicion, target),
    isDoubtful: () => by.verify || comparisons.suspicion !== undefined,
    check: comparisons.check,
    onProgress: () => by.progressed(),
    ...{ progress, environment, lines, limits },
  });
}

function openBatch(
  { deployment }: ReceiverParts,
  target: ShardTarget,
  { name, leader }: ShardTarget['shards'][number],
  signal: AbortSignal,
): Promise<TargetBatch> {
  return TargetBatch.open(deployment, { ...target, shardName: name, leader }, signal);
}

async function dropSurplus(
  { deployment, directory, environment }: ReceiverParts,
  target: ShardTarget,
  source: readonly IndexDefinition[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const dropped = await dropSurplusUnique(deployment, target, source, signal);
  if (dropped.length === 0) return dropped;
  directory.expire(target.database);
  environment.log.info('dropped unique indexes that the source does not have', {
    database: target.database,
    collection: target.collection,
    indexes: dropped,
  });
  return dropped;
}
