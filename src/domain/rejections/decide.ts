import type { EventData, NewEvent } from '../../events/vocabulary.ts';
import { type Decision, decided, type Rejection } from '../decision.ts';

type CommandRejected = EventData<'CommandRejected'>;

/** A refusal that no decider made: before a command could be decided, its caller or its arguments were refused. */
export interface RecordRejection extends CommandRejected {
  readonly kind: 'record-rejection';
}

export function recordRejection({ kind: _kind, ...data }: RecordRejection): Decision {
  return decided({ type: 'CommandRejected', data });
}

/** The event that keeps the refusal of a command. */
export function rejectionOf(
  command: { readonly kind: string },
  { status, code, message }: Rejection,
  unrecorded: number,
): NewEvent {
  const subject = subjectOf(command);
  return {
    type: 'CommandRejected',
    data: { command: command.kind, subject, status, code, reason: message, unrecorded },
  };
}

/** Properties of commands that say what they were about, and are never secret or large. */
const SUBJECT_PROPERTIES = [
  'database',
  'collection',
  'shardIndex',
  'targetId',
  'workerId',
  'masterId',
  'messageTimeoutMs',
];

function subjectOf(command: object): CommandRejected['subject'] {
  const properties: [string, string | number | boolean][] = [];
  for (const [name, value] of Object.entries(command)) {
    if (!SUBJECT_PROPERTIES.includes(name)) continue;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      properties.push([name, value]);
    }
  }
  return Object.fromEntries(properties);
}
