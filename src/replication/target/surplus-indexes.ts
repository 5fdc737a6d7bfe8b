import { z } from 'zod';
import type { ArangoDeployment } from '../arango.ts';
import { IndexDefinition } from '../inventory.ts';
import { executeStep } from './execute-step.ts';
import { isReplicatedIndex, sameIndex } from './index-difference.ts';
import type { ShardTarget } from './shard-target.ts';

/** No graph stands in the way of an index. */
const NO_GRAPHS = async () => undefined;

const Indexes = z.object({ indexes: z.array(IndexDefinition) });

/** Definitions as an `indexes` frame carries them. Throws what is no list of indexes. */
export function indexesIn(body: Uint8Array): readonly IndexDefinition[] {
  return z.array(IndexDefinition).parse(JSON.parse(Buffer.from(body).toString('utf8')));
}

/**
 * Drops the unique indexes of the target's collection that the source does not have (any longer): they refuse what the
 * source may hold (S13). Tells their names.
 */
export async function dropSurplusUnique(
  deployment: ArangoDeployment,
  { database, address }: Pick<ShardTarget, 'database' | 'address'>,
  source: readonly IndexDefinition[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const query = { collection: address };
  const answer = await deployment.front.json({ method: 'GET', path: '/_api/index', database, query, signal });
  const surplus = Indexes.parse(answer).indexes.filter(
    (index) => index.unique === true && isReplicatedIndex(index) && !source.some((wanted) => sameIndex(wanted, index)),
  );
  for (const { name } of surplus) {
    await executeStep(
      deployment,
      { kind: 'drop-index', database, collection: address, index: name },
      NO_GRAPHS,
      signal,
    );
  }
  return surplus.map(({ name }) => name);
}
