import type { SyncStatus } from '../../wire/shards.ts';
import type { ShardReport } from '../../wire/worker.ts';
import { isoTime } from '../iso-time.ts';
import { RateMeter } from './rate-meter.ts';
import { ShardLag } from './shard-lag.ts';

/** What a shard's report is made of; counters since the worker took the task. */
export class ShardProgress {
  status: SyncStatus = 'initializing';
  statusMessage = '';
  way: ShardReport['way'] = 'none';
  reason = '';
  comparedBy: ShardReport['comparedBy'];
  documentsCopied = 0;
  documentsExpected: number | undefined;
  /** The shard waits for its turn to be copied. */
  waitsForCopy = false;
  /** `documentsExpected` is all that there is to be moved. */
  isTotalKnown = false;
  /** Of the last catch-up. */
  documentsRemoved = 0;
  operationsApplied = 0;
  bytesApplied = 0;
  lastMessageAt: number | undefined;
  lastDataChangeAt: number | undefined;
  /** The source's DB-Server that the shard follows, or did last. */
  dbServer: string | undefined;
  /** The same, with its data directory: ticks of another are others. */
  server: string | undefined;
  /** How old what the target shows is. */
  readonly lag = new ShardLag();
  /** The target has a leader for the shard. */
  leaderKnown = false;
  readonly #meter = new RateMeter();
  #leader: string | undefined;
  #leaderChangedAt: number | undefined;

  /** A catch-up begins; `expected`: documents that it moves, undefined while nobody knows. */
  beginCopy(expected: number | undefined, now: number): void {
    this.status = 'initial-sync';
    this.waitsForCopy = false;
    this.documentsCopied = 0;
    this.documentsExpected = expected;
    this.isTotalKnown = expected !== undefined;
    this.#meter.begin(now);
  }

  copied(documents: number, bytes: number, now: number): void {
    this.documentsCopied += documents;
    this.#meter.moved(documents, bytes, now);
  }

  /** The target's server `leader` leads the shard; finding the first one counts as a change. */
  ledBy(leader: string, now: number): void {
    this.leaderKnown = true;
    if (leader === this.#leader) return;
    this.#leader = leader;
    this.#leaderChangedAt = now;
  }

  /** The report of this moment. */
  report(taskId: string, shard: ShardReport['shard'], now: number): ShardReport {
    const delayMs = this.lag.ageMs(now);
    const behind = this.lag.behindBytes(now);
    return {
      taskId,
      shard,
      status: this.status,
      statusMessage: this.statusMessage,
      ...(delayMs === undefined ? {} : { delay: Math.round(delayMs * 1_000_000) }),
      ...(behind === undefined ? {} : { logBehindBytes: behind }),
      ...timeAs('lastMessage', this.lastMessageAt),
      ...timeAs('lastDataChange', this.lastDataChangeAt),
      ...timeAs('lastShardMasterChange', this.#leaderChangedAt),
      shardMasterKnown: this.leaderKnown,
      way: this.way,
      reason: this.reason,
      ...(this.comparedBy === undefined ? {} : { comparedBy: this.comparedBy }),
      documentsCopied: this.documentsCopied,
      ...(this.documentsExpected === undefined ? {} : { documentsExpected: this.documentsExpected }),
      ...this.#copy(now),
      operationsApplied: this.operationsApplied,
      bytesApplied: this.bytesApplied,
    };
  }

  #copy(now: number): Pick<ShardReport, 'copy'> {
    if (this.waitsForCopy) return { copy: { state: 'waiting' } };
    if (this.status !== 'initial-sync') return {};
    const { isTotalKnown } = this;
    return { copy: { state: 'copying', bytes: this.#meter.bytes, ...this.#meter.rate(now), isTotalKnown } };
  }
}

type TimeField = 'lastMessage' | 'lastDataChange' | 'lastShardMasterChange';

function timeAs(field: TimeField, atMs: number | undefined): Partial<Record<TimeField, string>> {
  return atMs === undefined ? {} : { [field]: isoTime(atMs) };
}
