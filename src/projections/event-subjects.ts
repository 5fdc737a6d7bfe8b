import { type ShardRef, shardKey } from '../events/types/parts.ts';

/** What an event speaks of, as far as its data name it. */
export interface EventSubjects {
  /** By {@link shardKey}. */
  readonly shards: ReadonlySet<string>;
  readonly tasks: ReadonlySet<string>;
  readonly workers: ReadonlySet<string>;
}

/**
 * Finds shards, tasks and workers in the data of an event by the names that the vocabulary uses for them everywhere
 * (`taskId`, `taskIds`, `workerId`, and database, collection and shardIndex together), so that a type that is new, or
 * not known here, can be searched for as well.
 */
export function subjectsOf(data: unknown): EventSubjects {
  const subjects = { shards: new Set<string>(), tasks: new Set<string>(), workers: new Set<string>() };
  collect(data, subjects);
  return subjects;
}

interface Collected {
  readonly shards: Set<string>;
  readonly tasks: Set<string>;
  readonly workers: Set<string>;
}

function collect(value: unknown, into: Collected): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) collect(item, into);
    return;
  }
  if (isShard(value)) into.shards.add(shardKey(value));
  for (const [name, property] of Object.entries(value)) {
    if (name === 'taskId' && typeof property === 'string') into.tasks.add(property);
    else if (name === 'taskIds' && Array.isArray(property)) for (const id of property) into.tasks.add(String(id));
    else if (name === 'workerId' && typeof property === 'string') into.workers.add(property);
    else collect(property, into);
  }
}

function isShard(value: object): value is ShardRef {
  if (!('database' in value && 'collection' in value && 'shardIndex' in value)) return false;
  const { database, collection, shardIndex } = value;
  return typeof database === 'string' && typeof collection === 'string' && typeof shardIndex === 'number';
}
