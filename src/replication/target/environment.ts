/** Time and logging, injected: tests move the clock and read the log. */
export interface Environment {
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
  /** Resolves after `ms`; when the signal fires it may resolve or reject, at once. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Draws a ULID. */
  readonly newId: () => string;
  readonly log: TargetLog;
}

/** Where the target side writes its log to; a part of the process's logger. */
export interface TargetLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Bounds of one target worker. Bytes where documents are held. */
export interface TargetLimits {
  /** Unacknowledged bytes that a shard's stream may have: its part of the buffers (S7). */
  readonly shardCreditBytes: number;
  /**
   * Memory for frames that were taken from links and are not yet applied: each link of the worker has an equal part of it,
   * and no more is pulled from one while its part is full (S7). Catch-ups have memory beside it:
   * `copiesAtOnce` times `shardCreditBytes`.
   */
  readonly frameBytes: number;
  /** Largest body of one write; a larger document goes alone. */
  readonly writeBytes: number;
  readonly writeDocuments: number;
  /** Shards that open their streams at the same time. */
  readonly openingsAtOnce: number;
  /** Shards that are copied at the same time. */
  readonly copiesAtOnce: number;
  /** Write requests in flight, over all shards. */
  readonly writesInFlight: number;
  /** Documents held back because of a unique index, per shard, and by all shards of the worker. */
  readonly deferredBytes: number;
  readonly deferredBytesInAll: number;
  /** Documents of one answer of the target's own dump. */
  readonly dumpChunkBytes: number;
  readonly checkpointEveryMs: number;
  /** How often users of the target are looked at that changed without the source. */
  readonly usersEveryMs: number;
  /** Indexes that wait for the copy, and steps that are shelved, are looked at again so often, and with every change of the structure. */
  readonly lookAgainMs: number;
  /** A sender that does not answer an `open` within it is asked again. */
  readonly openTimeoutMs: number;
  /** Neither a frame nor a floor for a shard within it: its stream is opened again. */
  readonly messageTimeoutMs: number;
}

const MIB = 1024 * 1024;

export const TARGET_LIMITS: TargetLimits = {
  shardCreditBytes: 4 * MIB,
  frameBytes: 64 * MIB,
  writeBytes: 8 * MIB,
  writeDocuments: 5_000,
  openingsAtOnce: 128,
  copiesAtOnce: 16,
  writesInFlight: 8,
  deferredBytes: 8 * MIB,
  deferredBytesInAll: 32 * MIB,
  dumpChunkBytes: 4 * MIB,
  checkpointEveryMs: 1_000,
  usersEveryMs: 2_000,
  lookAgainMs: 30_000,
  openTimeoutMs: 60_000,
  messageTimeoutMs: 60 * 60 * 1000,
};
