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
  | 'server-unreachable'
  | 'snapshot-lost'
  | 'no-tree'
  | 'failed';

/** Ends a stream: the receiver opens again, after a pause, or with a copy. */
export class StreamBroken extends Error {
  override readonly name = 'StreamBroken';
  readonly code: BrokenCode;
  readonly copy: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(
    code: BrokenCode,
    reason: string,
    then: { readonly copy?: boolean; readonly retryAfterMs?: number } = {},
  ) {
    super(reason);
    this.code = code;
    this.copy = then.copy ?? false;
    this.retryAfterMs = then.retryAfterMs;
  }
}
