import type { ShardRef } from '../../wire/shards.ts';
import type { ArangoDeployment } from '../arango.ts';
import type { ShardLines } from '../shard-lines.ts';
import type { Throttle } from '../throttle/throttle.ts';
import type { CheckpointScope } from './checkpoint-documents.ts';
import type { CheckpointRounds } from './checkpoint-rounds.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { SharedBytes } from './deferred.ts';
import type { TargetDirectory } from './directory.ts';
import type { Environment, TargetLimits } from './environment.ts';
import type { Gate } from './gate.ts';
import type { LinkPool } from './link-pool.ts';
import type { Openings } from './openings.ts';
import type { ServerWatch } from './server-watch.ts';
import type { ShardTarget } from './shard-target.ts';
import type { FollowedCollections } from './structure-memory.ts';

/** What all shards of one synchronization on this worker share. */
export interface ReceiverParts extends CheckpointScope {
  /** All that the target held when the epoch began the source had as well. */
  readonly equalAtStart: boolean;
  readonly deployment: ArangoDeployment;
  readonly directory: TargetDirectory;
  readonly followed: FollowedCollections;
  readonly store: CheckpointStore;
  readonly rounds: CheckpointRounds;
  readonly watch: ServerWatch;
  readonly links: LinkPool;
  /** Of writes. */
  readonly gate: Gate;
  /** What all shards hold back because of unique indexes. */
  readonly held: SharedBytes;
  /** Of what is written to the target. */
  readonly throttle: Throttle;
  readonly openings: Openings;
  /** A shard holds what the source has of it: what is to be done to its collection may succeed now. */
  readonly onCaughtUp: (target: ShardTarget) => void;
  readonly lines: ShardLines;
  /** Resolves when it is recorded that an old write to the shard may still land (S4). */
  readonly onDoubt: (shard: ShardRef, reason: string) => Promise<void>;
  readonly environment: Environment;
  readonly limits: TargetLimits;
}
