import type { ControlState } from '../projections/control-state.ts';
import { InstructionLedger } from './instruction-ledger.ts';
import { Presence } from './presence.ts';
import { ReceivedShards } from './received-shards.ts';
import { StrayBarriers } from './stray-barriers.ts';
import { TargetHeads } from './target-heads.ts';
import { Telemetry } from './telemetry.ts';
import { ComparisonDesk } from './verification/comparison-desk.ts';

/**
 * What a leader knows beside the log: presence, telemetry, instructions sent. It belongs to one term. A new leader begins
 * with what the log has given out, grants every worker a full lease, and until that is over assumes that a task without a
 * worker may still be run by its last one (S12).
 */
export class LeaderMemory {
  readonly telemetry = new Telemetry();
  readonly workers = new Presence();
  readonly masters = new Presence();
  readonly ledger = new InstructionLedger();
  readonly received = new ReceivedShards();
  readonly strayBarriers = new StrayBarriers();
  readonly targetHeads = new TargetHeads();
  /** Shards that are being compared. */
  readonly comparisons = new ComparisonDesk();
  /** Newest structure report that came, by worker. */
  readonly structureSequences = new Map<string, number>();
  /** Epoch of the source's barrier up to which the target has the source's structure, users and views as well (S8). */
  structureBarrier: string | undefined;
  /** Keys of master secrets that a worker accepts, as its last poll said. */
  readonly workerKeys = new Map<string, readonly string[]>();
  #term = -1;
  #sinceMs = 0;

  /** Begins anew when the term is another than before. `lendsAloneSinceMs`: leases of workers that others lent began before. */
  enterTerm(
    { leadership, tasks, workers }: Pick<ControlState, 'leadership' | 'tasks' | 'workers'>,
    nowMs: number,
    lendsAloneSinceMs: number = nowMs,
  ): void {
    if (leadership.term === this.#term) return;
    this.#term = leadership.term;
    this.#sinceMs = lendsAloneSinceMs;
    this.telemetry.clear();
    this.workers.begin(lendsAloneSinceMs);
    this.masters.begin(nowMs);
    this.ledger.inherit(tasks.values(), workers.byId.keys());
    this.received.clear();
    this.strayBarriers.clear();
    this.targetHeads.clear();
    this.comparisons.begin(leadership.term);
    this.structureSequences.clear();
    this.structureBarrier = undefined;
    this.workerKeys.clear();
  }

  /** For how long nobody else has lent leases to workers: once it is a lease, all of theirs have ended. */
  leadingForMs(nowMs: number): number {
    return nowMs - this.#sinceMs;
  }
}
