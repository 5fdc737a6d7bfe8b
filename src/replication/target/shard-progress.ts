import type { SyncStatus } from '../../wire/shards.ts';
import type { ShardReport } from '../../wire/worker.ts';

/** What a shard's report is made of; counters since the worker took the task. */
export class ShardProgress {
  status: SyncStatus = 'initializing';
  statusMessage = '';
  way: ShardReport['way'] = 'none';
  reason = '';
  documentsCopied = 0;
  documentsExpected: number | undefined;
  operationsApplied = 0;
  bytesApplied = 0;
  lastMessageAt: number | undefined;
  lastDataChangeAt: number | undefined;
  /** Source's clock when it read the newest operations that are applied, or when it found nothing more to send. */
  readAt: number | undefined;
  /** The target has a leader for the shard. */
  leaderKnown = false;

  /** `delayMs`: age of the state that the target shows; undefined while it is not known. */
  report(taskId: string, shard: ShardReport['shard'], delayMs: number | undefined): ShardReport {
    return {
      taskId,
      shard,
      status: this.status,
      statusMessage: this.statusMessage,
      ...(delayMs === undefined ? {} : { delay: Math.round(delayMs * 1_000_000) }),
      ...(this.lastMessageAt === undefined ? {} : { lastMessage: new Date(this.lastMessageAt).toISOString() }),
      ...(this.lastDataChangeAt === undefined ? {} : { lastDataChange: new Date(this.lastDataChangeAt).toISOString() }),
      shardMasterKnown: this.leaderKnown,
      way: this.way,
      reason: this.reason,
      documentsCopied: this.documentsCopied,
      ...(this.documentsExpected === undefined ? {} : { documentsExpected: this.documentsExpected }),
      operationsApplied: this.operationsApplied,
      bytesApplied: this.bytesApplied,
    };
  }
}
