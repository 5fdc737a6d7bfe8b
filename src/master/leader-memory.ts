import { InstructionLedger } from './instruction-ledger.ts';
import { Presence } from './presence.ts';
import { ReceivedShards } from './received-shards.ts';
import { Telemetry } from './telemetry.ts';

/**
 * What a leader knows beside the log: presence, telemetry, instructions sent. It belongs to one term. A new leader begins
 * with nothing, grants every worker a full lease, and until that is over assumes that a task without a worker may still
 * be run by its last one (S12).
 */
export class LeaderMemory {
  readonly telemetry = new Telemetry();
  readonly workers = new Presence();
  readonly masters = new Presence();
  readonly ledger = new InstructionLedger();
  readonly received = new ReceivedShards();
  /** Newest structure report that came, by worker. */
  readonly structureSequences = new Map<string, number>();
  /** Keys of master secrets that a worker accepts, as its last poll said. */
  readonly workerKeys = new Map<string, readonly string[]>();
  #term = -1;
  #sinceMs = 0;

  /** Begins anew when the term is another than before. `lendsAloneSinceMs`: leases of workers that others lent began before. */
  enterTerm(term: number, nowMs: number, lendsAloneSinceMs: number = nowMs): void {
    if (term === this.#term) return;
    this.#term = term;
    this.#sinceMs = lendsAloneSinceMs;
    this.telemetry.clear();
    this.workers.begin(lendsAloneSinceMs);
    this.masters.begin(nowMs);
    this.ledger.clear();
    this.received.clear();
    this.structureSequences.clear();
    this.workerKeys.clear();
  }

  /** For how long nobody else has lent leases to workers: once it is a lease, all of theirs have ended. */
  leadingForMs(nowMs: number): number {
    return nowMs - this.#sinceMs;
  }
}
