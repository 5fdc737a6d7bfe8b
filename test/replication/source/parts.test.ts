import { setTimeout as sleepFor } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { treeSummaryOf } from '../../../src/replication/revision-tree.ts';
import { Doorbell } from '../../../src/replication/source/doorbell.ts';
import { judgeCollection } from '../../../src/replication/source/exclusions.ts';
import { OperationBuffer } from '../../../src/replication/source/operation-buffer.ts';
import { syncerIdFor } from '../../../src/replication/source/syncer-id.ts';

const line = (key: string) => Buffer.from(`+{"_key":"${key}","_rev":"_r${key}"}\n`);

describe('operations on their way into frames', () => {
  test('a frame ends with a transaction, and names its first operation as the witness', () => {
    const buffer = new OperationBuffer('c1/s1', { isOpen: false }, { bytes: 0 });
    buffer.add(line('a'), '1', '1');
    buffer.markComplete('1');
    buffer.add(line('b'), '3', '2');
    buffer.add(line('c'), '5', '2');
    buffer.markComplete('6');
    buffer.add(line('d'), '8', '7');
    expect(buffer.takeComplete()).toMatchObject({
      operations: 3,
      to: '6',
      complete: true,
      witnesses: [{ groupTick: '2', tick: '3', cuid: 'c1/s1', key: 'b', rev: '_rb' }],
    });
    expect(buffer.takeComplete()).toBeUndefined();
    expect(buffer.operations).toBe(1);
  });

  test('a cut transaction is ended although nothing of it is left, once', () => {
    const buffer = new OperationBuffer('c', { isOpen: false }, { bytes: 0 });
    buffer.add(line('a'), '3', '2');
    expect(buffer.takeUnfinished()).toMatchObject({ complete: false, to: '3', witnesses: [] });
    expect(buffer.takeComplete()).toBeUndefined();
    buffer.markComplete('9');
    expect(buffer.takeComplete()).toMatchObject({ complete: true, to: '9', operations: 0, witnesses: [] });
    expect(buffer.takeComplete()).toBeUndefined();
  });

  test('what is finished goes before what is not', () => {
    const buffer = new OperationBuffer('c', { isOpen: false }, { bytes: 0 });
    buffer.add(line('a'), '1', '1');
    buffer.markComplete('1');
    buffer.add(line('b'), '3', '3');
    expect(buffer.takeUnfinished()).toMatchObject({ complete: true, to: '1', operations: 1 });
    expect(buffer.takeUnfinished()).toMatchObject({ complete: false, to: '3', operations: 1 });
  });

  test('dropping what was sent another way keeps the rest and its ends', () => {
    const buffer = new OperationBuffer('c', { isOpen: false }, { bytes: 0 });
    for (const tick of ['1', '3', '5']) {
      buffer.add(line(tick), tick, tick);
      buffer.markComplete(tick);
    }
    buffer.add(line('7'), '7', '7');
    buffer.settle();
    buffer.dropUpTo('3');
    expect(buffer.takeComplete()).toMatchObject({ operations: 1, to: '5' });
    buffer.markComplete('8');
    expect(buffer.takeComplete()).toMatchObject({ operations: 1, to: '8' });
    expect(buffer.bytes).toBe(0);
  });

  test('settled lines do not change with the answer they came in', () => {
    const buffer = new OperationBuffer('c', { isOpen: false }, { bytes: 0 });
    const answer = line('a');
    buffer.add(answer, '1', '1');
    buffer.settle();
    answer.fill(0);
    buffer.markComplete('1');
    expect(buffer.takeComplete()?.body.toString()).toBe(line('a').toString());
  });

  test('a removal’s revision is no part of its witness', () => {
    const buffer = new OperationBuffer('c', { isOpen: false }, { bytes: 0 });
    buffer.add(Buffer.from('-{"_key":"a","_rev":"_x"}\n'), '1', '1');
    buffer.markComplete('1');
    expect(buffer.takeComplete()?.witnesses).toMatchObject([{ key: 'a', rev: '' }]);
  });
});

describe('which collections are replicated', () => {
  const traits = { type: 2, isSystem: false, isSmart: false, isSmartChild: false };
  const system = { ...traits, isSystem: true };
  test.each([
    [{ ...traits, name: 'c' }, 'c'],
    [{ ...traits, type: 3, name: 'edges' }, 'edges'],
    [{ ...traits, isSmart: true, name: 'smartVertices' }, 'smartVertices'],
    [{ ...system, name: '_graphs' }, '_graphs'],
    [{ ...system, name: '_queues' }, '_queuesbackup'],
    [{ ...system, name: '_jobs' }, '_jobsbackup'],
  ])('%o as %s', (collection, targetName) => {
    expect(judgeCollection(collection)).toEqual({ kind: 'replicated', targetName });
  });

  test.each([
    [{ ...system, name: '_sync_events' }, /replication itself/],
    [{ ...traits, name: '_sync_anything' }, /replication itself/],
    [{ ...system, name: '_users' }, /replicated as users/],
    [{ ...system, name: '_analyzers' }, /replicated as analyzers/],
    [{ ...system, name: '_statistics15' }, /internal/],
    [{ ...traits, type: 3, isSmart: true, name: 'smartEdges' }, /smart edge/],
    [{ ...traits, type: 3, isSmartChild: true, name: '_local_smartEdges' }, /smart edge/],
  ])('not %o: %s', (collection, reason) => {
    expect(judgeCollection(collection)).toMatchObject({ kind: 'excluded', reason: expect.stringMatching(reason) });
  });
});

describe('small parts', () => {
  test('the summary of a tree keeps 64 bits, wherever it stands', () => {
    const hash = '18446744073709551615';
    const nodes = '"nodes":[{"skip":3},{"count":9,"hash":7},{}]';
    expect(treeSummaryOf(`{"version":1,"count":2,"hash":${hash},${nodes}}`)).toEqual({ count: 2, hash });
    expect(treeSummaryOf(`{"version":1,${nodes},"hash":${hash},"count":2}`)).toEqual({ count: 2, hash });
    expect(() => treeSummaryOf('{"nodes":[]}')).toThrow(/without count/);
  });

  test('ids for servers are the same for the same reader, decimal, and below 2^63', () => {
    const id = syncerIdFor('worker', 'PRMR-a', 'read');
    expect(syncerIdFor('worker', 'PRMR-a', 'read')).toBe(id);
    const others = [syncerIdFor('worker', 'PRMR-a', 'pin'), syncerIdFor('worker', 'PRMR-b', 'read'), id];
    expect(new Set(others).size).toBe(3);
    for (const one of others) {
      expect(one).toMatch(/^[1-9][0-9]*$/);
      expect(BigInt(one)).toBeLessThan(2n ** 63n);
    }
  });

  test('a doorbell that rings while nobody waits is heard by the next', async () => {
    const bell = new Doorbell();
    bell.ring();
    await bell.wait(new AbortController().signal);
    const environment = {
      now: Date.now,
      sleep: async (_ms: number, signal: AbortSignal) => void (await sleepFor(60_000, undefined, { signal })),
      log: { info: () => {}, warn: () => {}, error: () => {} },
    };
    const waiting = bell.waitAtMost(environment, 60_000, new AbortController().signal);
    bell.ring();
    await waiting;
    const stop = new AbortController();
    const stopped = bell.wait(stop.signal);
    stop.abort(new Error('enough'));
    await expect(stopped).rejects.toThrow('enough');
  });
});
