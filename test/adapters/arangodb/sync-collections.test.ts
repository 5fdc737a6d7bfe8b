import { beforeEach, describe, expect, it } from 'vitest';
import { createSyncCollections, SYNC_COLLECTIONS } from '../../../src/adapters/arangodb/sync-collections.ts';
import { type ControlDatabase, useControlDatabase } from '../../support/control-database.ts';

describe.each(['single', 'cluster'] as const)('our collections in a %s deployment', (mode) => {
  const databases = useControlDatabase(mode);
  let database: ControlDatabase;
  beforeEach(async () => {
    database = await databases.open();
  });

  const propertiesOf = (name: string) =>
    database.server.json<Record<string, unknown>>({ method: 'GET', path: `/_api/collection/${name}/properties` });

  it('are system collections, and what must survive a power cut is synced', async () => {
    for (const name of Object.values(SYNC_COLLECTIONS)) {
      const isSynced = name === '_sync_events' || name === '_sync_secrets';
      expect(await propertiesOf(name), name).toMatchObject({ isSystem: true, waitForSync: isSynced });
    }
  });

  it('have one shard, and as many replicas as the system collections of the deployment', async () => {
    const { replicationFactor, writeConcern } = await propertiesOf('_users');
    const inClusters = mode === 'cluster' ? { numberOfShards: 1, replicationFactor, writeConcern } : {};
    for (const name of Object.values(SYNC_COLLECTIONS)) {
      expect(await propertiesOf(name), name).toMatchObject(inClusters);
    }
    expect(replicationFactor).toBe(mode === 'cluster' ? 2 : undefined);
  });

  it('are not taken over from somebody who made one that cannot serve', async () => {
    const path = '/_api/collection/_sync_events';
    await database.server.json({ method: 'DELETE', path, query: { isSystem: true } });
    const body = { name: '_sync_events', isSystem: true, numberOfShards: 3 };
    await database.server.json({ method: 'POST', path: '/_api/collection', body });
    const created = createSyncCollections(database.server);
    if (mode === 'cluster') await expect(created).rejects.toThrow('one shard');
    else await created;
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
