import type { Commit } from '../events/log.ts';

/** How much of the event log stays in the database: so many of its newest commits, or those of so long. */
export type EventsKeep =
  | { readonly kind: 'count'; readonly commits: number }
  | { readonly kind: 'age'; readonly ms: number };

/** Where commits go before they are removed. Adapter: `adapters/event-files/archive.ts`. */
export interface EventArchive {
  /**
   * Writes commits to a file of their own and resolves with its name once it is on the disk, was read again, and was
   * found whole. Throws otherwise: then nothing may be removed. The same part again replaces its file.
   */
  write(first: number, last: number, commits: AsyncIterable<Commit>): Promise<string>;
}

export interface EventsRetentionSettings {
  readonly keep: EventsKeep;
  readonly archive: EventArchive;
  /** How often it is looked whether something is due. */
  readonly checkEveryMs: number;
}
