import type { ShardRef } from '../../wire/shards.ts';
import type { StructureReport } from '../../wire/worker.ts';
import type { IndexDefinition, SourceCollection } from '../inventory.ts';
import type { TargetKind } from './collection-settings.ts';
import type { SearchStep } from './plan-search.ts';
import type { TargetCollection, TargetDatabase } from './read-structure.ts';
import type { SourceFacts } from './source-facts.ts';
import type { Note } from './structure-notes.ts';

type Settings = Readonly<Record<string, unknown>>;

/** One change of the target's structure. */
export type Step =
  | {
      readonly kind: 'create-database';
      readonly database: string;
      readonly settings: Settings;
      /** What became other than on the source, for the log. */
      readonly note: string;
    }
  | { readonly kind: 'rename-collection'; readonly database: string; readonly collection: string; readonly to: string }
  | {
      readonly kind: 'create-collection';
      readonly database: string;
      readonly collection: string;
      readonly settings: Settings;
      /** What became other than on the source, for the log. */
      readonly note: string;
    }
  | {
      readonly kind: 'change-collection';
      readonly database: string;
      readonly collection: string;
      readonly settings: Settings;
    }
  | { readonly kind: 'drop-index'; readonly database: string; readonly collection: string; readonly index: string }
  | {
      readonly kind: 'create-index';
      readonly database: string;
      readonly collection: string;
      readonly index: IndexDefinition;
    }
  | {
      readonly kind: 'drop-collection';
      readonly database: string;
      readonly collection: string;
      /** It is made again at once. */
      readonly makesRoom: boolean;
      readonly isSystem: boolean;
      readonly reason: string;
    }
  | { readonly kind: 'drop-database'; readonly database: string }
  | SearchStep;

/** The target's structure, with what had to be asked beside it. */
export interface TargetStructure extends TargetKind {
  readonly databases: ReadonlyMap<string, TargetDatabase>;
  /** Ids of collections that hold documents, of those whose definition conflicts with the source's. */
  readonly filled: ReadonlySet<string>;
}

/** What is remembered from one inventory to the next, under one epoch. */
export interface StructureMemory {
  /**
   * By id of the target's collection: the globallyUniqueId of the source's collection that it follows. By
   * {@link databaseKey} of the target's database: the id of the source's.
   */
  readonly followed: ReadonlyMap<string, string>;
  /** Drops that the complete inventory before this one wanted as well: `database/collection/id` (S1). */
  readonly agreed: ReadonlySet<string>;
  /** Drops that an operator confirmed: `database/collection`. */
  readonly confirmed: ReadonlySet<string>;
  /** Ids of collections of which every shard was copied, where that matters. */
  readonly copied: ReadonlySet<string>;
}

/** Something of the target, and what of the source it follows. */
export interface Followed {
  readonly targetId: string;
  readonly sourceId: string;
  /** Of collections. */
  readonly collection?: { readonly facts: SourceFacts; readonly pair: Pair };
}

export interface StructurePlan {
  readonly steps: readonly Step[];
  readonly problems: StructureReport['problems'];
  /** What is, or will be, other on purpose than on the source. */
  readonly notes: readonly Note[];
  /** Shards of collections that are on the target as they must be. */
  readonly ready: readonly ShardRef[];
  /** Collections that are, for the memory. */
  readonly following: readonly Followed[];
  /** Drops that the next complete inventory has to want as well. */
  readonly wantedDrops: ReadonlySet<string>;
  readonly heldDrops: readonly string[];
  /** Indexes that are made after the copy of their collection. */
  readonly afterCopy: readonly IndexOf[];
}

export interface IndexOf {
  readonly database: string;
  readonly collection: string;
  readonly index: IndexDefinition;
}

/** A collection of both sides, as far as it is there. */
export interface Pair {
  readonly database: string;
  readonly source: SourceCollection;
  readonly target: TargetCollection | undefined;
}
