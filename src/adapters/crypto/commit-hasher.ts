import { createHmac, hash as digest, timingSafeEqual } from 'node:crypto';
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
  const [newestId, newestMac] = newest;
  return {
    hash: (text) => `${newestId}.${newestMac(text)}`,
    check: (text, hash) => {
      const dot = hash.indexOf('.');
      const mac = keys.get(hash.slice(0, dot));
      if (mac === undefined) return 'other-key';
      return isEqual(mac(text), hash.slice(dot + 1)) ? 'same' : 'different';
    },
  };
}

type Mac = (text: string) => string;

function keyEntry(key: Buffer): readonly [string, Mac] {
  return [createHmac('sha256', key).update('key id').digest('hex').slice(0, KEY_ID_DIGITS), macUnder(key)];
}

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/** Longer texts are rare, and worth an object of their own. */
const TEXT_BYTES_MAX = 64 * 1024;

/**
 * HMAC-SHA-256 (RFC 2104) by two one-shot digests: `createHmac` makes an object of the crypto library for each text,
 * which in a replay of a million commits costs five times the hashing.
 */
function macUnder(key: Buffer): Mac {
  if (key.length > BLOCK_BYTES) throw new Error(`a key has at most ${BLOCK_BYTES} bytes`);
  const inner = withPad(key, 0x36, TEXT_BYTES_MAX);
  const outer = withPad(key, 0x5c, DIGEST_BYTES);
  return (text) => {
    const bytes = Buffer.byteLength(text);
    if (bytes > TEXT_BYTES_MAX) return createHmac('sha256', key).update(text).digest('base64url');
    inner.write(text, BLOCK_BYTES);
    // As a text of bytes: a digest that comes as a buffer costs three times the hashing.
    outer.write(digest('sha256', inner.subarray(0, BLOCK_BYTES + bytes), 'binary'), BLOCK_BYTES, 'latin1');
    return digest('sha256', outer, 'base64url');
  };
}

/** The key's block under a pad, with room behind it. */
function withPad(key: Buffer, pad: number, room: number): Buffer {
  const buffer = Buffer.alloc(BLOCK_BYTES + room);
  for (let index = 0; index < BLOCK_BYTES; index += 1) buffer[index] = (key[index] ?? 0) ^ pad;
  return buffer;
}

/** Every MAC has this many characters of base64url. */
const MAC_CHARACTERS = 43;
const expected = Buffer.alloc(MAC_CHARACTERS);
const given = Buffer.alloc(MAC_CHARACTERS);

/** In constant time, and without a new buffer for each of a million commits. */
function isEqual(mac: string, other: string): boolean {
  if (mac.length !== MAC_CHARACTERS || other.length !== MAC_CHARACTERS) return false;
  if (Buffer.byteLength(other) !== MAC_CHARACTERS) return false;
  expected.write(mac, 'latin1');
  given.write(other, 'latin1');
  return timingSafeEqual(expected, given);
}
