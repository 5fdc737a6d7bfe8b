import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSyncCollections, SYNC_COLLECTIONS } from '../../../src/adapters/arangodb/sync-collections.ts';
import { type ControlDatabase, openControlDatabase } from '../../support/control-database.ts';

describe('our collections', () => {
  let database: ControlDatabase;
  beforeEach(async () => {
    database = await openControlDatabase();
  });
  afterEach(() => database.close());

  const propertiesOf = (name: string) =>
    database.server.json<Record<string, unknown>>({ method: 'GET', path: `/_api/collection/${name}/properties` });

  it('are system collections, and what must survive a power cut is synced', async () => {
    for (const name of Object.values(SYNC_COLLECTIONS)) {
      const isSynced = name === '_sync_events' || name === '_sync_secrets';
      expect(await propertiesOf(name), name).toMatchObject({ isSystem: true, waitForSync: isSynced });
    }
  });

  it('may be made again and again, by several masters at once', async () => {
    await Promise.all([createSyncCollections(database.server), createSyncCollections(database.server)]);
    expect(await propertiesOf('_sync_events')).toMatchObject({ isSystem: true });
  });

  it('are made to sync when someone has changed that', async () => {
    const path = '/_api/collection/_sync_events/properties';
    await database.server.json({ method: 'PUT', path, body: { waitForSync: false } });
    await createSyncCollections(database.server);
    expect(await propertiesOf('_sync_events')).toMatchObject({ waitForSync: true });
  });
});
