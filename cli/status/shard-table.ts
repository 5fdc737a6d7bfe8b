import type { ShardSyncInfo } from '../../src/wire/sync-info.ts';
import { formatDuration } from '../duration.ts';
import { formatTable } from '../table.ts';

/** Shards that are shown without `--verbose`. */
const SHOWN_MAX = 20;

/**
 * A line per shard, those first that do not run at one of the ends: they are why somebody looks. Without `verbose` only
 * those, and not all of them where there are many.
 */
export function shardTable(
  shards: readonly ShardSyncInfo[] | undefined,
  atSource: readonly ShardSyncInfo[] | undefined,
  verbose: boolean,
): string[] {
  const other = new Map(atSource?.map((shard) => [nameOf(shard), shard]));
  const all = (shards ?? []).map((here) => ({ here, there: other.get(nameOf(here)) }));
  const waiting = all.filter((shard) => !runs(shard));
  const shown = verbose ? [...waiting, ...all.filter(runs)] : waiting.slice(0, SHOWN_MAX);
  if (shown.length === 0) return [];
  const more =
    verbose || waiting.length <= SHOWN_MAX ? [] : [`… and ${waiting.length - SHOWN_MAX} more: see them with -v`];
  const head = ['Database', 'Collection', 'Shard', 'Status', 'Delay', 'By'];
  if (atSource !== undefined) head.push('At source');
  const rows = shown.map((shard) => rowOf(shard, atSource !== undefined));
  return [formatTable([...head, 'Message'], rows), ...more];
}

interface ShardEnds {
  readonly here: ShardSyncInfo;
  readonly there: ShardSyncInfo | undefined;
}

function rowOf({ here, there }: ShardEnds, isMerged: boolean): string[] {
  const row = [
    here.database,
    here.collection,
    String(here.shardIndex),
    here.status,
    here.delay === undefined ? 'unknown' : formatDuration(here.delay / 1e6),
    wayOf(here),
  ];
  if (isMerged) row.push(there?.status ?? 'not known there');
  return [...row, messageOf(here, there)];
}

const WAYS = { none: '', tail: 'log', copy: 'copy', difference: 'difference' } as const;

/** How the shard got where it is, and what that moved: `difference, 3 of 12 documents`. */
function wayOf({ way = 'none', documents_moved: moved = 0, documents_expected: expected }: ShardSyncInfo): string {
  if (way === 'none' || way === 'tail') return WAYS[way];
  const of = expected === undefined || expected === moved ? '' : ` of ${expected}`;
  return `${WAYS[way]}, ${moved}${of} documents`;
}

function messageOf(here: ShardSyncInfo, there: ShardSyncInfo | undefined): string {
  const source = there?.status_message ? `at the source: ${there.status_message}` : '';
  return [here.status_message ?? '', source].filter((text) => text !== '').join('; ');
}

function runs({ here, there }: ShardEnds): boolean {
  return here.status === 'running' && (there === undefined || there.status === 'running');
}

function nameOf({ database, collection, shardIndex }: ShardSyncInfo): string {
  return JSON.stringify([database, collection, shardIndex]);
}
