/** How one shard stands to the log that it follows. */
export interface ReceivedLag {
  /** The source's DB-Server; undefined before the shard was first opened. */
  readonly dbServer: string | undefined;
  readonly ageMs: number | undefined;
  readonly behindBytes: number | undefined;
}

/** How the shards of one DB-Server of the source stand to its log, all together. */
export interface ServerLag {
  /** `''`: shards that were not opened yet. */
  readonly dbServer: string;
  readonly shards: number;
  /** Of them, those whose age is not known. */
  readonly unknown: number;
  /** Largest age; undefined while none is known. */
  readonly ageMsMax: number | undefined;
  readonly behindBytesMax: number | undefined;
}

/** One sum per DB-Server: what is told of many shards must not grow with them (S20). */
export function serverLags(shards: Iterable<ReceivedLag>): ServerLag[] {
  const sums = new Map<string, ServerLag>();
  for (const { dbServer = '', ageMs, behindBytes } of shards) {
    const sum = sums.get(dbServer);
    sums.set(dbServer, {
      dbServer,
      shards: (sum?.shards ?? 0) + 1,
      unknown: (sum?.unknown ?? 0) + (ageMs === undefined ? 1 : 0),
      ageMsMax: larger(sum?.ageMsMax, ageMs),
      behindBytesMax: larger(sum?.behindBytesMax, behindBytes),
    });
  }
  return [...sums.values()];
}

function larger(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.max(a, b);
}
