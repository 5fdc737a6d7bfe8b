/** Why a stream ends on the source's side, as a `broken` frame tells it. */
export type BrokenCode =
  | 'no-task'
  | 'task-ended'
  | 'no-leader'
  | 'shard-gone'
  | 'leader-moved'
  | 'shard-changed'
  | 'truncated'
  | 'log-pruned'
  | 'log-replaced'
  | 'version-changed'
  | 'server-unreachable'
  | 'snapshot-lost'
  | 'no-tree'
  | 'tree-drifted'
  | 'duplicate-key'
  | 'failed';

/** Why the log cannot go on: `copy` where the revisions cannot be compared either. */
export type CatchUp = 'copy' | 'any';

/** Ends a stream: the receiver opens again, after a pause, or to be caught up with. */
export class StreamBroken extends Error {
  override readonly name = 'StreamBroken';
  readonly code: BrokenCode;
  readonly catchUp: CatchUp | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    code: BrokenCode,
    reason: string,
    then: { readonly catchUp?: CatchUp; readonly retryAfterMs?: number } = {},
  ) {
    super(reason);
    this.code = code;
    this.catchUp = then.catchUp;
    this.retryAfterMs = then.retryAfterMs;
  }
}
