import type { Command } from '../domain/decide.ts';
import { decide } from '../domain/decide.ts';
import type { Context, Rejection } from '../domain/decision.ts';
import type { Actor } from '../events/actor.ts';
import type { Commit, CommitDraft, EventLog, Head } from '../events/log.ts';
import { LogArchivedPast, LogCorrupt } from '../events/log-errors.ts';
import { type NewEvent, toEvents } from '../events/vocabulary.ts';
import { ControlPlane, type ControlState, type Snapshot } from '../projections/control-state.ts';
import { ApiError } from '../wire/api-error.ts';
import { ChangeSignal } from './change-signal.ts';
import type { Clock } from './clock.ts';

/** What a submission led to. `events` is empty when all was as wanted already. */
export type Outcome =
  | { readonly events: readonly NewEvent[]; readonly rejected?: never }
  | { readonly rejected: Rejection; readonly events?: never };

export interface Submission {
  /** A function when it follows from the state: it is called before each decision. */
  readonly command: Command | (() => Command);
  /** What led to it: the command's name with its caller, or a reconciler's name. */
  readonly cause: string;
  /** Who gave the command; absent when it is this master's own doing. */
  readonly actor?: Actor;
  /** Events that go into the log when the command is refused: who asked, and why it was not done. */
  readonly onRefusal?: (rejection: Rejection) => readonly NewEvent[];
  /** Called before each decision with the newest state: gives the term to write under, or throws when we may not. */
  readonly authority: (state: ControlState) => number;
}

export interface ControlLogOptions {
  readonly log: EventLog;
  /** Where a snapshot left off, or empty. */
  readonly plane: ControlPlane;
  readonly masterId: string;
  readonly clock: Clock;
  readonly context: Context;
  /** ULIDs for events. */
  readonly newEventId: () => string;
}

const commitsPerRead = 500;
/** Writers that collide read on and decide again, so often. */
const attemptsMax = 20;

/**
 * This master's copy of the log, folded, and its way to append. It keeps one order: reading and appending never overlap,
 * so that `state` is always what the commits up to `head` say and a decision is never made on half a read.
 */
export class ControlLog {
  readonly #options: ControlLogOptions;
  readonly #changed = new ChangeSignal();
  #plane: ControlPlane;
  #queue: Promise<unknown> = Promise.resolve();
  /** What was found wrong with the log: nothing is read or appended after that (S18). */
  #corrupt: LogCorrupt | undefined;

  constructor(options: ControlLogOptions) {
    this.#options = options;
    this.#plane = options.plane;
  }

  get state(): ControlState {
    return this.#plane.state;
  }

  get head(): Head {
    return this.#plane.head;
  }

  get fitToLead(): boolean {
    return this.#plane.fitToLead;
  }

  /** Rises with every change: names what a caller has seen for {@link waitForChange}. */
  get changes(): number {
    return this.#changed.count;
  }

  /** Resolves when something changed since `seen` (default: now), after `timeoutMs`, or when the signal fires. */
  async waitForChange(timeoutMs: number, signal: AbortSignal, seen: number = this.changes): Promise<void> {
    if (seen !== this.changes) return;
    await this.#changed.wait((ms, stop) => this.#options.clock.sleep(ms, stop), timeoutMs, signal);
  }

  /** The folded log, to be kept as a snapshot; undefined while it holds what this version does not understand. */
  snapshot(): Snapshot | undefined {
    return this.#plane.snapshot();
  }

  /** Wakes waiters although the log is as it was: something they look at beside it has changed. */
  touch(): void {
    this.#changed.notify();
  }

  /** Reads what is new. Throws when the database does not answer, and when the log is not the one we knew (S18). */
  refresh(signal?: AbortSignal): Promise<ControlState> {
    return this.#exclusive(() => this.#readOn(signal));
  }

  /** Decides and appends; when another writer was first, reads on and decides again. */
  submit(submission: Submission, signal?: AbortSignal): Promise<Outcome> {
    return this.#exclusive(async () => {
      for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
        const outcome = await this.#decideAndAppend(submission, signal);
        if (outcome !== 'conflict') return outcome;
        await this.#readOn(signal);
      }
      throw new ApiError(503, 'the event log is written by others all the time; try again');
    });
  }

  async #decideAndAppend(submission: Submission, signal: AbortSignal | undefined): Promise<Outcome | 'conflict'> {
    const term = submission.authority(this.state);
    const decision = decide(this.state, commandOf(submission), this.#options.context);
    const events = decision.rejected === undefined ? decision.events : submission.onRefusal?.(decision.rejected);
    if (events !== undefined && events.length > 0) {
      const draft = this.#draft(term, submission, events);
      const appended = await this.#options.log.append(this.head, draft, signal);
      if (appended.kind === 'conflict') return 'conflict';
      this.#plane.apply(appended.commit);
      this.#changed.notify();
    }
    return decision;
  }

  #draft(term: number, { cause, actor }: Submission, events: readonly NewEvent[]): CommitDraft {
    const { masterId, clock, newEventId } = this.#options;
    const by = actor === undefined ? {} : { actor };
    return {
      term,
      writer: masterId,
      at: clock.now().toISOString(),
      cause,
      ...by,
      events: toEvents(events, newEventId),
    };
  }

  async #readOn(signal: AbortSignal | undefined): Promise<ControlState> {
    const before = this.head.position;
    for (;;) {
      const commits = await this.#readPart(signal);
      if (commits.length === 0) break;
      this.#plane.applyAll(commits);
    }
    if (this.head.position !== before) this.#changed.notify();
    return this.state;
  }

  async #readPart(signal: AbortSignal | undefined): Promise<readonly Commit[]> {
    try {
      return await this.#options.log.read(this.head, commitsPerRead, signal);
    } catch (error) {
      if (!(error instanceof LogArchivedPast)) throw error;
      this.#plane = await this.#foldAnew(signal);
      return [];
    }
  }

  /**
   * What we folded belongs to a past that was archived: begins anew from the state that archiving left. Until all of it
   * is read the old state stands: readers are not shown one in which nothing has happened yet.
   */
  async #foldAnew(signal: AbortSignal | undefined): Promise<ControlPlane> {
    const plane = new ControlPlane();
    for (;;) {
      const commits = await this.#options.log.read(plane.head, commitsPerRead, signal);
      if (commits.length === 0) break;
      for (const commit of commits) plane.apply(commit);
    }
    // Archived while it was read: what is known already counts until the next look.
    if (plane.position >= this.#plane.position) return plane;
    throw new Error(`the event log was read to position ${plane.position} only, ${this.#plane.position} is known`);
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(() => {
      if (this.#corrupt !== undefined) throw this.#corrupt;
      return work();
    });
    this.#queue = result.catch((error: unknown) => {
      if (error instanceof LogCorrupt) this.#corrupt = error;
    });
    return result;
  }
}

function commandOf({ command }: Submission): Command {
  return typeof command === 'function' ? command() : command;
}
