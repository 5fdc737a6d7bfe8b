import type { ClientIdentity } from '../engine/clients.ts';
import type { StorageEngine } from '../engine/server.ts';
import { ArangoApiError } from '../http/errors.ts';
import type { Query } from '../http/query.ts';

const SYNCER_ID_MAX = 2n ** 64n;

/** Who reads, by `syncerId`, `serverId`, `clientInfo` (6.6). 400/10 for a syncerId that is no positive integer (6.2). */
export function parseRequestClient(query: Query): ClientIdentity {
  const syncerId = query.text('syncerId');
  if (syncerId !== undefined && !(/^[1-9][0-9]*$/.test(syncerId) && BigInt(syncerId) < SYNCER_ID_MAX)) {
    throw new ArangoApiError(10, 'syncerId, if set, must be a positive integer');
  }
  return { syncerId, serverId: query.text('serverId'), clientInfo: query.text('clientInfo') };
}

/** The databases that a contact keeps the log for: the current one, or all. */
export function trackedDatabases(engine: StorageEngine, database: string, isGlobal: boolean): string[] {
  return isGlobal ? engine.databases().map((each) => each.name) : [database];
}
