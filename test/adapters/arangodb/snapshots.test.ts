import { beforeEach, describe, expect, it } from 'vitest';
import { ArangoSnapshotStore } from '../../../src/adapters/arangodb/snapshots.ts';
import { commitHasher } from '../../../src/adapters/crypto/commit-hasher.ts';
import { canonicalText } from '../../../src/events/canonical.ts';
import { initialControlState, type Snapshot } from '../../../src/projections/control-state.ts';
import { type ControlDatabase, useControlDatabase } from '../../support/control-database.ts';

const PATH = '/_api/document/_sync_snapshots/control-state';
const snapshot: Snapshot = {
  schema: 1,
  head: { position: 17, hash: 'key.hash' },
  state: canonicalText({ ...initialControlState, settings: { messageTimeoutMs: 5 } }),
};

describe('snapshots in the database', () => {
  const databases = useControlDatabase('single');
  let database: ControlDatabase;
  let snapshots: ArangoSnapshotStore;
  beforeEach(async () => {
    database = await databases.open();
    snapshots = new ArangoSnapshotStore(database.server, commitHasher(['secret'], 'snapshots'));
  });

  it('come back as they were saved, the newest only', async () => {
    await snapshots.save({ ...snapshot, head: { position: 3, hash: 'h3' } });
    await snapshots.save(snapshot);
    expect(await snapshots.load()).toEqual(snapshot);
  });

  it('may be deleted at any time', async () => {
    expect(await snapshots.load()).toBeUndefined();
    await snapshots.save(snapshot);
    await database.server.json({ method: 'DELETE', path: PATH });
    expect(await snapshots.load()).toBeUndefined();
  });

  it.each([
    ['state', snapshot.state.replace('5', '6')],
    ['position', 18],
    ['head', 'another head'],
    ['schema', 2],
    ['state', 7],
  ])('S22: count as none when their %s was changed', async (attribute, value) => {
    await snapshots.save(snapshot);
    const { _id, _key, _rev, ...content } = await database.server.json<Record<string, unknown>>({
      method: 'GET',
      path: PATH,
    });
    await database.server.json({ method: 'PUT', path: PATH, body: { ...content, [attribute]: value } });
    expect(await snapshots.load()).toBeUndefined();
  });

  it('S22: count as none when they were made without the masters’ secret', async () => {
    await new ArangoSnapshotStore(database.server, commitHasher(['other'], 'snapshots')).save(snapshot);
    expect(await snapshots.load()).toBeUndefined();
  });
});
