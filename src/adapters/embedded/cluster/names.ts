import { ArangoApiError } from '../http/errors.ts';

/** Longest names in bytes of UTF-8 (reference 3.1, 3.2). */
const DATABASE_BYTES_MAX = 128;
const COLLECTION_BYTES_MAX = 256;

const traditional = /^[A-Za-z][A-Za-z0-9_-]*$/;
const system = /^_[A-Za-z0-9_-]*$/;
// No slash, colon, control character; no space at either end; no digit, underscore, dot in front.
const extended = /^(?![0-9_.\s])[^/:\p{Cc}]*(?<!\s)$/u;

/** 400/1208 unless the text may name a database (extended names are on, as by default in 3.12). */
export function needDatabaseName(name: string): void {
  if (name === '_system') return;
  if (name !== name.normalize('NFC')) {
    throw new ArangoApiError(1208, 'database name is not properly UTF-8 NFC-normalized');
  }
  if (!isPlain(name, DATABASE_BYTES_MAX))
    throw new ArangoApiError(1208, `illegal name: database name invalid: ${name}`);
}

/** 400/1208 unless the text may name a collection; a leading `_` is for system collections, and only for them. */
export function needCollectionName(name: string, isSystem: boolean): void {
  if (name.startsWith('_') !== isSystem) throw illegal(name);
  if (isSystem ? system.test(name) && bytes(name) <= COLLECTION_BYTES_MAX : isPlain(name, COLLECTION_BYTES_MAX)) return;
  throw illegal(name);
}

function isPlain(name: string, bytesMax: number): boolean {
  if (name === '' || bytes(name) > bytesMax) return false;
  return traditional.test(name) || (extended.test(name) && name === name.normalize('NFC'));
}

function bytes(name: string): number {
  return Buffer.byteLength(name);
}

function illegal(name: string): ArangoApiError {
  return new ArangoApiError(1208, `illegal name: collection name invalid: ${name}`);
}
