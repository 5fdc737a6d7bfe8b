import type { WorkerTask } from '../../wire/worker.ts';
import type { ArangoServer } from '../arango.ts';
import type { CollectionPlace } from '../documents-by-key.ts';
import type { ShardLines } from '../shard-lines.ts';
import type { Gate } from '../target/gate.ts';
import type { Throttle } from '../throttle/throttle.ts';
import type { Environment } from './environment.ts';
import type { SourceLimits } from './limits.ts';
import type { HeldBytes } from './operation-buffer.ts';
import type { ReadRoom } from './read-room.ts';
import type { ShardStream } from './shard-stream.ts';
import type { SharedReader } from './shared-reader.ts';
import type { SourceServer } from './source-server.ts';
import type { ShardPlace, Topology } from './topology.ts';

/** What one opening of one shard is served with. */
export interface ShardSenderParts {
  readonly task: WorkerTask & { readonly shard: NonNullable<WorkerTask['shard']> };
  readonly stream: ShardStream;
  readonly deploymentId: string;
  readonly place: ShardPlace;
  readonly server: SourceServer;
  /** Answers for whole collections. */
  readonly front: ArangoServer;
  /** All shards of the collection, on the servers that lead them now. */
  readonly shards: (signal: AbortSignal) => Promise<readonly CollectionPlace[]>;
  readonly reader: SharedReader;
  /** For reads of the log, of all shards that go over the stream's link. */
  readonly room: ReadRoom;
  /** What all buffers of the worker hold. */
  readonly held: HeldBytes;
  /** Lets so many find out at once how they are served. */
  readonly openings: Gate;
  /** Lets so many copy at once. */
  readonly copies: Gate;
  /** Of what is read from the source. */
  readonly throttle: Throttle;
  readonly lines: ShardLines;
  readonly environment: Environment;
  readonly limits: SourceLimits;
  readonly refreshTopology: (signal: AbortSignal) => Promise<Topology>;
}
