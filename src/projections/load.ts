import { type EventLog, LogArchivedPast } from '../events/log.ts';
import { ControlPlane } from './control-state.ts';
import type { SnapshotStore } from './snapshot-store.ts';

/** Commits that are read at once. */
const REPLAY_LIMIT = 512;

/**
 * The control plane as of the newest commit: from the snapshot, if there is one of this version, and what followed.
 * Throws `LogCorrupt` when the log lacks the commit that the snapshot was made at (S18): never begins anew then.
 */
export async function loadControlPlane(
  log: EventLog,
  snapshots: SnapshotStore,
  signal?: AbortSignal,
): Promise<ControlPlane> {
  const snapshot = await snapshots.load(signal);
  const restored = snapshot === undefined ? undefined : ControlPlane.restore(snapshot);
  try {
    const plane = restored ?? new ControlPlane();
    await catchUp(plane, log, signal);
    return plane;
  } catch (error) {
    if (!(error instanceof LogArchivedPast)) throw error;
    const plane = new ControlPlane();
    await catchUp(plane, log, signal);
    return plane;
  }
}

async function catchUp(plane: ControlPlane, log: EventLog, signal?: AbortSignal): Promise<void> {
  for (;;) {
    const commits = await log.read(plane.head, REPLAY_LIMIT, signal);
    plane.applyAll(commits);
    if (commits.length === 0) return;
  }
}
