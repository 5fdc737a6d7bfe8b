import type { WorkerTask } from '../../wire/worker.ts';
import type { ShardLines } from '../shard-lines.ts';
import type { Gate } from '../target/gate.ts';
import type { Environment } from './environment.ts';
import type { SourceLimits } from './limits.ts';
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
  readonly reader: SharedReader;
  /** Lets so many find out at once how they are served. */
  readonly openings: Gate;
  /** Lets so many copy at once. */
  readonly copies: Gate;
  readonly lines: ShardLines;
  readonly environment: Environment;
  readonly limits: SourceLimits;
  readonly refreshTopology: (signal: AbortSignal) => Promise<Topology>;
}
