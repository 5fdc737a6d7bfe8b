import { HeldLease, type LeaseStore, type SeenLease } from '../domain/leadership/lease.ts';
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

/** What the caller is to do after a step. `claim`: append a claim of exactly this term, whose lease is taken already. */
export type ElectionStep = { readonly kind: 'wait' } | { readonly kind: 'claim'; readonly term: number };

/** Name of the leader's lease document. */
export const leaderLease = 'leader';

/** In so much of its lease, counted from a renewal, a leader lends leases; renewals come in a third of it. */
const lendingShare = 0.5;

/** Claims are spread over this time. */
const claimSpreadMs = 200;

/**
 * Says when to claim and whether this master may act. It keeps two promises: a master acts only within `leaseMs` of the
 * *beginning* of a renewal that succeeded under its own term (S12), and nobody claims before it took the lease, on the
 * condition that it stood unchanged for its time by one's own monotonic clock, or that the leader resigned. It holds no
 * truth: a claim counts when the log has it.
 */
export class Election {
  readonly #options: ElectionOptions;
  /** Own lease, and the term it is for. */
  #own: OwnLease | undefined;
  /** The lease as it was last seen, and since when it stands so. */
  #seen: { revision: string; term: number; sinceMs: number } | undefined;
  #highestTermMet = 0;
  #standsDown = false;
  #othersLentUntilMs: number | undefined;

  constructor(options: ElectionOptions) {
    this.#options = options;
  }

  /** Whether this master leads under the log's current term and is inside its lease. */
  mayAct({ leadership, mayLead }: ElectionView): boolean {
    if (this.#standsDown || !mayLead || !this.#leads(leadership)) return false;
    if (this.#own?.term !== leadership.term) return false;
    return this.#own.holds(this.#options.clock);
  }

  /**
   * Whether leases may be lent to workers: only in the first part of the own lease. So whoever leads next knows that the
   * last one was lent long before it could take over, and need not wait a whole worker's lease for it (S12).
   */
  mayLend(view: ElectionView): boolean {
    return this.mayAct(view) && this.#own?.isFresh(this.#options.clock, this.#options.leaseMs * lendingShare) === true;
  }

  /**
   * Until when others may have lent leases to workers, by our monotonic clock, for the term that we lead; undefined when
   * that is not known: until now, then.
   */
  get othersLentUntilMs(): number | undefined {
    return this.#othersLentUntilMs;
  }

  /** For good: from now on this master decides nothing, whatever becomes of its resignation. */
  standDown(): void {
    this.#standsDown = true;
  }

  /** A term that was met anywhere: an answer, an instruction, a lease (S18). */
  meetTerm(term: number): void {
    this.#highestTermMet = Math.max(this.#highestTermMet, term);
  }

  /** One round: renews an own lease, or watches the other's. Throws when the database does not answer. */
  async step(view: ElectionView, signal: AbortSignal): Promise<ElectionStep> {
    const { leadership, mayLead } = view;
    this.meetTerm(leadership.term);
    const nowMs = this.#options.clock.monotonicMs();
    const stored = await this.#options.leases.read(leaderLease, signal);
    this.meetTerm(stored?.term ?? 0);
    // A lease above our term: its claim is about to be read, or was lost with the end of the log (S18).
    const isOutbid = (stored?.term ?? 0) > leadership.term;
    if (this.#leads(leadership) && !isOutbid) {
      if (mayLead) await this.#renew(leadership.term, stored, signal);
      return { kind: 'wait' };
    }
    if (!mayLead) return { kind: 'wait' };
    // The lease is ours and its claim did not get through yet.
    if (isOutbid && stored?.term === this.#own?.term && this.#own?.holds(this.#options.clock))
      return this.#claim(this.#own.term);
    const isVacant = leadership.leader === null && !isOutbid;
    if (isVacant) return await this.#take(stored, undefined, signal);
    if (!this.#isExpired(leadership.term, stored, nowMs)) return { kind: 'wait' };
    // It was last renewed before we first saw it so.
    const lentUntilMs = (this.#seen?.sinceMs ?? nowMs) + (stored?.leaseMs ?? this.#options.leaseMs) * lendingShare;
    return await this.#take(stored, lentUntilMs, signal);
  }

  #leads({ leader }: Leadership): boolean {
    return leader?.masterId === this.#options.masterId;
  }

  async #renew(term: number, stored: SeenLease | undefined, signal: AbortSignal): Promise<void> {
    const { clock, leases, leaseMs, renewEveryMs, masterId } = this.#options;
    if (this.#own?.term !== term) this.#own = new OwnLease(term);
    const started = momentOf(clock);
    if (started.monotonicMs - this.#own.renewedMs < renewEveryMs) return;
    const wanted = { name: leaderLease, holder: masterId, term, leaseMs };
    const outcome = await leases.write(wanted, stored, signal);
    if (outcome.kind === 'held') {
      this.#own.renewed(started, leaseMs);
    } else if ((outcome.lease?.term ?? 0) > term) {
      this.meetTerm(outcome.lease?.term ?? 0);
      this.#own.lost();
    }
  }

  /**
   * Judged by our own clock: the same lease, under the same term of the log, for as long as its holder asked for. Counted
   * from after the reading that first showed it, to before the one that shows it still.
   */
  #isExpired(term: number, stored: SeenLease | undefined, beforeReadMs: number): boolean {
    const revision = stored?.revision ?? '';
    if (this.#seen?.revision !== revision || this.#seen.term !== term) {
      this.#seen = { revision, term, sinceMs: this.#options.clock.monotonicMs() };
      return false;
    }
    return beforeReadMs - this.#seen.sinceMs >= (stored?.leaseMs ?? this.#options.leaseMs);
  }

  async #take(
    stored: SeenLease | undefined,
    othersLentUntilMs: number | undefined,
    signal: AbortSignal,
  ): Promise<ElectionStep> {
    const { clock, leases, leaseMs, masterId, random } = this.#options;
    await clock.sleep(random() * claimSpreadMs, signal);
    const term = this.#highestTermMet + 1;
    const started = momentOf(clock);
    const outcome = await leases.write({ name: leaderLease, holder: masterId, term, leaseMs }, stored, signal);
    if (outcome.kind === 'lost') return { kind: 'wait' };
    this.#own = new OwnLease(term);
    this.#own.renewed(started, leaseMs);
    this.#othersLentUntilMs = othersLentUntilMs;
    return this.#claim(term);
  }

  #claim(term: number): ElectionStep {
    return { kind: 'claim', term };
  }
}

interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

function momentOf(clock: Clock): Moment {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.now().getTime() };
}

/**
 * One's own lease, as both clocks judge it. The wall clock may jump, and the monotonic one stands still while a machine is
 * suspended: after that it would tell a deposed leader that no time has passed. Whichever says that the lease is over is
 * believed.
 */
class OwnLease {
  readonly term: number;
  /** When the last renewal that succeeded was begun, by the monotonic clock. */
  renewedMs = Number.NEGATIVE_INFINITY;
  #renewedWallMs = Number.NEGATIVE_INFINITY;
  readonly #monotonic = new HeldLease();
  readonly #wall = new HeldLease();

  constructor(term: number) {
    this.term = term;
  }

  renewed({ monotonicMs, wallMs }: Moment, leaseMs: number): void {
    this.renewedMs = monotonicMs;
    this.#renewedWallMs = wallMs;
    this.#monotonic.renewed(monotonicMs, leaseMs);
    // Not the later of two: after a jump back the wall clock must not hold the lease until it has caught up.
    this.#wall.lost();
    this.#wall.renewed(wallMs, leaseMs);
  }

  /** Whether the last renewal was begun within this time, by both clocks. */
  isFresh(clock: Clock, withinMs: number): boolean {
    const { monotonicMs, wallMs } = momentOf(clock);
    const [sinceMs, wallSinceMs] = [monotonicMs - this.renewedMs, wallMs - this.#renewedWallMs];
    return sinceMs < withinMs && wallSinceMs < withinMs && wallSinceMs >= 0;
  }

  lost(): void {
    this.#monotonic.lost();
    this.#wall.lost();
  }

  holds(clock: Clock): boolean {
    const { monotonicMs, wallMs } = momentOf(clock);
    return this.#monotonic.holds(monotonicMs) && this.#wall.holds(wallMs);
  }
}
