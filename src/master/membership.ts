import { sameTexts } from '../domain/collections.ts';
import type { NoteMasterCertificate } from '../domain/keys/decide.ts';
import type { LeaseStore, SeenLease } from '../domain/leadership/lease.ts';
import { ApiError } from '../wire/api-error.ts';
import type { ControlLog } from './control-log.ts';
import type { Election } from './election.ts';
import type { Logger } from './logger.ts';
import type { MasterPorts, MasterSettings } from './ports.ts';

/** Name of a master's presence document. */
export function presenceName(masterId: string): string {
  return `master-${masterId}`;
}

/**
 * This master among the others: it follows the log, is registered, shows that it is alive, and leads when its turn
 * comes. One round is `step`.
 */
export class Membership {
  readonly #control: ControlLog;
  readonly #election: Election;
  readonly #leases: LeaseStore;
  readonly #ports: MasterPorts;
  readonly #settings: MasterSettings;
  #shownAtMs = -Infinity;
  #presence: SeenLease | undefined;

  constructor(control: ControlLog, election: Election, ports: MasterPorts, settings: MasterSettings) {
    this.#control = control;
    this.#election = election;
    this.#leases = ports.leases;
    this.#ports = ports;
    this.#settings = settings;
  }

  /** Whether this master leads by the log; whether it may act is the lease's affair. */
  get leads(): boolean {
    return this.#control.state.leadership.leader?.masterId === this.#settings.masterId;
  }

  async step(signal: AbortSignal): Promise<void> {
    await this.#control.refresh(signal);
    await this.#register(signal);
    await this.#showPresence(signal);
    const view = { leadership: this.#control.state.leadership, mayLead: this.#control.fitToLead };
    const next = await this.#election.step(view, signal);
    if (next.kind === 'claim') await this.#claim(next.term, signal);
  }

  /** Gives leadership up, so that another master takes over at once, and leaves. */
  async leave(signal: AbortSignal): Promise<void> {
    const { masterId } = this.#settings;
    await this.#control.refresh(signal);
    const term = this.#control.state.leadership.term;
    const led = this.leads;
    // The answer to the resignation can be lost, and another master lead by then.
    this.#election.standDown();
    if (led) await this.#append({ kind: 'resign-leadership', masterId, term }, 'stopping', signal);
    await this.#append({ kind: 'remove-master', masterId, reason: 'stopped' }, 'stopping', signal);
    if (this.#presence !== undefined) await this.#leases.release(this.#presence, signal);
  }

  /** Something that concerns this master only goes into the log. */
  async note(command: NoteMasterCertificate, signal: AbortSignal): Promise<void> {
    await this.#append(command, 'certificates of this master', signal);
  }

  async #register(signal: AbortSignal): Promise<void> {
    const { masterId, endpoint, publicEndpoints } = this.#settings;
    const keys = this.#ports.rotation?.keyIds();
    const known = this.#control.state.masters.get(masterId);
    if (known !== undefined && (keys === undefined || sameTexts(known.sealIds ?? [], keys))) return;
    const accepted = keys === undefined ? {} : { sealIds: [...keys] };
    const command = { kind: 'register-master', masterId, endpoint, publicEndpoints, ...accepted } as const;
    await this.#append(command, 'master registration', signal);
  }

  /** A master that does not lead may append what concerns itself only: registration, claim, leaving. */
  async #append(command: Parameters<ControlLog['submit']>[0]['command'], cause: string, signal: AbortSignal) {
    const authority = () => this.#control.state.leadership.term;
    return this.#control.submit({ command, cause, authority }, signal);
  }

  async #claim(term: number, signal: AbortSignal): Promise<void> {
    const { masterId, endpoint } = this.#settings;
    const command = { kind: 'claim-leadership', masterId, endpoint, highestTermMet: term - 1 } as const;
    // Another claim in the log collides with ours: then ours is not repeated.
    const authority = () => {
      if (this.#control.state.leadership.term >= term) throw new ApiError(503, 'another master was faster');
      return term;
    };
    try {
      await this.#control.submit({ command, cause: 'election', authority }, signal);
      this.#logger.info('took over leadership', { term });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  get #logger(): Logger {
    return this.#ports.logger;
  }

  async #showPresence(signal: AbortSignal): Promise<void> {
    const nowMs = this.#ports.clock.monotonicMs();
    if (nowMs - this.#shownAtMs < this.#settings.times.leaderRenewMs) return;
    const name = presenceName(this.#settings.masterId);
    const { masterId, times } = this.#settings;
    const term = this.#control.state.leadership.term;
    const lease = { name, holder: masterId, term, leaseMs: times.masterLeaseMs };
    const outcome = await this.#leases.write(lease, this.#presence, signal);
    this.#presence = outcome.lease;
    if (outcome.kind === 'held') this.#shownAtMs = nowMs;
  }
}
