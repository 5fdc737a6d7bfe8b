import { expect, test } from 'vitest';
import type { ShardReport } from '../../src/wire/worker.ts';
import { ReportDiff } from '../../src/worker/report-diff.ts';

const SECOND_NS = 1_000_000_000;

function reportOf(index: number, more: Partial<ShardReport> = {}): ShardReport {
  return {
    taskId: `task${index}`,
    shard: { database: 'd', collection: 'c', shardIndex: index },
    status: 'running',
    statusMessage: '',
    delay: 20_000_000,
    shardMasterKnown: true,
    way: 'none',
    reason: '',
    documentsCopied: 0,
    operationsApplied: 0,
    bytesApplied: 0,
    ...more,
  };
}

function reports(count: number, more: Partial<ShardReport> = {}): ShardReport[] {
  return Array.from({ length: count }, (_, index) => reportOf(index, more));
}

/** A leader that was told of all of them at 0. */
function toldOf(all: readonly ShardReport[]): ReportDiff {
  const diff = new ReportDiff();
  expect(diff.news(all, 0)).toHaveLength(all.length);
  diff.sent(all, 0);
  return diff;
}

test('few shards are told of every time, when their lag moved visibly', () => {
  const diff = toldOf(reports(10));
  const now = reports(10, { delay: 300_000_000 });
  expect(diff.news(now, 1_000)).toHaveLength(10);
});

test('nothing is told twice', () => {
  expect(toldOf(reports(10)).news(reports(10), 1_000)).toEqual([]);
});

test('many idle shards cost little each time, and each is told of within ten seconds', () => {
  const all = reports(500);
  const diff = toldOf(all);
  const told = new Set<string>();
  for (let second = 1; second < 10; second += 1) {
    const news = diff.news(reports(500, { delay: 20_000_000 + second * 90_000_000 }), second * 1_000);
    expect(news.length).toBeLessThan(100);
    for (const { taskId } of news) told.add(taskId);
    diff.sent(news, second * 1_000);
  }
  for (const { taskId } of diff.news(all, 10_000)) told.add(taskId);
  expect(told.size).toBe(500);
});

test('what changed is told at once, whatever else waits', () => {
  const diff = toldOf(reports(500));
  const failed = reportOf(499, { status: 'failed', statusMessage: 'no' });
  const behind = reportOf(498, { delay: 5 * SECOND_NS });
  const { delay: _, ...unknown } = reportOf(497);
  const news = diff.news([...reports(497), unknown, behind, failed], 100);
  expect(news.slice(0, 3).map(({ taskId }) => taskId)).toEqual(['task497', 'task498', 'task499']);
});

test('another leader is told everything', () => {
  const diff = toldOf(reports(500));
  diff.forgetAll();
  expect(diff.news(reports(500), 100)).toHaveLength(500);
});
