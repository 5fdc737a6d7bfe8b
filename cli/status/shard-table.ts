import type { KeptLog } from '../../src/wire/kept-log.ts';
import type { ShardSyncInfo } from '../../src/wire/sync-info.ts';
import { formatBytes } from '../bytes.ts';
import { formatDuration } from '../duration.ts';
import { formatTable } from '../table.ts';
import { shardCopyText } from './copy-line.ts';

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
  const head = ['Database', 'Collection', 'Shard', 'Status', 'Delay', 'Behind', 'Log kept', 'By'];
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
    here.log_behind_bytes === undefined ? 'unknown' : `~${formatBytes(here.log_behind_bytes)}`,
    keptText(there?.log_kept ?? here.log_kept),
    wayOf(here),
  ];
  if (isMerged) row.push(there?.status ?? 'not known there');
  return [...row, messageOf(here, there)];
}

/** How long the source keeps the log that the shard may have to come back to. */
function keptText(log: KeptLog | undefined): string {
  if (log === undefined || log.state === 'unknown') return 'unknown';
  if (log.state === 'released') return 'no';
  return log.until === undefined ? 'while read' : `until ${log.until}`;
}

const WAYS = { none: '', tail: 'log', copy: 'copy', difference: 'difference' } as const;

/** How the shard got where it is, and what that moved: `difference, 3 of 12 documents`, or `… by content`. */
function wayOf(shard: ShardSyncInfo): string {
  const { way = 'none', compared_by, documents_moved: moved = 0, documents_expected: expected } = shard;
  const by = compared_by === 'content' && way !== 'none' ? ' by content' : '';
  if (way === 'none' || way === 'tail') return `${WAYS[way]}${by}`;
  const of = expected === undefined || expected === moved ? '' : ` of ${expected}`;
  const copy = shardCopyText(shard);
  return `${WAYS[way]}${by}, ${moved}${of} documents${copy === '' ? '' : `, ${copy}`}`;
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
