import type { CommitHasher } from './chain.ts';
import { ChainedLog } from './chained-log.ts';
import { MemoryCommitStore } from './memory-store.ts';

/** An event log in memory. Several logs over one store are several processes at one log. */
export function openMemoryLog(hasher: CommitHasher, store: MemoryCommitStore = new MemoryCommitStore()): ChainedLog {
  const sleep = () => new Promise<void>((resolve) => queueMicrotask(resolve));
  return new ChainedLog({ store, hasher, sleep });
}
