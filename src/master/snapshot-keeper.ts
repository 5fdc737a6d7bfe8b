import type { SnapshotStore } from '../projections/snapshot-store.ts';
import type { ControlLog } from './control-log.ts';

/** Commits after which a new snapshot is worth its size. */
const commitsPerSnapshot = 500;

/** Keeps a snapshot of the folded log, so that a master that starts need not read everything. */
export class SnapshotKeeper {
  readonly #control: ControlLog;
  readonly #snapshots: SnapshotStore;
  #savedPosition = 0;

  constructor(control: ControlLog, snapshots: SnapshotStore) {
    this.#control = control;
    this.#snapshots = snapshots;
  }

  async step(signal: AbortSignal): Promise<void> {
    if (this.#control.head.position - this.#savedPosition < commitsPerSnapshot) return;
    const snapshot = this.#control.snapshot();
    if (snapshot === undefined) return;
    await this.#snapshots.save(snapshot, signal);
    this.#savedPosition = snapshot.head.position;
  }
}
