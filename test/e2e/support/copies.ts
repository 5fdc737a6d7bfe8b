import type { Commit } from '../../../src/events/log.ts';
import type { Side } from './pair.ts';

/** How often each shard was copied, by the log's own account. */
export async function copiesOf(side: Side): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { shard, way, status } of stateChanges(await side.events())) {
    if (way !== 'copy' || status !== 'initial-sync') continue;
    const key = `${shard.database}/${shard.collection}/${shard.shardIndex}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

interface StateChange {
  readonly shard: { readonly database: string; readonly collection: string; readonly shardIndex: number };
  readonly way: string;
  readonly status: string;
}

function stateChanges(commits: readonly Commit[]): StateChange[] {
  return commits
    .flatMap(({ events }) => events)
    .filter(({ type }) => type === 'ShardStatesChanged')
    .flatMap(({ data }) => (data as { changes: StateChange[] }).changes);
}

export function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
