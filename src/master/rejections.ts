import type { Rejection } from '../domain/decision.ts';
import { rejectionOf } from '../domain/rejections/decide.ts';
import type { Actor } from '../events/actor.ts';
import type { EventData, NewEvent } from '../events/vocabulary.ts';
import { type ApiError, RecordedRefusal } from '../wire/api-error.ts';
import type { Caller } from '../wire/caller.ts';
import type { Clock } from './clock.ts';
import type { ControlLog } from './control-log.ts';
import type { Logger } from './logger.ts';

/** How often the same refusal of the same caller goes into the log: programs repeat what is refused. */
export const REJECTION_REPEAT_MS = 600_000;
/** How many refusals go into the log in a minute, whatever they are: whoever is refused must not fill the disk. */
export const REJECTIONS_PER_MINUTE_MAX = 30;
const REJECTIONS_REMEMBERED_MAX = 1_000;
const MINUTE_MS = 60_000;

/** A command that was refused before any decider saw it. */
export interface RefusedCall {
  /** Method and route: `PUT /_api/message-timeout`. */
  readonly command: string;
  readonly subject: EventData<'CommandRejected'>['subject'];
  readonly caller: Caller;
  readonly error: ApiError;
}

/** Keeps refusals in the event log, within its limits; what is over them is counted and told with the next. */
export class Rejections {
  readonly #control: ControlLog;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Refusals that are in the log, and when they came there. */
  readonly #recorded = new Map<string, number>();
  #minuteBeganMs = -Infinity;
  #inMinute = 0;
  #unrecorded = 0;

  constructor(control: ControlLog, clock: Clock, logger: Logger) {
    this.#control = control;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** The event for a command that its decider refused; none when it is over a limit. */
  eventsFor(command: { readonly kind: string }, by: Actor, rejection: Rejection): readonly NewEvent[] {
    const key = JSON.stringify([command.kind, by.kind, by.name, rejection.code, rejection.message]);
    return this.#admit(key) ? [rejectionOf(command, rejection, this.#takeUnrecorded())] : [];
  }

  /**
   * Records a call that was refused before it became a command; a master that does not lead does so too, because it
   * decides nothing by it. Never throws: the caller is refused whether the log can be written or not.
   */
  async record({ command, subject, caller, error }: RefusedCall): Promise<void> {
    if (error instanceof RecordedRefusal) return;
    const { status, message: reason } = error;
    const actor = actorFor(caller);
    if (!this.#admit(JSON.stringify([command, actor.kind, actor.name, status, reason]))) return;
    const unrecorded = this.#takeUnrecorded();
    const rejection = { command, subject, status, code: `status-${status}`, reason, unrecorded };
    const authority = () => this.#control.state.leadership.term;
    const cause = `${command} refused`;
    try {
      await this.#control.submit({ command: { kind: 'record-rejection', ...rejection }, cause, actor, authority });
    } catch (failure) {
      this.#logger.warn(`a refusal could not be recorded: ${command} by ${caller.kind} ${caller.name}: ${reason}`, {
        error: failure,
      });
    }
  }

  #admit(key: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#minuteBeganMs >= MINUTE_MS) [this.#minuteBeganMs, this.#inMinute] = [nowMs, 0];
    const isRepeated = nowMs - (this.#recorded.get(key) ?? -Infinity) < REJECTION_REPEAT_MS;
    if (isRepeated || this.#inMinute >= REJECTIONS_PER_MINUTE_MAX) {
      this.#unrecorded += 1;
      return false;
    }
    if (this.#recorded.size >= REJECTIONS_REMEMBERED_MAX) this.#recorded.clear();
    this.#recorded.set(key, nowMs);
    this.#inMinute += 1;
    return true;
  }

  #takeUnrecorded(): number {
    const count = this.#unrecorded;
    this.#unrecorded = 0;
    return count;
  }
}

/** A caller as commits name it. */
export function actorFor({ kind, name, fingerprint, clientId, address }: Caller): Actor {
  return {
    kind,
    name,
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(address === undefined ? {} : { address }),
  };
}
