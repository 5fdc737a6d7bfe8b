import { describeActor } from '../../src/events/actor.ts';
import type { ListedEvent } from '../../src/wire/events.ts';

const SUMMARY_LENGTH_MAX = 100;

export const EVENT_HEAD = ['Position', 'Time', 'Type', 'By', 'What'] as const;

/** An event as a row under {@link EVENT_HEAD}. */
export function eventRow(event: ListedEvent): readonly string[] {
  return [String(event.position), event.at, event.type, whoOf(event), summaryOf(event.data)];
}

/** An event in one line, for a list that never ends. */
export function eventLine(event: ListedEvent): string {
  return eventRow(event).join('  ').trimEnd();
}

/** Who gave the command, or what made the master act of its own. */
function whoOf({ actor, cause }: ListedEvent): string {
  return actor === undefined ? `(${cause})` : describeActor(actor);
}

/** Names and figures of the data, lists by their length. */
function summaryOf(data: unknown): string {
  if (typeof data !== 'object' || data === null) return String(data ?? '');
  const parts = Object.entries(data).map(([name, value]) => `${name}=${brief(value)}`);
  const text = parts.join(' ');
  return text.length <= SUMMARY_LENGTH_MAX ? text : `${text.slice(0, SUMMARY_LENGTH_MAX - 1)}…`;
}

function brief(value: unknown): string {
  if (Array.isArray(value)) return value.length === 1 ? brief(value[0]) : `${value.length} items`;
  if (typeof value !== 'object' || value === null) return String(value);
  return `{${Object.entries(value)
    .map(([name, inner]) => `${name}=${typeof inner === 'object' ? '…' : inner}`)
    .join(' ')}}`;
}
