import type { Cost, Throttle, Urgency } from '../throttle/throttle.ts';
import { UNKNOWN_COST } from '../throttle/throttle.ts';
import type { ShardStream } from './shard-stream.ts';

const REASON = 'reads from the source are at their limit';

/** Waits until the source may be read for a stream. What was read is charged by whoever read it. */
export async function mayRead(
  stream: ShardStream,
  throttle: Throttle,
  urgency: Urgency,
  signal: AbortSignal,
  cost: Cost = UNKNOWN_COST,
): Promise<void> {
  if (!throttle.isLimited) return;
  await stream.held(REASON, () => throttle.pass(cost, urgency, signal));
}

/**
 * Reads a piece of a snapshot within the limit: about `bytes` of it are taken beforehand, since many copies ask at the same
 * time, and what came is settled afterwards.
 */
export async function readPiece<T>(
  stream: ShardStream,
  throttle: Throttle,
  bytes: number,
  read: () => Promise<T>,
  costOf: (piece: T) => Cost,
  signal: AbortSignal,
): Promise<T> {
  if (!throttle.isLimited) return read();
  await mayRead(stream, throttle, 'copy', signal, { bytes, operations: 0 });
  let cost: Cost = UNKNOWN_COST;
  try {
    const piece = await read();
    cost = costOf(piece);
    return piece;
  } finally {
    throttle.charge({ bytes: cost.bytes - bytes, operations: cost.operations }, 'copy');
  }
}
