import { createSyncCollections } from '../../src/adapters/arangodb/sync-collections.ts';
import type { ArangoServer } from '../../src/replication/arango.ts';
import { MinimalArango } from './minimal-arango.ts';

export interface ControlDatabase {
  readonly server: ArangoServer;
  close(): Promise<void>;
}

/** A database with our collections. */
export async function openControlDatabase(): Promise<ControlDatabase> {
  const server = new MinimalArango();
  await createSyncCollections(server);
  return { server, close: async () => {} };
}
