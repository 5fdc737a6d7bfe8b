import type { Command } from '../domain/decide.ts';
import type { NewEvent } from '../events/vocabulary.ts';
import type { ControlState } from '../projections/control-state.ts';
import { ApiError, RecordedRefusal } from '../wire/api-error.ts';
import type { Caller } from '../wire/caller.ts';
import type { ControlLog } from './control-log.ts';
import type { Election } from './election.ts';
import { actorFor, type Rejections } from './rejections.ts';

/**
 * Where commands become events. Only the leader decides, and only inside its lease (S12): whoever asks another master is
 * told so with a 503, which clients repeat elsewhere.
 */
export class CommandDesk {
  readonly #control: ControlLog;
  readonly #election: Election;
  readonly #rejections: Rejections;

  constructor(control: ControlLog, election: Election, rejections: Rejections) {
    this.#control = control;
    this.#election = election;
    this.#rejections = rejections;
  }

  get state(): ControlState {
    return this.#control.state;
  }

  /** Whether this master leads and is inside its lease. */
  mayAct(): boolean {
    return this.#election.mayAct({ leadership: this.state.leadership, mayLead: this.#control.fitToLead });
  }

  /** Whether this master may lend leases to workers at this moment ({@link Election.mayLend}). */
  mayLend(): boolean {
    return this.#election.mayLend({ leadership: this.state.leadership, mayLead: this.#control.fitToLead });
  }

  /** Since when nobody else has lent leases, as far as known: at the latest since `nowMs`. */
  lendsAloneSinceMs(nowMs: number): number {
    return Math.min(nowMs, this.#election.othersLentUntilMs ?? nowMs);
  }

  /** Throws {@link ApiError} 503 when this master does not lead at this moment. */
  assertLeads(): void {
    if (!this.mayAct()) throw new ApiError(503, 'this master does not lead at this moment; try again');
  }

  /** A command of an authenticated caller. A refusal is kept in the log ({@link Rejections}) and thrown as {@link ApiError}. */
  async command(command: Command, caller: Caller, signal?: AbortSignal): Promise<readonly NewEvent[]> {
    const actor = actorFor(caller);
    // Decided again after a conflict, a refusal is still one.
    let refusal: readonly NewEvent[] | undefined;
    const outcome = await this.#control.submit(
      {
        command,
        cause: `${command.kind} by ${caller.kind} ${caller.name}`,
        actor,
        authority: () => this.#term(),
        onRefusal: (rejection) => {
          refusal ??= this.#rejections.eventsFor(command, actor, rejection);
          return refusal;
        },
      },
      signal,
    );
    if (outcome.rejected !== undefined) throw new RecordedRefusal(outcome.rejected.status, outcome.rejected.message);
    return outcome.events;
  }

  /**
   * A command of our own workers or reconcilers: frequent, so refusals are not kept. `caller` when somebody asked for it.
   * Throws refusals as {@link ApiError}.
   */
  async internal(
    command: Command | (() => Command),
    cause: string,
    signal?: AbortSignal,
    caller?: Caller,
  ): Promise<readonly NewEvent[]> {
    const by = caller === undefined ? {} : { actor: actorFor(caller) };
    const outcome = await this.#control.submit({ command, cause, ...by, authority: () => this.#term() }, signal);
    if (outcome.rejected !== undefined) throw new ApiError(outcome.rejected.status, outcome.rejected.message);
    return outcome.events;
  }

  #term(): number {
    this.assertLeads();
    return this.state.leadership.term;
  }
}
