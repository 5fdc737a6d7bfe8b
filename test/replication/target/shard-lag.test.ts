import { describe, expect, it } from 'vitest';
import { FloorGroup } from '../../../src/replication/target/floor-group.ts';
import { serverLags } from '../../../src/replication/target/server-lags.ts';
import { ShardLag } from '../../../src/replication/target/shard-lag.ts';

const clock = { clockOffsetMs: 0 as number | undefined };

function floorFrame(readBytes?: number, unreadBytes?: number) {
  const log = {
    ...(readBytes === undefined ? {} : { readBytes }),
    ...(unreadBytes === undefined ? {} : { unreadBytes }),
  };
  return { kind: 'floor', dbServer: 'S', serverId: '1', tick: '5', ...log, except: [], witnesses: [] } as const;
}

function standing(group: FloorGroup, readBytes: number | undefined, asOf?: number) {
  return { group, tick: '5', witnesses: [], asOf, readBytes, afterFrames: 1 };
}

describe('the age of what a shard shows', () => {
  it('is unknown until a moment was named and the clocks are known', () => {
    const lag = new ShardLag();
    expect(lag.ageMs(1_000)).toBeUndefined();
    lag.shows(900, '5', { clockOffsetMs: undefined });
    expect(lag.ageMs(1_000)).toBeUndefined();
    lag.shows(900, '5', clock);
    expect(lag.ageMs(1_000)).toBe(100);
    lag.shows(undefined, '5', clock);
    expect(lag.ageMs(5_000)).toBe(4_100);
  });

  it('is by the clock of the source worker, and counts on with the last known offset', () => {
    const lag = new ShardLag();
    lag.shows(61_000, '5', { clockOffsetMs: 60_000 });
    expect(lag.ageMs(1_500)).toBe(500);
    expect(lag.ageMs(1_000_000)).toBe(999_000);
  });

  it('is unknown, not zero, when it would lie in the future: a clock was set', () => {
    const lag = new ShardLag();
    lag.shows(1_500, '5', clock);
    expect(lag.ageMs(1_000)).toBe(0);
    lag.shows(3_600_000, '5', clock);
    expect(lag.ageMs(1_000)).toBeUndefined();
  });

  it('is that of the position that one goes back to, since older states come back on the way', () => {
    const lag = new ShardLag();
    for (let second = 1; second <= 20; second += 1) lag.shows(second * 1_000, String(second * 10), clock);
    lag.goBackTo('189');
    expect(lag.ageMs(20_000)).toBe(3_000);
    lag.shows(20_500, '205', clock);
    expect(lag.ageMs(21_000)).toBe(500);
    lag.goBackTo('3');
    expect(lag.ageMs(21_000)).toBeUndefined();
  });

  it('is unknown once it is forgotten', () => {
    const lag = new ShardLag();
    lag.shows(900, '5', clock);
    lag.forget();
    expect(lag.ageMs(1_000)).toBeUndefined();
  });
});

describe('the log behind which a shard is', () => {
  it('is what was read since, and what was not', () => {
    const lag = new ShardLag();
    const group = new FloorGroup('f', floorFrame());
    group.heard(floorFrame(1_000, 0), 100);
    lag.stands(standing(group, 1_000, 90), clock);
    expect(lag.behindBytes(100)).toBe(0);
    group.heard(floorFrame(1_700, 50), 200);
    expect(lag.behindBytes(200)).toBe(750);
  });

  it('is unknown when the source does not tell, or told too long ago', () => {
    const lag = new ShardLag();
    const group = new FloorGroup('f', floorFrame());
    lag.stands(standing(group, undefined), clock);
    expect(lag.behindBytes(0)).toBeUndefined();
    group.heard(floorFrame(1_000, 0), 100);
    lag.stands(standing(group, 1_000), clock);
    expect(lag.behindBytes(3_101)).toBeUndefined();
    group.heard(floorFrame(1_000), 10_200);
    expect(lag.behindBytes(10_200)).toBeUndefined();
  });
});

describe('the lag of many shards', () => {
  it('S20: is one sum per DB-Server, and what is unknown is counted as such', () => {
    const shards = [
      { dbServer: 'A', ageMs: 10, behindBytes: 5 },
      { dbServer: 'A', ageMs: 30, behindBytes: undefined },
      { dbServer: 'B', ageMs: undefined, behindBytes: undefined },
      { dbServer: undefined, ageMs: undefined, behindBytes: undefined },
    ];
    expect(serverLags(shards)).toEqual([
      { dbServer: 'A', shards: 2, unknown: 0, ageMsMax: 30, behindBytesMax: 5 },
      { dbServer: 'B', shards: 1, unknown: 1, ageMsMax: undefined, behindBytesMax: undefined },
      { dbServer: '', shards: 1, unknown: 1, ageMsMax: undefined, behindBytesMax: undefined },
    ]);
  });
});
