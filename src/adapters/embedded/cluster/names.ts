import { ArangoApiError } from '../http/errors.ts';
import type { Features } from '../versions/features.ts';

/** Longest names in bytes of UTF-8 (reference 3.1, 3.2). */
const DATABASE_BYTES_MAX = 128;
const DATABASE_BYTES_TRADITIONAL = 64;
const COLLECTION_BYTES_MAX = 256;

const traditional = /^[A-Za-z][A-Za-z0-9_-]*$/;
const system = /^_[A-Za-z0-9_-]*$/;
// No slash, colon, control character; no space at either end; no digit, underscore, dot in front.
const extended = /^(?![0-9_.\s])[^/:\p{Cc}]*(?<!\s)$/u;

/** 400/1208 (400/1229 in older versions) unless the text may name a database. */
export function needDatabaseName(name: string, { extendedNames, databaseNameIsIllegalName }: Features): void {
  if (name === '_system') return;
  const errorNum = databaseNameIsIllegalName ? 1208 : 1229;
  if (name !== name.normalize('NFC')) {
    throw new ArangoApiError(errorNum, 'database name is not properly UTF-8 NFC-normalized');
  }
  if (isPlain(name, extendedNames ? DATABASE_BYTES_MAX : DATABASE_BYTES_TRADITIONAL, extendedNames)) return;
  throw new ArangoApiError(errorNum, `illegal name: database name invalid: ${name}`);
}

/** 400/1208 unless the text may name a collection; a leading `_` is for system collections, and only for them. */
export function needCollectionName(name: string, isSystem: boolean, { extendedNames }: Features): void {
  if (name.startsWith('_') !== isSystem) throw illegal(name);
  const isLegal = isSystem
    ? system.test(name) && bytes(name) <= COLLECTION_BYTES_MAX
    : isPlain(name, COLLECTION_BYTES_MAX, extendedNames);
  if (!isLegal) throw illegal(name);
}

function isPlain(name: string, bytesMax: number, mayBeExtended: boolean): boolean {
  if (name === '' || bytes(name) > bytesMax) return false;
  return traditional.test(name) || (mayBeExtended && extended.test(name) && name === name.normalize('NFC'));
}

function bytes(name: string): number {
  return Buffer.byteLength(name);
}

function illegal(name: string): ArangoApiError {
  return new ArangoApiError(1208, `illegal name: collection name invalid: ${name}`);
}
