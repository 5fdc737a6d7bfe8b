import { inOneGo } from '../domain/collections.ts';
import { type Control, evolve, initialControl } from '../domain/control.ts';
import { canonicalText, parseCanonical } from '../events/canonical.ts';
import type { Commit, Head } from '../events/log.ts';
import { readEvent } from '../events/read-event.ts';
import type { KnownEvent } from '../events/vocabulary.ts';
import { type Audit, initialAudit, recordCommit } from './audit.ts';
import { STATE_SCHEMA, upcastState } from './state-upcasters.ts';

/** Everything the log says, folded: what a leader decides from, and what status and audit show. Never changed in place. */
export interface ControlState extends Control {
  readonly audit: Audit;
  /** Events that this version of the program does not understand; not empty: this master must not lead. */
  readonly notUnderstood: readonly NotUnderstood[];
}

export interface NotUnderstood {
  readonly position: number;
  readonly type: string;
  readonly v: number;
  readonly why: string;
}

export { STATE_SCHEMA };

/** Of the events that are not understood this many are kept, to be shown; one is enough to refuse. */
const NOT_UNDERSTOOD_LIMIT = 100;

export const initialControlState: ControlState = { ...initialControl, audit: initialAudit, notUnderstood: [] };

/** A state with the place in the log that it stands for. */
export interface Snapshot {
  readonly schema: number;
  readonly head: Head;
  /** Canonical text of the {@link ControlState}. */
  readonly state: string;
}

/**
 * The fold of the log that every master keeps: load a snapshot, apply what follows, decide from `state`. Keeps one
 * invariant: `state` is exactly what the commits 1 … `position` say, so that a master that was restored from a snapshot
 * and one that read everything decide alike.
 */
export class ControlPlane {
  #state: ControlState;
  #head: Head;

  constructor(state: ControlState = initialControlState, head: Head = { position: 0, hash: '' }) {
    this.#state = state;
    this.#head = head;
  }

  /** Undefined when the snapshot's shape is not the one of this version: replay from the beginning then. */
  static restore({ schema, head, state }: Snapshot): ControlPlane | undefined {
    if (schema !== STATE_SCHEMA) return undefined;
    return new ControlPlane(parseCanonical(state) as ControlState, head);
  }

  get state(): ControlState {
    return this.#state;
  }

  /** The last commit applied: read on from here, append behind it. */
  get head(): Head {
    return this.#head;
  }

  get position(): number {
    return this.#head.position;
  }

  /** False once an event was met that this version does not understand: such a master follows, but must not lead. */
  get fitToLead(): boolean {
    return this.#state.notUnderstood.length === 0;
  }

  /** Applies the next commit; one that was applied already is overlooked. Throws when commits in between are missing. */
  apply(commit: Commit): void {
    if (commit.position <= this.#head.position) return;
    if (commit.prev !== this.#head.hash && !isStart(this.#head, commit)) {
      throw new Error(`commit ${commit.position} does not follow position ${this.#head.position}`);
    }
    this.#state = project(this.#state, commit);
    this.#head = { position: commit.position, hash: commit.hash };
  }

  /** {@link apply} for many at once, at the cost of what they change. */
  applyAll(commits: readonly Commit[]): void {
    inOneGo(() => {
      for (const commit of commits) this.apply(commit);
    });
  }

  /** To be kept, and thrown away, at any time. Undefined while an event was not understood: a newer version must read it. */
  snapshot(): Snapshot | undefined {
    if (!this.fitToLead) return undefined;
    return { schema: STATE_SCHEMA, head: this.#head, state: canonicalText(this.#state) };
  }
}

/** The state behind a commit. Pure and total: what is not understood is listed, never dropped. */
export function project(state: ControlState, commit: Commit): ControlState {
  const known: KnownEvent[] = [];
  let after = state;
  for (const stored of commit.events) {
    const read = readEvent(stored);
    if (read.kind === 'unknown') {
      after = withNotUnderstood(after, { position: commit.position, type: stored.type, v: stored.v, why: read.why });
    } else {
      known.push(read.event);
      after = projectEvent(after, read.event, commit);
    }
  }
  return { ...after, audit: recordCommit(after.audit, commit, known) };
}

function projectEvent(state: ControlState, event: KnownEvent, commit: Commit): ControlState {
  return event.type === 'LogArchived' ? restoreArchived(state, event, commit) : evolve(state, event, commit);
}

/** The state that archiving kept is the one that the commits before led to: it is for those who cannot read them. */
function restoreArchived(
  state: ControlState,
  event: KnownEvent & { readonly type: 'LogArchived' },
  { position }: Commit,
): ControlState {
  const hasReadAllBefore = state.audit.length > 0;
  if (hasReadAllBefore) return state;
  const archived = upcastState(canonicalText(event.data.state), event.data.schema);
  if (archived !== undefined) return archived as ControlState;
  const why = `the archived state has schema ${event.data.schema}, known is ${STATE_SCHEMA}`;
  return withNotUnderstood(state, { position, type: event.type, v: event.data.schema, why });
}

/** A replay starts at the first commit, or at the state commit that archiving left as the first. */
function isStart(head: Head, commit: Commit): boolean {
  return head.position === 0 && (commit.position === 1 || commit.events.some(({ type }) => type === 'LogArchived'));
}

function withNotUnderstood(state: ControlState, what: NotUnderstood): ControlState {
  if (state.notUnderstood.length >= NOT_UNDERSTOOD_LIMIT) return state;
  return { ...state, notUnderstood: [...state.notUnderstood, what] };
}
