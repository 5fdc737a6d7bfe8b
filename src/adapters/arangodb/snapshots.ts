import { z } from 'zod';
import { canonicalText } from '../../events/canonical.ts';
import type { CommitHasher } from '../../events/chain.ts';
import type { Snapshot } from '../../projections/control-state.ts';
import type { SnapshotStore } from '../../projections/snapshot-store.ts';
import type { ArangoServer } from '../../replication/arango.ts';
import { documentPath, readDocument, withSignal } from './documents.ts';
import { SYNC_COLLECTIONS } from './sync-collections.ts';

const KEY = 'control-state';

const StoredSnapshot = z.looseObject({
  schema: z.int().positive(),
  position: z.int().positive(),
  head: z.string(),
  state: z.string(),
  hash: z.string(),
});

/**
 * The newest snapshot in `_sync_snapshots`. It carries a keyed hash like a commit: a snapshot that someone changed would
 * otherwise change what a master decides, behind the log's back. One that does not pass counts as none.
 */
export class ArangoSnapshotStore implements SnapshotStore {
  readonly #server: ArangoServer;
  readonly #hasher: CommitHasher;

  /** The hasher must be one of its own use: `commitHasher(secrets, 'snapshots')`. */
  constructor(server: ArangoServer, hasher: CommitHasher) {
    this.#server = server;
    this.#hasher = hasher;
  }

  async load(signal?: AbortSignal): Promise<Snapshot | undefined> {
    const path = documentPath(SYNC_COLLECTIONS.snapshots, KEY);
    const content = await readDocument(this.#server, z.unknown(), { path, ...withSignal(signal) });
    const stored = StoredSnapshot.safeParse(content).data;
    if (stored === undefined) return undefined;
    const { schema, position, head, state, hash } = stored;
    const snapshot = { schema, head: { position, hash: head }, state };
    return this.#hasher.check(canonicalText(snapshot), hash) === 'same' ? snapshot : undefined;
  }

  async save(snapshot: Snapshot, signal?: AbortSignal): Promise<void> {
    const { schema, head, state } = snapshot;
    const hash = this.#hasher.hash(canonicalText({ schema, head, state }));
    await this.#server.json<unknown>({
      method: 'POST',
      path: `/_api/document/${SYNC_COLLECTIONS.snapshots}`,
      query: { overwriteMode: 'replace' },
      body: { _key: KEY, schema, position: head.position, head: head.hash, state, hash },
      repeatable: true,
      ...withSignal(signal),
    });
  }
}
