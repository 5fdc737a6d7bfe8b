import type { Command } from '../domain/decide.ts';
import { type Rejection, refusalOf } from '../domain/decision.ts';
import type { NewEvent } from '../events/vocabulary.ts';
import type { ControlState } from '../projections/control-state.ts';
import { ApiError } from '../wire/api-error.ts';
import type { Caller } from '../wire/caller.ts';
import type { Clock } from './clock.ts';
import type { ControlLog } from './control-log.ts';
import type { Election } from './election.ts';

/** How often the same refusal of the same caller goes into the log. */
const refusalEveryMs = 600_000;
const refusalsRememberedMax = 1_000;

/**
 * Where commands become events. Only the leader decides, and only inside its lease (S12): whoever asks another master is
 * told so with a 503, which clients repeat elsewhere.
 */
export class CommandDesk {
  readonly #control: ControlLog;
  readonly #election: Election;
  readonly #clock: Clock;
  /** Refusals that are in the log, and when they came there. */
  readonly #refused = new Map<string, number>();

  constructor(control: ControlLog, election: Election, clock: Clock) {
    this.#control = control;
    this.#election = election;
    this.#clock = clock;
  }

  get state(): ControlState {
    return this.#control.state;
  }

  /** Whether this master leads and is inside its lease. */
  mayAct(): boolean {
    return this.#election.mayAct({ leadership: this.state.leadership, mayLead: this.#control.fitToLead });
  }

  /** Throws {@link ApiError} 503 when this master does not lead at this moment. */
  assertLeads(): void {
    if (!this.mayAct()) throw new ApiError(503, 'this master does not lead at this moment; try again');
  }

  /**
   * A command of an authenticated caller. A refusal is kept in the log and thrown as {@link ApiError}; the same one again
   * is kept once in {@link refusalEveryMs}, because programs repeat what is refused.
   */
  async command(command: Command, caller: Caller, signal?: AbortSignal): Promise<readonly NewEvent[]> {
    const by = `${caller.kind} ${caller.name}`;
    const outcome = await this.#control.submit(
      {
        command,
        cause: `${command.kind} by ${by}`,
        authority: () => this.#term(),
        onRefusal: (rejection) =>
          this.#isNews(command, by, rejection) ? [refusalOf(command.kind, by, rejection)] : [],
      },
      signal,
    );
    if (outcome.rejected !== undefined) throw new ApiError(outcome.rejected.status, outcome.rejected.message);
    return outcome.events;
  }

  /** A command of our own workers or reconcilers: frequent, so refusals are not kept. Throws them as {@link ApiError}. */
  async internal(command: Command, cause: string, signal?: AbortSignal): Promise<readonly NewEvent[]> {
    const outcome = await this.#control.submit({ command, cause, authority: () => this.#term() }, signal);
    if (outcome.rejected !== undefined) throw new ApiError(outcome.rejected.status, outcome.rejected.message);
    return outcome.events;
  }

  #isNews(command: Command, by: string, { code, message }: Rejection): boolean {
    const key = JSON.stringify([command.kind, by, code, message]);
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - (this.#refused.get(key) ?? -Infinity) < refusalEveryMs) return false;
    if (this.#refused.size >= refusalsRememberedMax) this.#refused.clear();
    this.#refused.set(key, nowMs);
    return true;
  }

  #term(): number {
    this.assertLeads();
    return this.state.leadership.term;
  }
}
