import type { Shards } from '../../domain/shards/state.ts';
import type { Task, Tasks } from '../../domain/tasks/state.ts';
import { shardKey } from '../../events/types/parts.ts';
import type { ShardSyncInfo } from '../../wire/sync-info.ts';
import type { ShardReport } from '../../wire/worker.ts';
import { shardCopyOf } from './copy-info.ts';

/** Tasks of one side of a synchronization by the key of their shard. */
export function tasksByShard(tasks: Tasks, type: 'send-shard' | 'receive-shard', peerId?: string): Map<string, Task> {
  const found = new Map<string, Task>();
  for (const task of tasks.values()) {
    if (task.type !== type || task.shard === undefined) continue;
    if (peerId === undefined || task.peerId === peerId) found.set(shardKey(task.shard), task);
  }
  return found;
}

/** Shards as operators see them, in the order of their names. */
export function shardInfos(
  shards: Shards,
  tasks: ReadonlyMap<string, Task>,
  reportOf: (taskId: string) => ShardReport | undefined,
  /** Why a shard is suspect (S4), by its key. */
  suspicionOf: (key: string) => string | undefined = () => undefined,
): ShardSyncInfo[] {
  return [...shards]
    .map(([key, { shard, status, message, way, reason }]) => {
      const task = tasks.get(key);
      const report = task === undefined ? undefined : reportOf(task.taskId);
      return {
        ...shard,
        status,
        status_message: messageOf(message || report?.statusMessage, suspicionOf(key)),
        ...(way === 'none' ? {} : { way, way_reason: report?.reason || reason }),
        ...telemetryOf(report),
      };
    })
    .sort(byName);
}

/** That a shard is suspect is told in every status: what a worker says of it may be some seconds old. */
function messageOf(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join('; ');
}

/** Only what is known: an unknown delay is no delay of zero. */
function telemetryOf(report: ShardReport | undefined): Partial<ShardSyncInfo> {
  if (report === undefined) return {};
  return {
    ...(report.delay === undefined ? {} : { delay: report.delay }),
    ...(report.logBehindBytes === undefined ? {} : { log_behind_bytes: report.logBehindBytes }),
    ...(report.logKept === undefined ? {} : { log_kept: report.logKept }),
    ...(report.lastMessage === undefined ? {} : { last_message: report.lastMessage }),
    ...(report.lastDataChange === undefined ? {} : { last_data_change: report.lastDataChange }),
    ...(report.lastShardMasterChange === undefined ? {} : { last_shard_master_change: report.lastShardMasterChange }),
    ...(report.comparedBy === undefined ? {} : { compared_by: report.comparedBy }),
    shard_master_known: report.shardMasterKnown,
    documents_moved: report.documentsCopied,
    ...(report.documentsExpected === undefined ? {} : { documents_expected: report.documentsExpected }),
    ...shardCopyOf(report),
    bytes_applied: report.bytesApplied,
  };
}

function byName(a: ShardSyncInfo, b: ShardSyncInfo): number {
  return compare(a.database, b.database) || compare(a.collection, b.collection) || a.shardIndex - b.shardIndex;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
