import { describe, expect, it } from 'vitest';
import type { SentMarker } from '../../../src/replication/source/lag-markers.ts';
import { LogPosition } from '../../../src/replication/source/log-position.ts';
import { LogRate } from '../../../src/replication/source/log-rate.ts';
import { ReadMoment } from '../../../src/replication/source/read-moment.ts';
import { ReaderStanding } from '../../../src/replication/source/reader-standing.ts';

const END = { askedAt: 1_000, lastTick: '500', complete: '500', isRead: true };

/** Markers as somebody wrote them: `met` by number. */
function markers(sent: readonly SentMarker[]) {
  return {
    shardKey: 'm',
    newest: 0,
    met: (operation: Buffer) => sent.find(({ number }) => number === operation[0]),
    oldestBehind: (after: number, before: number) =>
      sent.find(({ number, acknowledgedAt = Infinity }) => number > after && acknowledgedAt < before),
  };
}

const momentWith = (...sent: SentMarker[]) => new ReadMoment(markers(sent) as never);

describe('up to which moment a log was read', () => {
  it('is unknown before its end, or a marker, was reached', () => {
    const moment = new ReadMoment();
    expect(moment.at).toBeUndefined();
    moment.answered({ ...END, complete: '100', isRead: false });
    expect(moment.at).toBeUndefined();
  });

  it('is when the end was asked for, once it is reached: also an end that was far away', () => {
    const moment = new ReadMoment();
    moment.answered({ ...END, complete: '100', isRead: false });
    moment.answered({ askedAt: 2_000, lastTick: '9000', complete: '300', isRead: false });
    moment.reached('499');
    expect(moment.at).toBeUndefined();
    moment.reached('500');
    expect(moment.at).toBe(1_000);
    moment.reached('9000');
    expect(moment.at).toBe(2_000);
  });

  it('is when a marker was sent, as soon as everything before it is handed over', () => {
    const moment = momentWith({ number: 1, at: 700, acknowledgedAt: 710 });
    moment.met(Buffer.from([1]), '400');
    expect(moment.at).toBeUndefined();
    moment.reached('400');
    expect(moment.at).toBe(700);
  });

  it('does not pass a marker that was acknowledged and is not in the log, though the log seems to have ended', () => {
    const missing = { number: 2, at: 800, acknowledgedAt: 820 };
    const moment = momentWith({ number: 1, at: 700, acknowledgedAt: 710 }, missing);
    moment.met(Buffer.from([1]), '400');
    moment.answered({ askedAt: 1_000, lastTick: '500', complete: '490', isRead: true });
    expect(moment.at).toBe(800);
    moment.answered({ askedAt: 60_000, lastTick: '510', complete: '490', isRead: true });
    expect(moment.at).toBe(800);
    moment.met(Buffer.from([2]), '600');
    moment.answered({ askedAt: 61_000, lastTick: '700', complete: '690', isRead: true });
    expect(moment.at).toBe(61_000);
  });

  it('does not wait for a marker that was on its way when the log was asked', () => {
    const moment = momentWith({ number: 1, at: 900, acknowledgedAt: undefined });
    moment.answered({ askedAt: 1_000, lastTick: '500', complete: '490', isRead: true });
    expect(moment.at).toBe(1_000);
  });

  it('goes back with a clock that was set back', () => {
    const moment = new ReadMoment();
    moment.answered(END);
    moment.answered({ ...END, askedAt: 200 });
    expect(moment.at).toBe(200);
  });

  it('is unknown again when reading begins elsewhere', () => {
    const moment = new ReadMoment();
    moment.answered(END);
    moment.begin();
    expect(moment.at).toBeUndefined();
  });

  it('forgets some of the ends ahead rather than to hold too many, never the order', () => {
    const moment = new ReadMoment();
    for (let number = 1; number <= 5_000; number += 1) {
      moment.answered({ askedAt: number, lastTick: String(number * 10), complete: '1', isRead: false });
    }
    moment.reached('20000');
    expect(moment.at).toBeGreaterThan(1_000);
    expect(moment.at).toBeLessThanOrEqual(2_000);
  });
});

describe('the weight of a log', () => {
  it('is what its ticks weighed of late, unknown before anything was read, and nothing at its end', () => {
    const rate = new LogRate();
    expect(rate.bytesBetween('10', '20')).toBeUndefined();
    expect(rate.bytesBetween('20', '20')).toBe(0);
    rate.passed(1_000, '0', '100');
    expect(rate.bytesBetween('100', '150')).toBe(500);
    for (let round = 0; round < 100; round += 1) rate.passed(200, '0', '100');
    expect(rate.bytesBetween('100', '150')).toBe(100);
    expect(rate.read).toBe(21_000);
  });
});

it('is not known by an answer that was cut, however little was asked for: under a limit pieces are small', () => {
  const answer = {
    body: Buffer.alloc(20_000),
    lastIncluded: '100',
    lastScanned: '100',
    lastTick: '500',
    fromPresent: true,
  };
  const handed = { askedAt: 1_000, answer, before: '0', position: new LogPosition('100') };
  const standing = new ReaderStanding();
  standing.answered({ ...handed, chunkBytes: 16_384 });
  expect(standing.asOf).toBeUndefined();
  standing.answered({ ...handed, chunkBytes: 32_768 });
  expect(standing.asOf).toBe(1_000);
});
