import type { Collection } from './collection.ts';
import { EngineError } from './errors.ts';
import { type LogBatch, type LogEntry, Removal, StructureChange, type WriteAheadLog } from './log.ts';

/** Takes back what is behind a tick and was not synced, newest first, as a loss of power does. */
export function undoUnsynced(log: WriteAheadLog, keptTick: number): void {
  const changed = new Set<Collection>();
  let batch = log.popUnsynced(keptTick);
  while (batch !== undefined) {
    undoBatch(batch, changed);
    batch = log.popUnsynced(keptTick);
  }
  for (const collection of changed) collection.forgetTreeAfter(log.lastTick);
}

/** Takes a batch back, newest entry first; notes the collections that it had changed. */
function undoBatch(batch: LogBatch, changed: Set<Collection>): void {
  const tick = batch.start - 1;
  for (let index = batch.entries.length - 1; index >= 0; index--) {
    const entry = batch.entries[index] as LogEntry;
    if (entry instanceof StructureChange) throw new EngineError(4, 'a change of structure is always durable');
    if (entry.collection.isDropped) continue;
    changed.add(entry.collection);
    entry.collection.undo(entry instanceof Removal ? undefined : entry, batch.before?.[index], tick);
  }
}
