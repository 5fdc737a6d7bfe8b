import type { WorkerInstructions } from '../../wire/worker.ts';
import type { ArangoDeployment } from '../arango.ts';
import type { CheckpointRounds } from './checkpoint-rounds.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { Environment } from './environment.ts';
import type { GraphDoubt } from './graphs-in-the-way.ts';
import type { FollowedCollections } from './structure-memory.ts';

/** With what the target's structure is brought in line. */
export interface AlignOptions {
  readonly deployment: ArangoDeployment;
  readonly followed: FollowedCollections;
  readonly store: CheckpointStore;
  readonly rounds: CheckpointRounds;
  readonly environment: Environment;
  /** Resolves when it is recorded that a shard of graphs may differ until it was compared. */
  readonly onDoubt: GraphDoubt;
  readonly epoch: string;
  readonly sourceDeployment: string;
  /** Whether the target keeps its own `root`. */
  readonly excludeRoot: () => boolean;
}

/** What an operator wants of the structure beside that it follows the source. */
export interface StructureRules
  extends Pick<NonNullable<WorkerInstructions['incoming']>, 'selection' | 'selectionVersion' | 'replicationFactor'> {
  /** Drops that were held and are confirmed: `database/collection`. */
  readonly confirmedDrops: ReadonlySet<string>;
}
