import { randomFillSync } from 'node:crypto';
import { ulid } from 'ulid';

const pool = Buffer.alloc(4_096);
let taken = pool.length;

/** A ULID. Its randomness is drawn for many at once: the library's own way asks the system for each character. */
export function newUlid(): string {
  return ulid(undefined, randomPart);
}

/** In [0, 1), in steps fine enough for the 32 characters that a ULID is made of. */
function randomPart(): number {
  if (taken === pool.length) {
    randomFillSync(pool);
    taken = 0;
  }
  const byte = pool.readUInt8(taken);
  taken += 1;
  return byte / 256;
}
