import type { FuzzCollection, World } from './world.ts';

/** Values of unique indexes: few, so that documents exchange them and collide. */
export const UNIQUE_VALUES = 400;

/**
 * What a document may be refused for: a unique index, the schema of its collection, that it has gone, or that an open
 * transaction has it or its value of a unique index.
 */
export const MAY_REFUSE: readonly number[] = [1210, 1620, 1202, 1200];

export const documentsAt = (collection: string) => `/_api/document/${encodeURIComponent(collection)}`;
export const documentAt = (collection: string, key: string) => `${documentsAt(collection)}/${encodeURIComponent(key)}`;

/** Documents are texts: numbers of theirs are more than a double holds. */
export function documentOf(world: World, collection: FuzzCollection, key: string | undefined): string {
  const { dice, corpus } = world;
  const body = corpus.document(key ?? 'none', 2_000).text.slice(1);
  const own = [`"u":${dice.below(UNIQUE_VALUES)}`, `"k":${dice.below(9)}`, `"words":"quick brown ${dice.below(50)}"`];
  own.push(`"at":[${dice.below(90)},${dice.below(90)}]`, `"when":${2_000_000_000 + dice.below(1_000)}`);
  own.push(
    `"tags":[${dice.below(2_000)},"tag ${dice.below(2_000)}",null]`,
    `"lat":${dice.below(90)},"lon":${dice.below(90)}`,
  );
  if (collection.isEdge) own.push(`"_from":"any/${dice.below(50)}"`, `"_to":"any/${dice.below(50)}"`);
  const withoutKey = key === undefined ? body.slice(body.indexOf(',') + 1) : body;
  return `{${own.join(',')},${withoutKey}`;
}
