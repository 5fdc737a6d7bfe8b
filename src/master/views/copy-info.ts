import type { InitialCopy, ShardSyncInfo } from '../../wire/sync-info.ts';
import type { ShardReport } from '../../wire/worker.ts';

/** How a shard's copy goes on; nothing of one that is not being copied. */
export function shardCopyOf({ copy, documentsCopied, documentsExpected }: ShardReport): Partial<ShardSyncInfo> {
  if (copy?.state !== 'copying') return {};
  const { documentsPerS, bytesPerS, bytes, isTotalKnown } = copy;
  const left = isTotalKnown && documentsExpected !== undefined ? documentsExpected - documentsCopied : undefined;
  const remaining = remainingS(left, documentsPerS);
  return {
    copy: {
      bytes,
      ...(documentsPerS === undefined ? {} : { documents_per_second: documentsPerS }),
      ...(bytesPerS === undefined ? {} : { bytes_per_second: bytesPerS }),
      ...(remaining === undefined ? {} : { remaining_seconds: remaining }),
    },
  };
}

/**
 * All copies together, while some shard is being copied, or waits to be; `undefined` stands for a shard of which nobody has
 * told anything. All that is to be copied counts as known only when it is known of every one of them.
 */
export function initialCopyOf(reports: readonly (ShardReport | undefined)[]): InitialCopy | undefined {
  const concerned = reports.filter((report) => report !== undefined).filter(isCopied);
  const moving = concerned.flatMap(({ copy }) => (copy === undefined ? [] : [copy]));
  if (moving.length === 0) return undefined;
  const copying = moving.filter((copy) => copy.state === 'copying');
  const documents = sum(concerned.map(({ documentsCopied }) => documentsCopied));
  const expected = sum(concerned.map((report) => report.documentsExpected ?? report.documentsCopied));
  const isComplete = !reports.includes(undefined) && concerned.every(isTotalKnown);
  const documentsPerS = sum(copying.map((copy) => copy.documentsPerS ?? 0));
  const remaining = isComplete ? remainingS(expected - documents, documentsPerS) : undefined;
  return {
    shards: concerned.length,
    shards_done: concerned.length - moving.length,
    shards_copying: copying.length,
    documents_copied: documents,
    documents_expected: Math.max(documents, expected),
    documents_expected_complete: isComplete,
    bytes_copied: sum(copying.map(({ bytes }) => bytes)),
    documents_per_second: documentsPerS,
    bytes_per_second: sum(copying.map((copy) => copy.bytesPerS ?? 0)),
    ...(remaining === undefined ? {} : { remaining_seconds: remaining }),
  };
}

/** One that goes on by the log has nothing to do with copies. */
function isCopied({ copy, way }: ShardReport): boolean {
  return copy !== undefined || way === 'copy' || way === 'difference';
}

function isTotalKnown({ copy, documentsExpected }: ShardReport): boolean {
  if (copy === undefined) return true;
  return documentsExpected !== undefined && copy.state === 'copying' && copy.isTotalKnown;
}

/** Undefined while nobody can say. */
function remainingS(documents: number | undefined, documentsPerS: number | undefined): number | undefined {
  if (documents === undefined || documentsPerS === undefined) return undefined;
  if (documents <= 0) return 0;
  return documentsPerS === 0 ? undefined : Math.ceil(documents / documentsPerS);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
