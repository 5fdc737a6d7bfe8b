import type { SyncStatus } from '../../wire/shards.ts';
import type { ShardReport } from '../../wire/worker.ts';
import { isoTime } from '../iso-time.ts';

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
  #leader: string | undefined;
  #leaderChangedAt: number | undefined;

  /** The target's server `leader` leads the shard; finding the first one counts as a change. */
  ledBy(leader: string, now: number): void {
    this.leaderKnown = true;
    if (leader === this.#leader) return;
    this.#leader = leader;
    this.#leaderChangedAt = now;
  }

  /** Age of what is applied by the source's clock, which is `offsetMs` before ours; undefined while that is not known. */
  delayMs(now: number, offsetMs: number | undefined): number | undefined {
    if (offsetMs === undefined || this.readAt === undefined) return undefined;
    return Math.max(0, now + offsetMs - this.readAt);
  }

  /** `delayMs`: age of the state that the target shows; undefined while it is not known. */
  report(taskId: string, shard: ShardReport['shard'], delayMs: number | undefined): ShardReport {
    return {
      taskId,
      shard,
      status: this.status,
      statusMessage: this.statusMessage,
      ...(delayMs === undefined ? {} : { delay: Math.round(delayMs * 1_000_000) }),
      ...timeAs('lastMessage', this.lastMessageAt),
      ...timeAs('lastDataChange', this.lastDataChangeAt),
      ...timeAs('lastShardMasterChange', this.#leaderChangedAt),
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

type TimeField = 'lastMessage' | 'lastDataChange' | 'lastShardMasterChange';

function timeAs(field: TimeField, atMs: number | undefined): Partial<Record<TimeField, string>> {
  return atMs === undefined ? {} : { [field]: isoTime(atMs) };
}
