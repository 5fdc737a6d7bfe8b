import { describe, expect, it } from 'vitest';
import { initialCopyOf, shardCopyOf } from '../../../src/master/views/copy-info.ts';
import type { ShardReport } from '../../../src/wire/worker.ts';
import { shardReport } from '../../worker/support/fake-roles.ts';

const report = (more: Partial<ShardReport>): ShardReport => ({ ...shardReport('t'), ...more });

const copying = (documentsCopied: number, documentsExpected: number, documentsPerS?: number): ShardReport =>
  report({
    status: 'initial-sync',
    way: 'copy',
    documentsCopied,
    documentsExpected,
    copy: {
      state: 'copying',
      bytes: documentsCopied * 10,
      isTotalKnown: true,
      ...(documentsPerS === undefined ? {} : { documentsPerS, bytesPerS: documentsPerS * 10 }),
    },
  });
const done = report({ status: 'running', way: 'copy', documentsCopied: 50, documentsExpected: 50 });
const waiting = report({ status: 'initializing', way: 'none', documentsCopied: 0, copy: { state: 'waiting' } });
const byLog = report({ status: 'running', way: 'tail', documentsCopied: 0 });

describe('the copies of all shards together', () => {
  it('are told while one is being copied, with what is left', () => {
    expect(initialCopyOf([done, copying(100, 400, 20), copying(0, 200, 30), byLog])).toEqual({
      shards: 3,
      shards_done: 1,
      shards_copying: 2,
      documents_copied: 150,
      documents_expected: 650,
      documents_expected_complete: true,
      bytes_copied: 1_000,
      documents_per_second: 50,
      bytes_per_second: 500,
      remaining_seconds: 10,
    });
  });

  it('promise nothing while the size of one is unknown, or nothing moves', () => {
    const unknown = initialCopyOf([copying(100, 400, 20), waiting]);
    expect(unknown).toMatchObject({ shards: 2, documents_expected: 400, documents_expected_complete: false });
    expect(unknown).not.toHaveProperty('remaining_seconds');
    expect(initialCopyOf([copying(100, 400, 20), undefined])).toMatchObject({ documents_expected_complete: false });
    expect(initialCopyOf([copying(100, 400, 0)])).not.toHaveProperty('remaining_seconds');
    expect(initialCopyOf([copying(100, 400)])).not.toHaveProperty('remaining_seconds');
  });

  it('are nothing once no shard is copied or waits for it', () => {
    expect(initialCopyOf([done, byLog, undefined])).toBeUndefined();
    expect(initialCopyOf([])).toBeUndefined();
  });
});

describe('the copy of one shard', () => {
  it('is told as far as it is known', () => {
    expect(shardCopyOf(copying(100, 400, 20))).toEqual({
      copy: { bytes: 1_000, documents_per_second: 20, bytes_per_second: 200, remaining_seconds: 15 },
    });
    expect(shardCopyOf(copying(100, 400))).toEqual({ copy: { bytes: 1_000 } });
    const found = {
      ...copying(100, 400, 20),
      copy: { state: 'copying', bytes: 1, documentsPerS: 5, isTotalKnown: false },
    };
    expect(shardCopyOf(found as ShardReport)).toEqual({ copy: { bytes: 1, documents_per_second: 5 } });
    expect(shardCopyOf(waiting)).toEqual({});
    expect(shardCopyOf(done)).toEqual({});
  });
});
