import type { Occurrence } from './decision.ts';

/** Names what an event made. With its time: a log that lost its end may have another event at the same position (S18). */
export function versionOf({ position, at }: Occurrence): string {
  return `${position} ${at}`;
}
