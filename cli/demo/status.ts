import { setTimeout as sleep } from 'node:timers/promises';
import { MasterList } from '../../src/wire/cluster-members.ts';
import { SyncInfo } from '../../src/wire/sync-info.ts';
import { CommandFailed } from '../errors.ts';
import { connectMasters, type MasterClient } from '../master-client.ts';
import type { Datacenter } from './datacenter.ts';

const NANOSECONDS_PER_MS = 1_000_000;
const POLL_MS = 200;

/** What the demo shows of the target. */
export interface TargetStatus {
  readonly status: string;
  readonly shards: number;
  readonly running: number;
  readonly total: number;
  /** The largest lag of any shard; undefined while one is unknown. */
  readonly lagMs: number | undefined;
  readonly failed: readonly string[];
}

export function mastersOf(datacenter: Datacenter, caCertificate: string): MasterClient {
  const endpoints = datacenter.masters.map(({ endpoint }) => endpoint);
  const none = { user: undefined, password: undefined, keyfile: undefined };
  return connectMasters({ endpoints, caCertificate, jwtSecret: datacenter.masterSecret, ...none }, () => {});
}

/** The status of all shards, or of one collection's. */
export async function targetStatus(masters: MasterClient, collection?: string): Promise<TargetStatus> {
  const answer = await masters.ask({ method: 'GET', path: '/_api/sync?details=full' }, SyncInfo);
  const shards = (answer.shards ?? []).filter((shard) => collection === undefined || shard.collection === collection);
  const delays = shards.map(({ delay }) => delay);
  const known = delays.filter((delay) => delay !== undefined);
  return {
    status: answer.status,
    shards: shards.length,
    running: shards.filter(({ status }) => status === 'running').length,
    total: answer.totalShardsCount ?? shards.length,
    lagMs: known.length > 0 && known.length === delays.length ? Math.max(...known) / NANOSECONDS_PER_MS : undefined,
    failed: shards
      .filter(({ status }) => status === 'failed')
      .map((shard) => `${shard.database}/${shard.collection}/${shard.shardIndex ?? 0}: ${shard.status_message ?? ''}`),
  };
}

/** The leader among the masters, by its endpoint. */
export async function leaderOf(masters: MasterClient): Promise<string | undefined> {
  const answer = await masters.ask({ method: 'GET', path: '/_api/masters' }, MasterList);
  return answer.masters.find(({ leader }) => leader)?.endpoint;
}

/** Polls until `done` says so; masters that cannot answer for a moment are asked again. Fails by name of the step when it takes too long. */
export async function until<T>(
  step: string,
  timeoutMs: number,
  interrupted: AbortSignal,
  ask: () => Promise<T>,
  done: (value: T) => boolean,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let last = 'no answer';
  while (performance.now() < deadline) {
    if (interrupted.aborted) throw new CommandFailed('interrupted');
    try {
      const value = await ask();
      if (done(value)) return value;
      last = JSON.stringify(value);
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await sleep(POLL_MS);
  }
  throw new CommandFailed(`${step} took longer than ${timeoutMs / 1_000} s; last seen: ${last}`);
}
