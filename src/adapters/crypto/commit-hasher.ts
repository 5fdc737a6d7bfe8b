import { createHmac, hash as digest, timingSafeEqual } from 'node:crypto';
import type { CommitHasher } from '../../events/chain.ts';
import { derivedKey, type KeyUse } from './derived-key.ts';
import { readerOf, type SecretList } from './secret-list.ts';

const KEY_ID_DIGITS = 8;

/**
 * HMAC-SHA-256 under a key from `master.jwtSecret` (S22). A hash reads `<key id>.<hmac>`. Every key that was ever given is
 * tried on reading: what a secret signed stays readable when the secret is not accepted for anything else any more.
 */
export class SecretHasher implements CommitHasher {
  readonly #secrets: () => readonly string[];
  readonly #use: KeyUse;
  readonly #macs = new Map<string, Mac>();
  /** What the keys were made from; the list is replaced, never changed. */
  #seen: readonly string[] = [];
  #newest = '';

  constructor(secrets: SecretList, use: KeyUse) {
    this.#secrets = readerOf(secrets);
    this.#use = use;
    this.#look();
  }

  hash(text: string, keyId?: string): string {
    this.#look();
    const id = keyId ?? this.#newest;
    const mac = this.#macs.get(id);
    if (mac === undefined) throw new Error(`the master secret of the key ${id} is not known here`);
    return `${id}.${mac(text, '')}`;
  }

  check(text: string, hash: string, ending = ''): 'same' | 'different' | 'other-key' {
    this.#look();
    const dot = hash.indexOf('.');
    const mac = this.#macs.get(hash.slice(0, dot));
    if (mac === undefined) return 'other-key';
    return isEqual(mac(text, ending), hash.slice(dot + 1)) ? 'same' : 'different';
  }

  /** Makes a key known whose secret is not: one that was in use before. */
  know(key: Buffer): void {
    const [id, mac] = keyEntry(key);
    if (!this.#macs.has(id)) this.#macs.set(id, mac);
  }

  #look(): void {
    const secrets = this.#secrets();
    if (secrets === this.#seen) return;
    this.#seen = secrets;
    const [newest] = secrets;
    if (newest === undefined) throw new Error('a hasher needs the masters’ secret');
    for (const secret of secrets) this.know(derivedKey(secret, this.#use));
    this.#newest = idOf(derivedKey(newest, this.#use));
  }
}

/** The first secret writes where no key is named. */
export function commitHasher(masterSecrets: SecretList, use: KeyUse = 'event log'): SecretHasher {
  return new SecretHasher(masterSecrets, use);
}

/** Names the key of a master secret: in hashes, in events, wherever a key has to be told from others. Tells nothing of it. */
export function keyIdOfSecret(masterSecret: string): string {
  return idOf(derivedKey(masterSecret, 'event log'));
}

type Mac = (text: string, ending: string) => string;

function idOf(key: Buffer): string {
  return createHmac('sha256', key).update('key id').digest('hex').slice(0, KEY_ID_DIGITS);
}

function keyEntry(key: Buffer): readonly [string, Mac] {
  return [idOf(key), macUnder(key)];
}

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/** Longer texts are rare, and worth an object of their own. */
const CHARACTERS_MAX = 32 * 1024;
const UTF8_BYTES_PER_CHARACTER_MAX = 3;

/**
 * HMAC-SHA-256 (RFC 2104) by two one-shot digests: `createHmac` makes an object of the crypto library for each text,
 * which in a replay of a million commits costs five times the hashing.
 */
function macUnder(key: Buffer): Mac {
  if (key.length > BLOCK_BYTES) throw new Error(`a key has at most ${BLOCK_BYTES} bytes`);
  const inner = withPad(key, 0x36, CHARACTERS_MAX * UTF8_BYTES_PER_CHARACTER_MAX);
  const outer = withPad(key, 0x5c, DIGEST_BYTES);
  return (text, ending) => {
    if (text.length + ending.length > CHARACTERS_MAX) {
      return createHmac('sha256', key).update(text).update(ending).digest('base64url');
    }
    const textEnd = BLOCK_BYTES + inner.write(text, BLOCK_BYTES);
    const end = textEnd + inner.write(ending, textEnd);
    // As a text of bytes: a digest that comes as a buffer costs three times the hashing.
    outer.write(digest('sha256', inner.subarray(0, end), 'binary'), BLOCK_BYTES, 'latin1');
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
