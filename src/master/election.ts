import { HeldLease, type LeaseStore } from '../domain/leadership/lease.ts';
import type { Leadership } from '../domain/leadership/state.ts';
import type { Clock } from './clock.ts';

export interface ElectionOptions {
  readonly masterId: string;
  readonly leases: LeaseStore;
  readonly clock: Clock;
  /** How long a leader may act after a renewal, and how long others wait for the next one. */
  readonly leaseMs: number;
  readonly renewEveryMs: number;
  /** In [0, 1): spreads claims, so that masters seldom collide. */
  readonly random: () => number;
}

/** What the log says at the moment, as far as this master has read it. */
export interface ElectionView {
  readonly leadership: Leadership;
  /** A master that met an event it does not know must not lead. */
  readonly mayLead: boolean;
}

/** What the caller is to do after a step. `claim`: append a claim above `highestTermMet`. */
export type ElectionStep = { readonly kind: 'wait' } | { readonly kind: 'claim'; readonly highestTermMet: number };

/** Name of the leader's lease document. */
export const leaderLease = 'leader';

/** A new leader's claim may be in the log before its lease document is: others then grant a full lease from the claim on. */
const claimSpreadMs = 200;

/**
 * Says when to claim and whether this master may act. It keeps two promises: a master acts only within `leaseMs` of the
 * *beginning* of a renewal that succeeded under its own term (S12), and nobody claims before the leader's lease stood
 * unchanged for `leaseMs` of its own monotonic clock, unless the leader resigned. It holds no truth: a claim counts when
 * the log has it.
 */
export class Election {
  readonly #options: ElectionOptions;
  /** Own lease, and the term it is for. */
  #own: { readonly term: number; readonly lease: HeldLease; renewedMs: number } | undefined;
  /** The lease as it was last seen, and since when it stands so. */
  #seen: { revision: string; term: number; sinceMs: number } | undefined;
  #highestTermMet = 0;

  constructor(options: ElectionOptions) {
    this.#options = options;
  }

  /** Whether this master leads under the log's current term and is inside its lease. */
  mayAct({ leadership, mayLead }: ElectionView): boolean {
    if (!mayLead || !this.#leads(leadership) || this.#own?.term !== leadership.term) return false;
    return this.#own.lease.holds(this.#options.clock.monotonicMs());
  }

  /** A term that was met anywhere: an answer, an instruction, a lease (S18). */
  meetTerm(term: number): void {
    this.#highestTermMet = Math.max(this.#highestTermMet, term);
  }

  /** One round: renews an own lease, or watches the other's. Throws when the database does not answer. */
  async step(view: ElectionView, signal: AbortSignal): Promise<ElectionStep> {
    this.meetTerm(view.leadership.term);
    if (this.#leads(view.leadership)) {
      if (view.mayLead) await this.#renew(view.leadership.term, signal);
      return { kind: 'wait' };
    }
    this.#own = undefined;
    if (!view.mayLead) return { kind: 'wait' };
    return (await this.#isVacant(view.leadership, signal)) ? this.#claim() : { kind: 'wait' };
  }

  #leads({ leader }: Leadership): boolean {
    return leader?.masterId === this.#options.masterId;
  }

  async #renew(term: number, signal: AbortSignal): Promise<void> {
    const { clock, leases, leaseMs, renewEveryMs, masterId } = this.#options;
    const startedMs = clock.monotonicMs();
    if (this.#own?.term !== term) this.#own = { term, lease: new HeldLease(), renewedMs: -Infinity };
    if (startedMs - this.#own.renewedMs < renewEveryMs) return;
    const stored = await leases.read(leaderLease, signal);
    if (stored !== undefined && stored.term > term) return this.#deposed(stored.term);
    const wanted = { name: leaderLease, holder: masterId, term, leaseMs };
    const outcome = await leases.write(wanted, stored, signal);
    if (outcome.kind === 'held') {
      this.#own.lease.renewed(startedMs, leaseMs);
      this.#own.renewedMs = startedMs;
    } else if ((outcome.lease?.term ?? 0) > term) {
      this.#deposed(outcome.lease?.term ?? 0);
    }
  }

  /** Somebody else holds a lease of a higher term: its claim is in the log or about to be read. */
  #deposed(term: number): void {
    this.meetTerm(term);
    this.#own?.lease.lost();
  }

  async #isVacant({ leader, term }: Leadership, signal: AbortSignal): Promise<boolean> {
    if (leader === null) return true;
    const nowMs = this.#options.clock.monotonicMs();
    const stored = await this.#options.leases.read(leaderLease, signal);
    if (stored !== undefined) this.meetTerm(stored.term);
    const revision = stored?.revision ?? '';
    if (this.#seen?.revision !== revision || this.#seen.term !== term) {
      this.#seen = { revision, term, sinceMs: nowMs };
    }
    return nowMs - this.#seen.sinceMs >= (stored?.leaseMs ?? this.#options.leaseMs);
  }

  async #claim(): Promise<ElectionStep> {
    await this.#options.clock.sleep(this.#options.random() * claimSpreadMs);
    return { kind: 'claim', highestTermMet: this.#highestTermMet };
  }
}
