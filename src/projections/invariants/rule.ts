import type { Control } from '../../domain/control.ts';
import type { Commit } from '../../events/log.ts';
import type { KnownEvent } from '../../events/vocabulary.ts';

/** A commit did what no decider allows. */
export interface Violation {
  /** Stable name of the rule. */
  readonly rule: string;
  readonly detail: string;
}

/**
 * What must hold of an event in the state before it: pure, in the words of one aggregate. Costs what the event costs,
 * never what the state does, so that a log of any length can be checked.
 */
export type EventRule = (before: Control, event: KnownEvent, commit: Commit) => readonly Violation[];

export const FINE: readonly Violation[] = [];

/** `[]` when it holds. */
export function must(holds: boolean, rule: string, detail: string): readonly Violation[] {
  return holds ? FINE : [{ rule, detail }];
}
