import type { Arrival } from './inbox.ts';

/**
 * Frames that are applied together: `ops` that follow each other, up to the size of a write; any other alone. A floor
 * begins a new piece: it speaks for the shard only when all that came before it is applied.
 */
export function* piecesOf(arrivals: readonly Arrival[], bytesMax: number): Generator<readonly Arrival[]> {
  let piece: Arrival[] = [];
  let bytes = 0;
  for (const arrival of arrivals) {
    const follows = arrival.header.kind === 'ops' && piece[0]?.header.kind === 'ops';
    const joins = follows && arrival.floorBefore === undefined && bytes + arrival.bytes <= bytesMax;
    if (!joins && piece.length > 0) {
      yield piece;
      piece = [];
      bytes = 0;
    }
    piece.push(arrival);
    bytes += arrival.bytes;
  }
  if (piece.length > 0) yield piece;
}
