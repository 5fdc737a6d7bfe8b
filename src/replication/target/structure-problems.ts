import type { SourceCollection } from '../inventory.ts';
import { isCutByKey, shardingDifference, shardingOf } from '../sharding.ts';
import type { TargetCollection } from './read-structure.ts';

/** What cannot be changed on a collection that is there: it has to be made anew, or is followed as it is. */
export interface LastingDifference {
  readonly kind: 'type' | 'sharding';
  readonly text: string;
}

/** Undefined when nothing differs. */
export function lastingDifference(source: SourceCollection, target: TargetCollection): LastingDifference | undefined {
  if (source.parameters.type !== target.type) {
    const text = `the source has ${kindOf(source.parameters.type)}, the target ${kindOf(target.type)}`;
    return { kind: 'type', text };
  }
  const text = shardingDifference(
    shardingOf(source.parameters, source.shards.length),
    shardingOf(target.parameters, target.shards.length),
  );
  return text === undefined ? undefined : { kind: 'sharding', text };
}

/** Why collections that are not 1:1 cannot be followed, or undefined when they can: a key must have one place on the target. */
export function unfollowable({ parameters, shards }: TargetCollection): string | undefined {
  if (isCutByKey(shardingOf(parameters, shards.length))) return undefined;
  return 'where the target does not distribute documents by their keys alone both sides need the same shards';
}

function kindOf(type: number): string {
  return type === 3 ? 'an edge collection' : 'a document collection';
}

/** Why a collection of the source cannot be on a target at all, whatever is there; undefined when it can. */
export function impossible(source: SourceCollection): string | undefined {
  const shards = source.shards.length;
  if (shards === 0) return 'the source tells no shards of it';
  if (source.parameters.isSmart === true && source.parameters.type === 3) {
    return 'edge collections of smart graphs are not replicated';
  }
  return undefined;
}
