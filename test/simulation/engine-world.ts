import type { ShardRef } from '../../src/events/types/parts.ts';
import type { ShardReport, WorkerInstructions, WorkerTask } from '../../src/wire/worker.ts';
import type { Batch, Position } from './target-data.ts';

/** A data request lives no longer than this: after it, nothing of it lands any more. */
export const requestLifeMs = 3_000;
export const requestTimeoutMs = 1_500;
/** What the model of a worker's engines needs of the world around its process. */
export interface EngineWorld {
  readonly name: string;
  /** Whether the process still lives. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  position(shard: ShardRef): Promise<Position | undefined>;
  /** What the target holds of it. */
  contents(shard: ShardRef): Promise<readonly number[]>;
  /** Rejects when it is not known whether the batch landed. */
  apply(batch: Unsigned<Batch>): Promise<'applied' | 'refused'>;
  /** Brings the structure in line; the names of collections that the target has too many. */
  shape(shards: readonly ShardRef[], drop: readonly string[]): Promise<readonly string[]>;
  /** Asks the worker of the source that holds the channel; undefined: it holds it no more. */
  fetch(channel: string, incoming: Incoming, signal: AbortSignal): Promise<Fetched>;
}

/** As the engines make it; its process adds who writes, and its token. */
export type Unsigned<T> = Omit<T, 'tokenUntilMs' | 'writer'>;

export type Incoming = NonNullable<WorkerInstructions['incoming']>;

export interface Fetched {
  readonly sourceDeployment: string;
  /** Of a shard's channel: all writes that the source has, and the end of its log when it looked. */
  readonly writes?: readonly number[];
  readonly logTick?: number;
  /** Of the inventory's channel. */
  readonly shards?: readonly ShardRef[];
}

/** What a source's worker reads on its own deployment. */
export interface SourceData {
  readonly deploymentId: string;
  readonly logTick: number;
  writesOf(shard: ShardRef): readonly number[];
  shards(): readonly ShardRef[];
}

export type HowItFares = Pick<ShardReport, 'status' | 'way' | 'reachedBarrier' | 'settled'>;

export function reportOf({ id }: WorkerTask, shard: ShardRef, how: HowItFares): ShardReport {
  return {
    taskId: id,
    shard,
    ...how,
    statusMessage: '',
    shardMasterKnown: true,
    reason: '',
    documentsCopied: 0,
    operationsApplied: 0,
    bytesApplied: 0,
  };
}
