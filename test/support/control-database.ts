import { afterAll, beforeAll } from 'vitest';
import { ArangoClient } from '../../src/adapters/arangodb/client.ts';
import { createSyncCollections, SYNC_COLLECTIONS } from '../../src/adapters/arangodb/sync-collections.ts';
import { type EmbeddedDeployment, startEmbedded } from '../../src/adapters/embedded/index.ts';
import { ArangoError, type ArangoServer } from '../../src/replication/arango.ts';

export interface ControlDatabase {
  readonly server: ArangoServer;
  readonly deployment: EmbeddedDeployment;
}

/**
 * One deployment with authentication for the tests of a file, over HTTP; `open` gives it with our collections empty.
 * Call it while tests are declared.
 */
export function useControlDatabase(mode: 'single' | 'cluster'): { open(): Promise<ControlDatabase> } {
  let deployment: EmbeddedDeployment;
  let server: ArangoClient;
  beforeAll(async () => {
    const jwtSecret = 'secret of the database';
    deployment = await startEmbedded({ mode, auth: { jwtSecret } });
    const credentials = { kind: 'secret', jwtSecret } as const;
    server = new ArangoClient({ endpoints: deployment.endpoints, credentials, verify: false });
  });
  afterAll(async () => {
    await server.close();
    await deployment.stop();
  });
  return {
    open: async () => {
      for (const name of Object.values(SYNC_COLLECTIONS)) await drop(server, name);
      await createSyncCollections(server);
      return { server, deployment };
    },
  };
}

async function drop(server: ArangoServer, name: string): Promise<void> {
  try {
    await server.json({ method: 'DELETE', path: `/_api/collection/${name}`, query: { isSystem: true } });
  } catch (error) {
    if (!(error instanceof ArangoError && error.status === 404)) throw error;
  }
}
