const MIB = 1024 * 1024;

/** Bounds of one source worker. Bytes where documents are held. */
export interface SourceLimits {
  /** A frame is sent when it holds so much; one document more than that goes alone. */
  readonly frameBytes: number;
  readonly frameOperations: number;
  /** Asked of the server for one answer of its log; a larger document comes alone. */
  readonly tailChunkBytes: number;
  readonly copyChunkBytes: number;
  /** Shards of the whole worker that find out at the same time how they are served. */
  readonly openingsAtOnce: number;
  /** Shards of the whole worker that copy at the same time. */
  readonly copiesAtOnce: number;
  readonly batchTtlSeconds: number;
  /** Streams that wait for their turn: the target is told so often that they do. */
  readonly queuedEveryMs: number;
  /** Shards that begin to copy within this share a snapshot. */
  readonly batchShareMs: number;
  /** Held for a shard that is about to join the shared reader. */
  readonly joinBufferBytes: number;
  /** Operations that all shards of the worker hold between two reads: joining ones, and parts of transactions. */
  readonly heldBytes: number;
  /** Reads of the log that one link, and all links together, have under way. */
  readonly linkReadBytes: number;
  readonly readBytes: number;
  readonly inventoryEveryMs: number;
  /** Whoever rings more often than this waits: users can be written at any rate. */
  readonly inventoryAtMostEveryMs: number;
  /** After a change was sent, the inventory that confirms it follows (S1). */
  readonly inventoryConfirmMs: number;
  readonly pollMinMs: number;
  readonly pollMaxMs: number;
  /** Behind an answer that was far from full the next one is asked for so much later: it brings more, for fewer requests. */
  readonly pollGatherMs: number;
  /** After something was read, polls stay quick for so long. */
  readonly pollQuickMs: number;
  readonly pollQuickForMs: number;
  /** When nothing was read for so long, a log is asked only so often: resting costs next to nothing. */
  readonly pollRestAfterMs: number;
  readonly pollRestMs: number;
  /** A floor is sent at least so often. */
  readonly floorEveryMs: number;
  /** At most so often a server is asked to make its log durable only for the floor's sake. */
  readonly syncEveryMs: number;
  /** Shards that open within this of each other begin to read together. */
  readonly gatherMs: number;
  /** A shard further behind than this does not hold the others back. */
  readonly gatherTicksMax: number;
  /** How long a shard without credit may keep others waiting before it goes on by a tail of its own (S7). */
  readonly overdrawnMs: number;
  /** A shard that is applied at this rate or faster stays with the others even while they wait for its credit. */
  readonly steadyBytesPerS: number;
  /** A marker is written into each followed server's log so often, for its lag; 0: never. */
  readonly markerEveryMs: number;
  readonly pinEveryMs: number;
  /** What the log may grow behind the lowest durable position before the pin is dropped (S7). */
  readonly pinBytesMax: number;
  readonly pinMsMax: number;
  /** Bytes of log that the search for one witness may read. */
  readonly witnessScanBytes: number;
  /** A server that cannot be read for so long: its shards open again. */
  readonly unreachableMs: number;
  /** A single server is asked for its uptime at most so often: no restart is quicker. */
  readonly incarnationFreshMs: number;
}

export const SOURCE_LIMITS: SourceLimits = {
  frameBytes: MIB,
  frameOperations: 5_000,
  tailChunkBytes: 2 * MIB,
  copyChunkBytes: 2 * MIB,
  openingsAtOnce: 64,
  copiesAtOnce: 16,
  batchTtlSeconds: 300,
  queuedEveryMs: 10_000,
  batchShareMs: 5_000,
  joinBufferBytes: 8 * MIB,
  heldBytes: 32 * MIB,
  linkReadBytes: 16 * MIB,
  readBytes: 32 * MIB,
  inventoryEveryMs: 2_000,
  inventoryAtMostEveryMs: 100,
  inventoryConfirmMs: 1_000,
  pollMinMs: 5,
  pollMaxMs: 250,
  pollGatherMs: 15,
  pollQuickMs: 20,
  pollQuickForMs: 2_000,
  pollRestAfterMs: 60_000,
  pollRestMs: 1_000,
  floorEveryMs: 500,
  syncEveryMs: 1_000,
  gatherMs: 50,
  gatherTicksMax: 1_000_000,
  overdrawnMs: 250,
  steadyBytesPerS: 2 * MIB,
  markerEveryMs: 1_000,
  pinEveryMs: 5_000,
  pinBytesMax: 64 * 1024 * MIB,
  pinMsMax: 24 * 60 * 60 * 1_000,
  witnessScanBytes: 64 * MIB,
  unreachableMs: 60_000,
  incarnationFreshMs: 500,
};
