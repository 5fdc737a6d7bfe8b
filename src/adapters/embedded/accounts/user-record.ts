import type { Json, JsonObject } from '../engine/types.ts';
import type { Level } from '../http/accounts.ts';
import type { AccessToken } from './access-token.ts';
import type { PasswordHash } from './password.ts';

/** A level as it was set; `undefined` where nothing was. */
export type ConfiguredLevel = Level | 'undefined';

export interface DatabaseGrant {
  /** `undefined` when only collections were granted. */
  readonly level: ConfiguredLevel;
  readonly collections: ReadonlyMap<string, Level>;
}

/** A user as it lies in `_system/_users` (reference 3.5). */
export interface UserRecord {
  /** `_key` of the document; undefined before it was stored. */
  readonly key: string | undefined;
  readonly name: string;
  readonly active: boolean;
  readonly password: PasswordHash;
  readonly extra: JsonObject;
  readonly config: JsonObject;
  readonly databases: ReadonlyMap<string, DatabaseGrant>;
  readonly tokens: readonly AccessToken[];
}

/** The document of a user, without `_key`. */
export function userDocument(user: UserRecord): JsonObject {
  const databases = Object.fromEntries([...user.databases].map(([name, grant]) => [name, grantDocument(grant)]));
  return {
    user: user.name,
    authData: { active: user.active, simple: { ...user.password } },
    databases,
    userData: user.extra,
    configData: user.config,
    ...(user.tokens.length === 0 ? {} : { accessTokens: user.tokens.map((token) => ({ ...token })) }),
  };
}

function grantDocument(grant: DatabaseGrant): JsonObject {
  const collections = Object.fromEntries(
    [...grant.collections].map(([name, level]) => [name, { permissions: permissions(level) }]),
  );
  return { permissions: grant.level === 'undefined' ? { undefined: true } : permissions(grant.level), collections };
}

function permissions(level: Level): JsonObject {
  return { read: level !== 'none', write: level === 'rw' };
}

/** Reads a document of `_users`; undefined for one that is no user (restored from elsewhere, written by hand). */
export function userOfDocument(document: JsonObject): UserRecord | undefined {
  const authData = objectOf(document.authData);
  const simple = objectOf(authData.simple);
  const name = document.user;
  if (typeof name !== 'string' || typeof simple.hash !== 'string') return undefined;
  return {
    key: typeof document._key === 'string' ? document._key : undefined,
    name,
    active: authData.active === true,
    password: { hash: simple.hash, salt: String(simple.salt ?? ''), method: simple.method as 'sha256' },
    extra: objectOf(document.userData),
    config: objectOf(document.configData),
    databases: databasesOf(objectOf(document.databases)),
    tokens: Array.isArray(document.accessTokens) ? (document.accessTokens as unknown as AccessToken[]) : [],
  };
}

function databasesOf(stored: JsonObject): ReadonlyMap<string, DatabaseGrant> {
  return new Map(
    Object.keys(stored).map((name) => {
      const grant = objectOf(stored[name]);
      const collections = objectOf(grant.collections);
      const levels = Object.keys(collections).map(
        (collection) => [collection, levelOf(objectOf(collections[collection]).permissions) ?? 'none'] as const,
      );
      return [name, { level: levelOf(grant.permissions) ?? 'undefined', collections: new Map(levels) }];
    }),
  );
}

function levelOf(stored: Json | undefined): Level | undefined {
  const given = objectOf(stored);
  if (given.undefined === true) return undefined;
  if (given.write === true) return 'rw';
  return given.read === true ? 'ro' : 'none';
}

function objectOf(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
