import { beforeEach, describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../../src/replication/queue.ts';
import {
  checkpointIn,
  type FloorDocument,
  type ShardDocument,
  shardKey,
} from '../../../src/replication/target/checkpoint-documents.ts';
import {
  CheckpointRounds,
  type Progress,
  type Progressing,
} from '../../../src/replication/target/checkpoint-rounds.ts';
import type { CheckpointStore, SaveOutcome } from '../../../src/replication/target/checkpoint-store.ts';
import { FloorGroup } from '../../../src/replication/target/floor-group.ts';
import type { ServerWatch, Sighting } from '../../../src/replication/target/server-watch.ts';

const NEVER = new AbortController().signal;
const SCOPE = { epoch: 'e1', sourceDeployment: 'A' } as const;

/** The documents that a crash would leave. */
class Disk {
  readonly shards = new Map<string, ShardDocument>();
  readonly floors = new Map<string, FloorDocument>();
  readonly log: string[] = [];
  failFor = new Set<string>();
  failFloors = false;

  async save(document: ShardDocument): Promise<SaveOutcome> {
    if (this.failFor.has(document._key)) return { kind: 'failed', reason: 'a fault of the test' };
    const other = this.shards.get(document._key);
    if (other !== undefined && other.owner !== document.owner) return { kind: 'superseded' };
    this.shards.set(document._key, document);
    this.log.push(document._key);
    return { kind: 'saved', document };
  }

  async put(documents: readonly FloorDocument[]): Promise<void> {
    if (this.failFloors) throw new Error('a fault of the test');
    for (const document of documents) this.floors.set(document._key, document);
    for (const { tick } of documents) this.log.push(`floor ${tick}`);
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.floors.delete(key);
  }

  /** Where a shard would go on after a crash now. */
  position(shard: TestShard): string | undefined {
    const document = this.shards.get(shard.key);
    if (document === undefined) return undefined;
    return checkpointIn(document, this.floors.get(document.floor ?? ''), SCOPE, shard.id)?.tick;
  }
}

class TestShard implements Progressing {
  readonly id: string;
  readonly key: string;
  stream: string | undefined = 'st';
  tick = '100';
  writes = 1;
  durableWrites = 0;
  leader = 'P1';
  group: FloorGroup | undefined;
  readonly told: string[] = [];

  constructor(id: string) {
    this.id = id;
    this.key = shardKey(id, 0);
  }

  progress(): Progress | undefined {
    if (this.stream === undefined) return undefined;
    const { key, stream, group, leader, writes, durableWrites } = this;
    const checkpoint: Checkpoint = {
      ...SCOPE,
      dbServer: 'S',
      serverId: '1',
      cuid: `c${this.id}`,
      targetCollectionId: this.id,
      tick: this.tick,
      forkRevision: '',
      witnesses: [],
    };
    const ref = { database: 'd', collection: `c${this.id}`, shardIndex: 0 };
    const servedBy = { server: leader, name: 'first start', isCounted: true };
    return { ref, key, stream, checkpoint, group, leaders: leader.split(' '), servedBy, writes, durableWrites };
  }

  durable(progress: Progress): void {
    this.durableWrites = progress.writes;
  }
  carried(tick: string): void {
    this.told.push(`carried to ${tick}`);
  }
  superseded(): void {
    this.told.push('superseded');
    this.stream = undefined;
  }
  serverRebooted(id: string): void {
    this.told.push(`rebooted ${id}`);
    if (id === this.leader) this.stream = undefined;
  }
  leaderSilent(): void {
    this.told.push('silent');
  }
}

let disk: Disk;
let sighting: Sighting;
let syncs: number;
let rounds: CheckpointRounds;
let shards: TestShard[];
let floor: FloorGroup;

beforeEach(() => {
  disk = new Disk();
  syncs = 0;
  sighting = { synced: new Set(['P1', 'P2']), rebooted: new Set() };
  const watch = {
    syncAll: async () => {
      syncs += 1;
      disk.log.push('sync');
      return sighting;
    },
  };
  rounds = new CheckpointRounds(disk as unknown as CheckpointStore, watch as unknown as ServerWatch, 'me');
  shards = [new TestShard('1'), new TestShard('2'), new TestShard('3')];
  floor = new FloorGroup('floor-1', frame('100'));
});

function frame(tick: string) {
  return { kind: 'floor', dbServer: 'S', serverId: '1', tick, asOf: 0, except: [], witnesses: [] } as const;
}

/** Everybody stands on the floor at this tick. */
function standAt(tick: string, who: readonly TestShard[] = shards): void {
  floor.advance(frame(tick));
  for (const shard of who) Object.assign(shard, { tick, group: floor });
}

function round(): Promise<void> {
  return rounds.run(shards, NEVER);
}

function positions(): (string | undefined)[] {
  return shards.map((shard) => disk.position(shard));
}

test('S6: the logs are synced after the positions are taken and before they are stored', async () => {
  await round();
  expect(disk.log[0]).toBe('sync');
  expect(positions()).toEqual(['100', '100', '100']);
});

test('nothing is synced or stored while nothing moves', async () => {
  await round();
  disk.log.length = 0;
  await round();
  expect(disk.log).toEqual([]);
});

test('S6: a shard whose leader did not sync is not stored', async () => {
  await round();
  sighting = { synced: new Set(['P1']), rebooted: new Set() };
  Object.assign(shards[0] as TestShard, { tick: '200', writes: 2 });
  Object.assign(shards[1] as TestShard, { tick: '200', writes: 2, leader: 'P2' });
  await round();
  expect(positions()).toEqual(['200', '100', '100']);
  expect(shards[1]?.told).toEqual(['silent']);
});

test('S6: a shard that is spread over several servers is stored only when all of them have synced', async () => {
  await round();
  sighting = { synced: new Set(['P1']), rebooted: new Set() };
  Object.assign(shards[0] as TestShard, { tick: '200', writes: 2, leader: 'P1 P2' });
  await round();
  expect(positions()).toEqual(['100', '100', '100']);
  expect(shards[0]?.told).toEqual(['silent']);
  sighting = { synced: new Set(['P1', 'P2']), rebooted: new Set() };
  await round();
  expect(positions()).toEqual(['200', '100', '100']);
});

test('S6: after a restart of a server nothing that was written before it is stored', async () => {
  await round();
  sighting = { synced: new Set(['P2']), rebooted: new Set(['P1']) };
  for (const shard of shards) Object.assign(shard, { tick: '200', writes: 2 });
  await round();
  expect(positions()).toEqual(['100', '100', '100']);
  expect(shards[0]?.told).toEqual(['rebooted P1']);
});

describe('S20: a floor', () => {
  test('moves all that stand on it by one document', async () => {
    standAt('100');
    await round();
    disk.log.length = 0;
    standAt('250');
    await round();
    expect(disk.log).toEqual(['floor 250']);
    expect(positions()).toEqual(['250', '250', '250']);
    expect(shards.map(({ told }) => told.at(-1))).toEqual(Array(3).fill('carried to 250'));
    expect(syncs).toBe(1);
  });

  test('does not carry a shard that fell behind: it keeps what it had reached', async () => {
    standAt('100');
    await round();
    standAt('250');
    await round();
    standAt('300', shards.slice(1));
    await round();
    expect(positions()).toEqual(['250', '300', '300']);
    // On its way back it has a position of its own until it stands on the floor again.
    Object.assign(shards[0] as TestShard, { tick: '280', writes: 2 });
    standAt('320', shards.slice(1));
    await round();
    expect(positions()).toEqual(['280', '320', '320']);
    standAt('350');
    await round();
    expect(positions()).toEqual(['350', '350', '350']);
  });

  test('does not carry a shard whose stream ended or whose task is gone', async () => {
    standAt('100');
    await round();
    (shards[0] as TestShard).stream = undefined;
    const [first, , third] = shards as [TestShard, TestShard, TestShard];
    shards = [first, third];
    standAt('400', [third]);
    await round();
    expect(disk.position(first)).toBe('100');
    expect(disk.shards.get(shardKey('2', 0))).toMatchObject({ tick: '100' });
    expect(disk.shards.get(shardKey('2', 0))).not.toHaveProperty('floor');
    expect(disk.position(third)).toBe('400');
  });

  test('stays where it is while a shard that left it cannot be stored', async () => {
    standAt('100');
    await round();
    disk.failFor.add(shardKey('1', 0));
    standAt('400', shards.slice(1));
    await round();
    expect(positions()).toEqual(['100', '100', '100']);
    disk.failFor.clear();
    await round();
    expect(positions()).toEqual(['100', '400', '400']);
  });

  test('does not carry a shard that is being marked for a copy', async () => {
    standAt('100');
    await round();
    const stored = rounds.stored(shardKey('1', 0));
    if (stored === undefined) throw new Error('nothing is stored');
    (shards[0] as TestShard).stream = undefined;
    await rounds.mark(stored.document, 'trees differ');
    standAt('400', shards.slice(1));
    await round();
    expect(disk.shards.get(shardKey('1', 0))).toMatchObject({ copyBecause: 'trees differ' });
    expect(positions()).toEqual([undefined, '400', '400']);
  });

  test('is removed when all shards stand on that of another link', async () => {
    standAt('100');
    await round();
    floor = new FloorGroup('floor-2', frame('500'));
    standAt('500');
    await round();
    expect([...disk.floors.keys()]).toEqual(['floor-2']);
    expect(positions()).toEqual(['500', '500', '500']);
  });

  test('a floor that could not be written leaves true positions', async () => {
    standAt('100');
    await round();
    disk.failFloors = true;
    standAt('400');
    await expect(round()).rejects.toThrow();
    expect(positions()).toEqual(['100', '100', '100']);
  });
});

test('a stream that ended during the sync is not stored', async () => {
  await round();
  const [first] = shards as [TestShard];
  Object.assign(first, { tick: '200', writes: 2 });
  const running = round();
  first.stream = undefined;
  await running;
  expect(disk.position(first)).toBe('100');
});

test('of two engines that hold a shard one learns it', async () => {
  await round();
  const [first] = shards as [TestShard];
  const theirs = disk.shards.get(first.key) as ShardDocument;
  disk.shards.set(first.key, { ...theirs, owner: 'another', tick: '900' });
  Object.assign(first, { tick: '200', writes: 2 });
  await round();
  expect(first.told).toEqual(['superseded']);
  expect(disk.position(first)).toBe('900');
});

test.each([
  ['another epoch', { epoch: 'e0' }],
  ['another source', { sourceDeployment: 'B' }],
  ['another target collection', { targetCollectionId: '9' }],
  ['a copy that was begun', { copyBecause: 'x' }],
])('S3: a checkpoint of %s means nothing', async (_, difference) => {
  await round();
  const document = { ...(disk.shards.get(shardKey('1', 0)) as ShardDocument), ...difference };
  expect(checkpointIn(document, undefined, SCOPE, '1')).toBeUndefined();
});
