import { expect, test } from 'vitest';
import type { Tick } from '../../../src/replication/queue.ts';
import { FloorGroup } from '../../../src/replication/target/floor-group.ts';
import type { Arrival } from '../../../src/replication/target/inbox.ts';
import { piecesOf } from '../../../src/replication/target/pieces.ts';

function ops(seq: number, floor?: Tick, bytes = 100): Arrival {
  const header = {
    kind: 'ops',
    channel: 'ch',
    stream: 'st',
    seq,
    from: '0',
    to: '0',
    complete: true,
    operations: 1,
    witnesses: [],
    asOf: 0,
  } as const;
  return { header, body: new Uint8Array(0), bytes, floorBefore: floor === undefined ? undefined : mark(floor) };
}

function mark(tick: Tick): NonNullable<Arrival['floorBefore']> {
  const frame = { kind: 'floor', dbServer: 'S', serverId: '1', tick, asOf: 0, except: [], witnesses: [] } as const;
  return { group: new FloorGroup('f', frame), tick, witnesses: [], asOf: 0, afterFrames: 1 };
}

function sizes(arrivals: readonly Arrival[], bytesMax = 1_000): readonly number[] {
  return [...piecesOf(arrivals, bytesMax)].map((piece) => piece.length);
}

test('operations that follow each other are applied together, up to the size of a write', () => {
  expect(sizes([ops(1), ops(2), ops(3)], 250)).toEqual([2, 1]);
});

test('anything but operations goes alone', () => {
  const header = { kind: 'tree', channel: 'ch', stream: 'st', seq: 2, tick: '0', count: 0, hash: '0' } as const;
  const tree: Arrival = { header, body: new Uint8Array(0), bytes: 100, floorBefore: undefined };
  expect(sizes([ops(1), tree, ops(3)])).toEqual([1, 1, 1]);
});

test('a floor is not reached before the operations that came before it are applied', () => {
  expect(sizes([ops(1), ops(2), ops(3, '200'), ops(4)])).toEqual([2, 2]);
});
