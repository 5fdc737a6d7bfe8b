import { throwIfError } from '../answers.ts';
import { type ArangoRequest, type ArangoServer, ArangoUnreachable } from '../arango.ts';
import { compareTicks, type Tick } from '../queue.ts';

const CLIENT_INFO = 'arangosync';
/** A transaction that cannot be cut comes as one answer, and the server reads it first. */
const TAIL_TIMEOUT_MS = 120_000;

/** What to read of a server's log (reference 6.2). */
export interface TailRequest {
  /** Exclusive. */
  readonly from: Tick;
  /** Inclusive; absent: the newest. */
  readonly to?: Tick;
  /** Of the answer before; makes the server cut transactions that are larger than the chunk. */
  readonly lastScanned: Tick;
  readonly chunkBytes: number;
  /** One shard of one database; absent: everything on the server. */
  readonly only?: { readonly database: string; readonly shard: string };
  /** Under which the server keeps the log behind `from`; absent: it does not. */
  readonly syncerId?: string;
  /** Told how large the answer is before it is read. */
  readonly admit?: (bytes: number) => Promise<void>;
}

/** Answer of `/_api/wal/tail` (reference 6.3). Ticks that are not there are `"0"`. */
export interface TailAnswer {
  readonly body: Buffer;
  readonly lastIncluded: Tick;
  readonly lastScanned: Tick;
  readonly lastTick: Tick;
  readonly fromPresent: boolean;
}

/** Reads once. Not repeated behind our back: between two tries the server may have come up with another log (S5). */
export async function tail(server: ArangoServer, tailed: TailRequest, signal: AbortSignal): Promise<TailAnswer> {
  const request: ArangoRequest = {
    method: 'GET',
    path: '/_api/wal/tail',
    database: tailed.only?.database ?? '_system',
    query: {
      from: tailed.from,
      to: tailed.to,
      lastScanned: tailed.lastScanned,
      chunkSize: tailed.chunkBytes,
      includeSystem: true,
      includeFoxxQueues: true,
      ...(tailed.only === undefined ? { global: true } : { collection: tailed.only.shard }),
      syncerId: tailed.syncerId,
      clientInfo: tailed.syncerId === undefined ? undefined : CLIENT_INFO,
    },
    timeoutMs: TAIL_TIMEOUT_MS,
    repeatable: false,
    signal,
    ...(tailed.admit === undefined ? {} : { admit: tailed.admit }),
  };
  const answer = await server.request(request);
  throwIfError(request, answer);
  const header = (name: string) => answer.headers[`x-arango-replication-${name}`];
  const [lastTick, fromPresent] = [header('lasttick'), header('frompresent')];
  if (lastTick === undefined || fromPresent === undefined) {
    throw new ArangoUnreachable(`${server.name} answered a tail without its headers: is a proxy in between?`);
  }
  return {
    body: answer.body,
    lastIncluded: header('lastincluded') ?? '0',
    lastScanned: header('lastscanned') ?? '0',
    lastTick,
    fromPresent: fromPresent === 'true',
  };
}

/**
 * Has the server keep its log behind `tick` for `syncerId` (reference 6.6). A server that does not know `trackOnly` reads
 * an empty range.
 */
export async function track(server: ArangoServer, syncerId: string, tick: Tick, signal: AbortSignal): Promise<void> {
  const request: ArangoRequest = {
    method: 'GET',
    path: '/_api/wal/tail',
    query: {
      from: tick,
      to: tick,
      lastScanned: tick,
      global: true,
      syncerId,
      clientInfo: CLIENT_INFO,
      trackOnly: true,
    },
    signal,
  };
  throwIfError(request, await server.request(request));
}

/** Tells the server to forget a reader; older servers cannot (405) and forget by themselves. */
export async function untrack(server: ArangoServer, syncerId: string, signal: AbortSignal): Promise<void> {
  await server.request({ method: 'DELETE', path: '/_api/wal/tail', query: { syncerId }, signal });
}

export function tickMinus(tick: Tick, count: number): Tick {
  const value = BigInt(tick) - BigInt(count);
  return value > 0n ? value.toString() : '0';
}

export function laterTick(a: Tick, b: Tick): Tick {
  return compareTicks(a, b) >= 0 ? a : b;
}
