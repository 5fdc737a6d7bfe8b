import { hkdfSync } from 'node:crypto';

/** What keys are derived for: keys of different uses tell nothing of each other. */
export type KeyUse = 'event log' | 'secrets' | 'fingerprints' | 'snapshots';

const SALT = 'arangosync';

/** A 256-bit key from the masters' secret (HKDF-SHA-256), the same on every master. */
export function derivedKey(masterSecret: string, use: KeyUse): Buffer {
  if (masterSecret === '') throw new Error('the masters’ secret is empty');
  return Buffer.from(hkdfSync('sha256', masterSecret, SALT, use, 32));
}
