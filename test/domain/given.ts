import { expect } from 'vitest';
import { type Control, evolve, initialControl } from '../../src/domain/control.ts';
import { type Command, decide } from '../../src/domain/decide.ts';
import type { Context, Occurrence, Rejection } from '../../src/domain/decision.ts';
import type { NewEvent } from '../../src/events/vocabulary.ts';

/** Ids and channels in the order in which they are drawn: `id1`, `id2`, …, `channel1`, … */
export function countingContext(): Context {
  let [ids, channels] = [0, 0];
  const next = (prefix: string, number: number) => `${prefix}${number}`;
  return {
    newId: () => next('id', ++ids),
    newChannel: () => next('channel', ++channels),
  };
}

/** Folds events, one commit each. */
export function fold(control: Control, events: readonly NewEvent[], from = 0): Control {
  return events.reduce((state, event, index) => {
    const occurrence: Occurrence = { at: timeOf(from + index + 1), position: from + index + 1, term: 1 };
    return evolve(state, { ...event, id: `event${from + index + 1}` }, occurrence);
  }, control);
}

/** The time of the commit at a position. */
export function timeOf(position: number): string {
  return new Date(Date.UTC(2024, 0, 1) + position * 1000).toISOString();
}

/** Given events, when a command is decided, then these events (or this refusal), then perhaps this state. */
export function given(...events: readonly NewEvent[]) {
  const control = fold(initialControl, events);
  return {
    control,
    when(command: Command) {
      const decision = decide(control, command, countingContext());
      return {
        decision,
        thenThese(...wanted: readonly NewEvent[]) {
          expect(decision).toEqual({ events: wanted });
          return { control: fold(control, wanted, events.length) };
        },
        thenNothing() {
          expect(decision).toEqual({ events: [] });
        },
        thenRefused(status: Rejection['status'], code: string) {
          expect(decision).toMatchObject({ rejected: { status, code } });
        },
        /** The events, whatever they are, applied. */
        control(): Control {
          return fold(control, decision.events ?? [], events.length);
        },
      };
    },
  };
}
