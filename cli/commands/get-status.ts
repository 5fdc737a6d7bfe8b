import { type ShardSyncInfo, SyncInfo } from '../../src/wire/sync-info.ts';
import { withMasters } from '../ask-master.ts';
import { defineCommand } from '../command.ts';
import { formatDuration } from '../duration.ts';
import { masterOptions } from '../master-options.ts';
import { outputOptions, printAnswer } from '../output.ts';
import { formatTable } from '../table.ts';

export const getStatus = defineCommand({
  words: 'get status',
  summary: "Show this datacenter's synchronizations, incoming and outgoing",
  options: { ...masterOptions, ...outputOptions },
  run: async (values, terminal) => {
    const details = values.verbose || values.output === 'json' ? 'full' : 'short';
    const info = await withMasters(values, terminal, (masters) =>
      masters.ask({ method: 'GET', path: `/_api/sync?details=${details}` }, SyncInfo),
    );
    printAnswer(values.output, info, () => describe(info, values.verbose), terminal);
    return 0;
  },
});

function describe(info: SyncInfo, verbose: boolean): string[] {
  const lines = [`Incoming: ${info.status}${info.source?.length ? ` from ${info.source.join(', ')}` : ''}`];
  if (info.held_read_only) {
    lines.push("Held read-only by a stop or a reversal: 'arangosync stop sync' here makes it writable");
  }
  if (info.status !== 'inactive')
    lines.push(`Shards: ${info.shardsCount ?? 0} of ${info.totalShardsCount ?? 'unknown'}`);
  if (info.status_message) lines.push(info.status_message);
  for (const warning of info.stop_warnings ?? []) lines.push(`Since the last stop: ${warning}`);
  for (const { database, collection, reason } of info.problems ?? []) {
    lines.push(`Not replicated: ${database}/${collection}: ${reason}`);
  }
  for (const path of info.heldDrops ?? []) {
    lines.push(`Held: ${path} is gone from the source; 'arangosync confirm drops --collection=${path}' drops it here`);
  }
  if (verbose) lines.push(...shardTable(info.shards));
  if (!info.outgoing?.length) lines.push('Outgoing: none');
  for (const target of info.outgoing ?? []) {
    lines.push(
      `Outgoing: ${target.status} to ${target.id} (${target.endpoint?.join(', ') ?? 'unknown endpoints'}), ${target.shardsCount ?? 0} shards${target.active_barrier ? '; read-only here until it has caught up' : ''}`,
    );
    if (verbose) lines.push(...shardTable(target.shards));
  }
  return lines;
}

/** Shards that are not running come first: they are why somebody looks. */
function shardTable(shards: readonly ShardSyncInfo[] | undefined): string[] {
  if (!shards?.length) return [];
  const sorted = [...shards].sort((a, b) => Number(a.status === 'running') - Number(b.status === 'running'));
  const rows = sorted.map((shard) => [
    shard.database,
    shard.collection,
    String(shard.shardIndex ?? 0),
    shard.status,
    shard.delay === undefined ? 'unknown' : formatDuration(shard.delay / 1e6),
    shard.status_message ?? '',
  ]);
  return [formatTable(['Database', 'Collection', 'Shard', 'Status', 'Delay', 'Message'], rows)];
}
