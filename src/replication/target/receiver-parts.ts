import type { ShardRef } from '../../wire/shards.ts';
import type { ArangoDeployment } from '../arango.ts';
import type { ShardLines } from '../shard-lines.ts';
import type { CheckpointScope } from './checkpoint-documents.ts';
import type { CheckpointRounds } from './checkpoint-rounds.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { TargetDirectory } from './directory.ts';
import type { Environment, TargetLimits } from './environment.ts';
import type { Gate } from './gate.ts';
import type { LinkPool } from './link-pool.ts';
import type { Openings } from './openings.ts';
import type { ServerWatch } from './server-watch.ts';

/** What all shards of one synchronization on this worker share. */
export interface ReceiverParts extends CheckpointScope {
  /** All that the target held when the epoch began the source had as well. */
  readonly equalAtStart: boolean;
  readonly deployment: ArangoDeployment;
  readonly directory: TargetDirectory;
  readonly store: CheckpointStore;
  readonly rounds: CheckpointRounds;
  readonly watch: ServerWatch;
  readonly links: LinkPool;
  /** Of writes. */
  readonly gate: Gate;
  readonly openings: Openings;
  readonly lines: ShardLines;
  /** Resolves when it is recorded that an old write to the shard may still land (S4). */
  readonly onDoubt: (shard: ShardRef, reason: string) => Promise<void>;
  readonly environment: Environment;
  readonly limits: TargetLimits;
}
