import type { FrameHeader } from '../queue.ts';
import { shardingDifference } from '../sharding.ts';
import { ReopenStream } from './failures.ts';
import type { ShardTarget } from './shard-target.ts';
import { isShardOf } from './source-facts.ts';

type Opened = Pick<Extract<FrameHeader, { kind: 'opened' }>, 'cuid' | 'sharding'>;

/** What the target does not know yet of the source's structure is looked for again after this. */
export const ASK_AGAIN_MS = 1_000;

/**
 * The last look before anything is written: kept revisions in other shards than the source's destroy documents (reference
 * 4.4). Throws {@link ReopenStream} when the sender serves another collection than the one that the target knows how to follow,
 * and while nobody has told the target of one that is not 1:1.
 */
export function assertKnownShards({ cuid, sharding }: Opened, target: ShardTarget, onOther: () => void): void {
  if (target.source !== undefined && !isShardOf(cuid, target.source)) {
    onOther();
    const why = `the source sends ${cuid}, the target follows ${target.source.collection}`;
    throw new ReopenStream(why, { afterMs: ASK_AGAIN_MS });
  }
  const isUnknown = target.source === undefined && sharding !== undefined;
  const difference = isUnknown ? shardingDifference(sharding, target.sharding) : undefined;
  if (difference === undefined) return;
  throw new ReopenStream(`it is not known yet how to follow it: ${difference}`, { afterMs: ASK_AGAIN_MS });
}
