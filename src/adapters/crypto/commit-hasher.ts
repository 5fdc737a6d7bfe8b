import { createHmac, timingSafeEqual } from 'node:crypto';
import type { CommitHasher } from '../../events/chain.ts';
import { derivedKey, type KeyUse } from './derived-key.ts';

const KEY_ID_DIGITS = 8;

/**
 * HMAC-SHA-256 under a key from `master.jwtSecret` (S22). A hash reads `<key id>.<hmac>`: the first secret writes, all
 * are tried on reading, so that a log goes on over a change of the secret while the old one is still given.
 */
export function commitHasher(masterSecrets: readonly string[], use: KeyUse = 'event log'): CommitHasher {
  const keys = new Map(masterSecrets.map((secret) => keyEntry(derivedKey(secret, use))));
  const [newest] = keys;
  if (newest === undefined) throw new Error('a hasher needs the masters’ secret');
  const [newestId, newestKey] = newest;
  return {
    hash: (text) => `${newestId}.${mac(newestKey, text)}`,
    check: (text, hash) => {
      const dot = hash.indexOf('.');
      const key = keys.get(hash.slice(0, dot));
      if (key === undefined) return 'other-key';
      return isEqual(mac(key, text), hash.slice(dot + 1)) ? 'same' : 'different';
    },
  };
}

function keyEntry(key: Buffer): readonly [string, Buffer] {
  return [createHmac('sha256', key).update('key id').digest('hex').slice(0, KEY_ID_DIGITS), key];
}

function mac(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text, 'utf8').digest('base64url');
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
