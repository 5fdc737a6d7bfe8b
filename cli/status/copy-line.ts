import type { InitialCopy, ShardSyncInfo } from '../../src/wire/sync-info.ts';
import { formatBytes } from '../rate.ts';

/** `Initial copy: 3 of 12 shards, 1.2 M of 4.5 M documents, 12,300/s, about 4 min left`. */
export function copyLine(copy: InitialCopy): string {
  const { documents_copied: copied, documents_expected: expected, documents_expected_complete: isComplete } = copy;
  const total = `${isComplete ? '' : 'at least '}${formatCount(expected)}`;
  return [
    `Initial copy: ${copy.shards_done} of ${copy.shards} shards`,
    `${formatCount(copied)} of ${total} documents`,
    speed(copy.documents_per_second, copy.bytes_per_second),
    left(copy.remaining_seconds),
  ].join(', ');
}

/** `12,300/s, about 4 min left`; nothing of a shard that is not being copied. */
export function shardCopyText({ copy }: ShardSyncInfo): string {
  if (copy === undefined) return '';
  const { documents_per_second: documents, bytes_per_second: bytes, remaining_seconds: remaining } = copy;
  if (documents === undefined) return formatBytes(copy.bytes);
  return `${speed(documents, bytes ?? 0)}, ${left(remaining)}`;
}

function speed(documentsPerS: number, bytesPerS: number): string {
  return `${documentsPerS.toLocaleString('en')}/s (${formatBytes(bytesPerS)}/s)`;
}

function left(seconds: number | undefined): string {
  return seconds === undefined ? 'time left unknown' : `about ${formatAbout(seconds)} left`;
}

/** `987`, `12,300`, `1.2 M`. */
export function formatCount(count: number): string {
  if (count < 1_000_000) return count.toLocaleString('en');
  const [value, unit] = count < 1e9 ? [count / 1e6, 'M'] : [count / 1e9, 'G'];
  return `${value.toFixed(value < 100 ? 1 : 0)} ${unit}`;
}

/** A guess in one unit: more would claim what nobody knows. */
function formatAbout(seconds: number): string {
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3_600) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
