import type { DocumentVersion } from './document.ts';
import { type LogEntry, Removal, StructureChange } from './log.ts';

/** Shared memory that is used by less than this part is given up by those who still use it. */
const USED_PART_MIN = 0.25;

/**
 * The documents of one call share memory, which the log needs whole. When a batch leaves the log, documents that are
 * still current must not keep all of it alive: few survivors of many get memory of their own.
 */
export function unpinDocuments(entries: readonly LogEntry[]): void {
  const survivors = new Map<ArrayBufferLike, DocumentVersion[]>();
  for (const entry of entries) {
    if (entry instanceof Removal || entry instanceof StructureChange) continue;
    if (entry.collection.isDropped || entry.collection.current(entry.key) !== entry) continue;
    const memory = entry.buffer.buffer;
    const sharing = survivors.get(memory);
    if (sharing === undefined) survivors.set(memory, [entry]);
    else sharing.push(entry);
  }
  for (const [memory, versions] of survivors) {
    const used = versions.reduce((sum, version) => sum + version.length, 0);
    if (used < memory.byteLength * USED_PART_MIN) for (const version of versions) version.moveOut();
  }
}
