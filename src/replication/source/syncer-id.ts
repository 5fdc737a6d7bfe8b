import { createHash } from 'node:crypto';

/**
 * A number below 2^62 under which a server tracks one of our readers (reference 6.6): the same after a restart with the
 * same seed, another one for every server and purpose.
 */
export function syncerIdFor(seed: string, dbServer: string, purpose: 'read' | 'pin' | 'mark'): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, dbServer, purpose]))
    .digest();
  const id = digest.readBigUInt64BE(0) >> 2n;
  return (id === 0n ? 1n : id).toString();
}
