import { actorOf } from '../events/actor.ts';
import type { Commit } from '../events/log.ts';
import type { Event } from '../events/vocabulary.ts';
import { subjectsOf } from './event-subjects.ts';

/** Which events somebody wants to see; what is absent does not matter. */
export interface EventFilter {
  readonly types?: ReadonlySet<string>;
  /** By `shardKey`. */
  readonly shard?: string;
  readonly task?: string;
  /** Events that name the worker, and those of its own reports. */
  readonly worker?: string;
  /** Milliseconds since 1970, both included. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
}

/** Events of a commit that pass the filter, in their order. */
export function eventsOf(commit: Commit, filter: EventFilter): readonly Event[] {
  if (!isInTime(commit, filter)) return [];
  return commit.events.filter((event) => isWanted(event, commit, filter));
}

function isInTime({ at }: Commit, { sinceMs = -Infinity, untilMs = Infinity }: EventFilter): boolean {
  if (sinceMs === -Infinity && untilMs === Infinity) return true;
  const atMs = Date.parse(at);
  return atMs >= sinceMs && atMs <= untilMs;
}

function isWanted(event: Event, commit: Commit, { types, shard, task, worker }: EventFilter): boolean {
  if (types !== undefined && !types.has(event.type)) return false;
  if (shard === undefined && task === undefined && worker === undefined) return true;
  const subjects = subjectsOf(event.data);
  if (shard !== undefined && !subjects.shards.has(shard)) return false;
  if (task !== undefined && !subjects.tasks.has(task)) return false;
  if (worker === undefined || subjects.workers.has(worker)) return true;
  const actor = actorOf(commit);
  return actor?.kind === 'secret' && actor.name === worker;
}
