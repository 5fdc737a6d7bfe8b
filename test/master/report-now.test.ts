import { describe, expect, it } from 'vitest';
import { reportNow } from '../../src/master/report-now.ts';
import { Telemetry } from '../../src/master/telemetry.ts';
import type { ShardReport } from '../../src/wire/worker.ts';

const report: ShardReport = {
  taskId: 't',
  shard: { database: 'd', collection: 'c', shardIndex: 0 },
  status: 'running',
  statusMessage: '',
  delay: 5_000_000,
  logBehindBytes: 7,
  logKept: { state: 'kept' },
  shardMasterKnown: true,
  way: 'tail',
  reason: '',
  documentsCopied: 0,
  operationsApplied: 0,
  bytesApplied: 0,
};

const heard = (ageMs: number) => ({ report, workerId: 'w', ageMs });
const runner = (silentMs: number, workerId: string | null = 'w') => ({ workerId, silentMs, silentMsMax: 1_000 });

describe('what a report says at this moment', () => {
  it('is what it said, as long as its worker is heard', () => {
    expect(reportNow(heard(9_000), runner(500))).toBe(report);
  });

  it('counts the delay on when the worker is silent, and knows nothing of the log', () => {
    const shown = reportNow(heard(4_000), runner(2_000));
    expect(shown.delay).toBe(4_005_000_000);
    expect(shown.logBehindBytes).toBeUndefined();
    expect(shown.logKept).toMatchObject({ state: 'unknown' });
    expect(shown).toMatchObject({ status: 'running', way: 'tail' });
  });

  it('counts the delay on when the worker lives and does not report', () => {
    expect(reportNow(heard(60_000), runner(500)).delay).toBe(60_005_000_000);
  });

  it('is no delay at all of another worker than the one that has the task, and of none', () => {
    expect(reportNow(heard(0), runner(0, 'other')).delay).toBeUndefined();
    expect(reportNow(heard(0), runner(0, null)).delay).toBeUndefined();
  });

  it('does not make a delay of one that was unknown', () => {
    const { delay: _delay, ...unknown } = report;
    expect(reportNow({ ...heard(4_000), report: unknown }, runner(2_000)).delay).toBeUndefined();
  });
});

describe('what workers last said', () => {
  it('is kept with who said it and when', () => {
    const telemetry = new Telemetry();
    telemetry.record('w', [report], 1_000);
    expect(telemetry.heard('t', 1_500)).toEqual({ report, workerId: 'w', ageMs: 500 });
    expect(telemetry.heard('other', 1_500)).toBeUndefined();
  });
});
