import type { Commit } from '../../../src/events/log.ts';
import type { Side } from './pair.ts';

/** Why each shard that a side receives was copied, each time, by the log's own account. */
export async function copiesOf(side: Side): Promise<Map<string, readonly string[]>> {
  const copies = new Map<string, string[]>();
  for (const { shard, way, status, reason } of stateChanges(await side.events())) {
    if (way !== 'copy' || status !== 'initial-sync') continue;
    const key = nameOf(shard);
    copies.set(key, [...(copies.get(key) ?? []), reason]);
  }
  return copies;
}

interface StateChange {
  readonly shard: { readonly database: string; readonly collection: string; readonly shardIndex: number };
  readonly way: string;
  readonly status: string;
  readonly reason: string;
}

function stateChanges(commits: readonly Commit[]): StateChange[] {
  return (
    commits
      .flatMap(({ events }) => events)
      .filter(({ type }) => type === 'ShardStatesChanged')
      .map(({ data }) => data as { changes: StateChange[]; targetId?: string })
      // What is sent to a target of ours is its affair.
      .filter(({ targetId }) => targetId === undefined)
      .flatMap(({ changes }) => changes)
  );
}

export function sum(copies: ReadonlyMap<string, readonly string[]>): number {
  return [...copies.values()].reduce((total, reasons) => total + reasons.length, 0);
}

/** Shards, named as in {@link copiesOf}, to which an old write could have landed late: they may be copied as a repair (S4). */
export async function suspectedOf(side: Side): Promise<ReadonlySet<string>> {
  const events = (await side.events()).flatMap((commit) => commit.events);
  const suspected = events.filter(({ type }) => type === 'ShardsSuspected');
  return new Set(suspected.flatMap(({ data }) => (data as { shards: StateChange['shard'][] }).shards.map(nameOf)));
}

function nameOf({ database, collection, shardIndex }: StateChange['shard']): string {
  return `${database}/${collection}/${shardIndex}`;
}
