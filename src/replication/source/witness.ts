import type { ArangoServer } from '../arango.ts';
import { BadMarker, documentIdentity, MarkerCursor } from '../markers.ts';
import { compareTicks, type Tick, type Witness } from '../queue.ts';
import { LogPosition } from './log-position.ts';
import { tail, tickMinus } from './tail.ts';

export type WitnessFinding = 'confirmed' | 'different' | 'absent' | 'too-far';

/** An update's marker is its batch's start plus one, and a batch that starts below where reading begins is skipped. */
const BEFORE_GROUP = 2;
const CHUNK_BYTES = 64 * 1024;

/** Reads an operation back from the log it was seen in (S5). `too-far`: it lies deeper in its transaction than `scanBytes`. */
export async function findWitness(
  server: ArangoServer,
  witness: Witness,
  scanBytes: number,
  signal: AbortSignal,
): Promise<WitnessFinding> {
  const position = new LogPosition(tickMinus(witness.groupTick, BEFORE_GROUP));
  for (let scanned = 0; scanned < scanBytes; ) {
    const request = { ...position.request, to: witness.tick, chunkBytes: CHUNK_BYTES };
    const answer = await tail(server, request, signal);
    if (answer.body.length === 0) return 'absent';
    const finding = lookFor(witness, answer.body);
    if (finding !== undefined) return finding;
    position.feed(new MarkerCursor(answer.body), answer, NOTHING);
    scanned += answer.body.length;
    if (compareTicks(position.request.from, witness.tick) >= 0) return 'absent';
  }
  return 'too-far';
}

const NOTHING = { operation: () => {}, complete: () => {}, structure: () => {} };

function lookFor({ tick, cuid, key, rev }: Witness, body: Buffer): WitnessFinding | undefined {
  // A copy: reading operations writes into the body, which is read once more for the position.
  const cursor = new MarkerCursor(Buffer.from(body));
  while (cursor.next()) {
    if (cursor.tick !== tick || !cursor.isOperation) continue;
    const found = documentIdentity(cursor.operation().subarray(1));
    const isSame = cursor.shardKey.endsWith(`\n${cuid}`) && found.key === key && (rev === '' || found.rev === rev);
    return isSame ? 'confirmed' : 'different';
  }
  return undefined;
}

export interface RecentOperation {
  readonly shardKey: string;
  readonly line: Buffer;
  readonly tick: Tick;
  readonly groupTick: Tick;
}

const RECENT_MAX = 3;

/** The newest operations seen in a log, of different shards where possible: the witnesses of a floor. */
export class RecentOperations {
  #recent: RecentOperation[] = [];

  /** Only the first operation of a transaction is kept: it is read back soonest. */
  saw(marker: MarkerCursor, groupTick: Tick): void {
    const newest = this.#recent[0];
    if (newest?.groupTick === groupTick) return;
    const { shardKey, tick } = marker;
    const seen = { shardKey, line: marker.operation(), tick, groupTick };
    if (newest?.shardKey === shardKey) this.#recent[0] = seen;
    else this.#recent = [seen, ...this.#recent.filter((other) => other.shardKey !== shardKey)].slice(0, RECENT_MAX);
  }

  get newest(): { readonly tick: Tick; readonly groupTick: Tick } | undefined {
    return this.#recent[0];
  }

  /** Operations at or before `tick`; those behind it may belong to a transaction that is still open. */
  upTo(tick: Tick): readonly Witness[] {
    return this.#recent.filter((operation) => compareTicks(operation.tick, tick) <= 0).map(asWitness);
  }

  /** Lets the answers go that the lines are views into. */
  settle(): void {
    this.#recent = this.#recent.map((operation) => ({ ...operation, line: headOf(operation.line) }));
  }
}

/** A witness needs key and revision only, and documents can be large; those that begin otherwise are kept whole. */
const HEAD_BYTES = 4_096;

function headOf(line: Buffer): Buffer {
  if (line.length <= HEAD_BYTES) return Buffer.from(line);
  const head = Buffer.from(line.subarray(0, HEAD_BYTES));
  try {
    documentIdentity(head.subarray(1));
    return head;
  } catch (error) {
    if (error instanceof BadMarker || error instanceof SyntaxError) return Buffer.from(line);
    throw error;
  }
}

function asWitness({ shardKey, line, tick, groupTick }: RecentOperation): Witness {
  const { key, rev } = documentIdentity(line.subarray(1));
  const cuid = shardKey.slice(shardKey.indexOf('\n') + 1);
  return { groupTick, tick, cuid, key, rev: line[0] === 0x2d ? '' : rev };
}
