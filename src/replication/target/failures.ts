import type { FrameHeader } from '../queue.ts';
import type { DeferredDocuments } from './deferred.ts';
import { type ShardTarget, shardLabel } from './shard-target.ts';

/** A shard cannot go on: the message names the shard, what was refused, and what to do. It is tried again after a pause. */
export class ShardFailed extends Error {
  override readonly name: string = 'ShardFailed';
}

/** A unique index of the target refuses documents, and what was tried did not help. */
export class UniqueRefusal extends ShardFailed {
  override readonly name = 'UniqueRefusal';
}

export function uniqueRefusal(target: ShardTarget, { size, operations }: DeferredDocuments): UniqueRefusal {
  const documents = size === 1 ? 'a document' : `${size} documents, the first`;
  return new UniqueRefusal(
    `${shardLabel(target)}: a unique index of the target refuses ${documents} with key "${operations[0]?.key}" (error 1210). ` +
      'Compare the unique indexes and their values on both sides.',
  );
}

export interface ReopenOptions {
  /** Why the log cannot go on from the checkpoint: the shard is caught up with. */
  readonly catchUpBecause?: string;
  /** Not by difference, which would not help. */
  readonly copy?: boolean;
  readonly afterMs?: number;
}

/** The stream must be opened again; nothing is wrong with the target. */
export class ReopenStream extends Error {
  override readonly name = 'ReopenStream';
  readonly catchUpBecause: string | undefined;
  readonly copy: boolean;
  readonly afterMs: number;
  constructor(message: string, options: ReopenOptions = {}) {
    super(message);
    this.catchUpBecause = options.catchUpBecause;
    this.copy = options.copy ?? false;
    this.afterMs = options.afterMs ?? 0;
  }
}

/** The source ended the stream, and says why. */
export function brokenBySource({
  code,
  reason,
  catchUp,
  retryAfterMs,
}: Extract<FrameHeader, { kind: 'broken' }>): ReopenStream | ShardFailed {
  // Nothing but what somebody does about the source's documents ends it.
  if (code === 'duplicate-key') return new ShardFailed(reason);
  return new ReopenStream(`${code}: ${reason}`, {
    ...(catchUp === undefined ? {} : { catchUpBecause: reason, copy: catchUp === 'copy' }),
    ...(retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }),
  });
}

/** The target's collection or its sharding is not what the shard was opened with. */
export class TargetChanged extends Error {
  override readonly name = 'TargetChanged';
}
