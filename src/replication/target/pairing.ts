import type { SourceCollection } from '../inventory.ts';
import { describeSharding, shardingDifference, shardingOf } from '../sharding.ts';
import type { TargetCollection } from './read-structure.ts';
import type { SourceFacts } from './source-facts.ts';

/** How a collection of the target follows one of the source. */
export interface Pairing {
  /** Shard i of the target holds what shard i of the source does. Otherwise any document may go to any shard. */
  readonly isOneToOne: boolean;
  /**
   * `_rev` is kept. Where revisions are the storage keys of documents, two of one shard that are equal destroy each other
   * (reference 4.4): so they are kept only 1:1, and only of a source that can have no two.
   */
  readonly keepsRevisions: boolean;
  /** Both sides keep their documents in the order of equal revisions, and trees over them. */
  readonly isComparedByRevision: boolean;
  /** What is other than usual, for people; `''` when nothing is. */
  readonly note: string;
}

export function pairingOf(
  source: Pick<SourceFacts, 'sharding' | 'hasTrees' | 'hasUniqueRevisions'>,
  target: TargetCollection,
): Pairing {
  const own = shardingOf(target.parameters, target.shards.length);
  const hasTrees = hasTreesHere(target);
  if (shardingDifference(source.sharding, own) !== undefined) {
    const note = `revisions are not kept: ${describeSharding(source.sharding)} there, ${describeSharding(own)} here`;
    return { isOneToOne: false, keepsRevisions: false, isComparedByRevision: false, note };
  }
  const keepsRevisions = source.hasUniqueRevisions || !hasUniqueRevisions(target);
  const isComparedByRevision = source.hasTrees && hasTrees;
  const old = `the collection was made by a version before 3.8 ${source.hasTrees ? 'here' : 'there'}`;
  const what = keepsRevisions ? 'there are no revision trees' : 'revisions are not kept';
  const note = isComparedByRevision ? '' : `${what}: ${old}`;
  return { isOneToOne: true, keepsRevisions, isComparedByRevision, note };
}

/** Inventories leave out nothing that is false: what is not told is taken for the dangerous case. */
function hasUniqueRevisions({ parameters }: TargetCollection): boolean {
  return parameters.usesRevisionsAsDocumentIds !== false;
}

/** Versions from 3.8 on make them of every new collection (reference 3.2), and every inventory tells. */
export function hasTreesHere({ parameters }: TargetCollection): boolean {
  return parameters.usesRevisionsAsDocumentIds === true && parameters.syncByRevision === true;
}

/** What a target has to know of a collection of its source. */
export function factsOf(deployment: string, { globallyUniqueId, parameters, shards }: SourceCollection): SourceFacts {
  return {
    deployment,
    collection: globallyUniqueId,
    sharding: shardingOf(parameters, shards.length),
    hasUniqueRevisions: parameters.usesRevisionsAsDocumentIds !== false,
    hasTrees: parameters.usesRevisionsAsDocumentIds !== false && parameters.syncByRevision !== false,
  };
}
