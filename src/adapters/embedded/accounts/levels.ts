import type { Level } from '../http/accounts.ts';
import type { ConfiguredLevel, UserRecord } from './user-record.ts';

const rank: Readonly<Record<Level, number>> = { none: 0, ro: 1, rw: 2 };

function better(left: Level, right: Level): Level {
  return rank[left] >= rank[right] ? left : right;
}

/** The level that was set for a database, and nothing else. */
export function configuredDatabaseLevel(user: UserRecord, database: string): ConfiguredLevel {
  return user.databases.get(database)?.level ?? 'undefined';
}

/** The level on a database that counts (reference 1.6): set, or the better of the wildcard's and `_system`'s. */
export function databaseLevel(user: UserRecord, database: string): Level {
  const explicit = configuredDatabaseLevel(user, database);
  if (explicit !== 'undefined') return explicit;
  return better(given(user, '*'), given(user, '_system'));
}

function given(user: UserRecord, database: string): Level {
  const level = configuredDatabaseLevel(user, database);
  return level === 'undefined' ? 'none' : level;
}

/** The level that was set for a collection, and nothing else. */
export function configuredCollectionLevel(user: UserRecord, database: string, collection: string): ConfiguredLevel {
  return user.databases.get(database)?.collections.get(collection) ?? 'undefined';
}

/** The level on a collection that counts (reference 1.6). */
export function collectionLevel(user: UserRecord, database: string, collection: string): Level {
  const ofDatabase = databaseLevel(user, database);
  if (collection.startsWith('_')) return systemCollectionLevel(ofDatabase, database, collection);
  if (ofDatabase === 'none') return 'none';
  const grants = user.databases.get(database)?.collections;
  const explicit = grants?.get(collection) ?? grants?.get('*');
  return explicit ?? user.databases.get('*')?.collections.get('*') ?? ofDatabase;
}

/** System collections follow their database, but for three of `_system`. */
function systemCollectionLevel(ofDatabase: Level, database: string, collection: string): Level {
  if (database !== '_system') return ofDatabase;
  if (collection === '_users') return 'none';
  if (collection === '_queues') return ofDatabase === 'rw' ? 'ro' : ofDatabase;
  if (collection === '_frontend') return 'rw';
  return ofDatabase;
}
