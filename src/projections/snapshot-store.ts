import type { Snapshot } from './control-state.ts';

/** Where a snapshot lies. It may be deleted at any time; a replay from the beginning gives the same. Adapter: `adapters/arangodb/snapshots.ts`. */
export interface SnapshotStore {
  /** The newest snapshot; undefined when there is none that can be trusted. */
  load(signal?: AbortSignal): Promise<Snapshot | undefined>;
  save(snapshot: Snapshot, signal?: AbortSignal): Promise<void>;
}
