import type { FrameHeader } from '../queue.ts';

/** A shard cannot go on: the message names the shard, what was refused, and what to do. It is tried again after a pause. */
export class ShardFailed extends Error {
  override readonly name = 'ShardFailed';
}

/** The stream must be opened again; nothing is wrong with the target. `copyBecause` asks for a copy then. */
export class ReopenStream extends Error {
  override readonly name = 'ReopenStream';
  readonly copyBecause: string | undefined;
  readonly afterMs: number;
  constructor(message: string, options: { readonly copyBecause?: string; readonly afterMs?: number } = {}) {
    super(message);
    this.copyBecause = options.copyBecause;
    this.afterMs = options.afterMs ?? 0;
  }
}

/** The source ended the stream, and says why. */
export function brokenBySource(header: Extract<FrameHeader, { kind: 'broken' }>): ReopenStream {
  return new ReopenStream(`${header.code}: ${header.reason}`, {
    ...(header.copy ? { copyBecause: header.reason } : {}),
    ...(header.retryAfterMs === undefined ? {} : { afterMs: header.retryAfterMs }),
  });
}

/** The target's collection or its sharding is not what the shard was opened with. */
export class TargetChanged extends Error {
  override readonly name = 'TargetChanged';
}
