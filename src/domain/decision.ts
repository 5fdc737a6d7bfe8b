import type { NewEvent } from '../events/vocabulary.ts';

/** Why a command is not done: what the caller is answered, and what the log keeps as `CommandRejected`. */
export interface Rejection {
  /** HTTP status of the answer: permanent ones only, because a client sends 408 and 5xx again (master-api §1). */
  readonly status: 400 | 403 | 404 | 412;
  /** Stable name of the reason, for programs. */
  readonly code: string;
  /** What is wrong and what to do, for people. */
  readonly message: string;
}

/** What a decider says: events to append (none: all is as wanted already), or a refusal. */
export type Decision =
  | { readonly events: readonly NewEvent[]; readonly rejected?: never }
  | { readonly rejected: Rejection; readonly events?: never };

/** What a decision may need beside the state; handed in, so that the same arguments give the same decision. */
export interface Context {
  /** An id that was never used: of tasks, epochs, incarnations. */
  newId(): string;
  /** A channel name that was never used, with this deployment's prefix. */
  newChannel(): string;
}

/** The commit in which an event happened. */
export interface Occurrence {
  /** Writer's time, RFC 3339: to show, never to order by. */
  readonly at: string;
  readonly position: number;
  readonly term: number;
}

export function decided(...events: readonly NewEvent[]): Decision {
  return { events };
}

export function rejected(status: Rejection['status'], code: string, message: string): Decision {
  return { rejected: { status, code, message } };
}
