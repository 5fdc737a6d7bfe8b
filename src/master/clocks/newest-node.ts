import { z } from 'zod';
import { decodeRevision } from '../../replication/revision.ts';

/** A closed interval of revisions. */
export interface RevisionRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** The lowest level has 8^maxDepth nodes between the limits (reference 5.8.2). */
const Tree = z.object({
  maxDepth: z.number(),
  rangeMin: z.string(),
  rangeMax: z.string(),
  nodes: z.array(z.object({ skip: z.number().optional(), count: z.number().optional() })),
});

/**
 * The interval of the last node of a revision tree that holds anything; undefined for an empty tree. The text is as the
 * server sends it: hashes are beyond what JSON numbers carry, and are not looked at. Throws on what is no tree.
 */
export function newestNode(text: string): RevisionRange | undefined {
  const { maxDepth, rangeMin, rangeMax, nodes } = Tree.parse(JSON.parse(text));
  let index = 0;
  let last: number | undefined;
  for (const { skip, count } of nodes) {
    if (count !== undefined && count > 0) last = index;
    index += skip ?? 1;
  }
  if (last === undefined) return undefined;
  const min = rangeMin === '' ? 0n : decodeRevision(rangeMin);
  const width = (decodeRevision(rangeMax) - min) / 8n ** BigInt(maxDepth);
  const from = min + BigInt(last) * width;
  return { from, to: from + width - 1n };
}
