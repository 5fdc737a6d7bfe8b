import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FOUND_MAX, FoundDocuments } from '../../../src/replication/target/found-documents.ts';
import { ShardCheck } from '../../../src/replication/target/shard-check.ts';
import type { ComparisonRequest } from '../../../src/wire/comparisons.ts';
import { instructions, shardTask, type TestEngine, TestTarget, testEngine, until } from './harness.ts';
import { documentLine } from './operations.ts';
import { ScriptedSource } from './scripted-source.ts';

const shard = { database: '_system', collection: 'c', shardIndex: 0 };
const request = (more: Partial<ComparisonRequest> = {}): ComparisonRequest => ({
  ...{ id: 'r1', taskId: 'ch1', shard, deep: false, repair: false },
  ...more,
});
const [ONE, OTHER] = [
  { count: 5, hash: '11' },
  { count: 4, hash: '12' },
];
const MINUTE = 60_000;

function contents(form: 'text' | 'value', more: { readonly behind?: string; readonly to?: string } = {}) {
  const place = { channel: 'c', stream: 's', seq: 1 };
  return { ...place, kind: 'contents', tick: '1', form, count: 10, hash: '', ...more } as const;
}

const EQUAL = { isEqual: true, differences: [] };
const UNEQUAL = { isEqual: false, differences: [] };
const CONTENT = { isEqual: false, differences: [{ key: 'k', difference: 'content', revision: '_abc' }] } as const;

describe('check: one shard', () => {
  test('asks for the tree, once in a while, and anew on a new stream', () => {
    const check = new ShardCheck();
    expect(check.question(0)).toBeUndefined();
    check.follow(request());
    expect(check.question(0)).toBe('tree');
    expect(check.question(1)).toBeUndefined();
    expect(check.question(MINUTE)).toBe('tree');
    check.streamOpens();
    expect(check.question(MINUTE + 1)).toBe('tree');
    check.treesCompared(ONE, ONE);
    expect(check.result).toMatchObject({ state: 'equal', counts: { source: 5, target: 5 } });
    expect(check.question(10 * MINUTE)).toBeUndefined();
  });

  test('the same request again changes nothing, and what nobody wants any more is given up', () => {
    const check = new ShardCheck();
    check.follow(request());
    check.treesCompared(ONE, OTHER);
    check.follow(request());
    expect(check.result?.state).toBe('different');
    check.follow(request({ id: 'r2' }));
    expect(check.result).toEqual({ id: 'r2', taskId: 'ch1', state: 'comparing' });
    check.follow(undefined);
    expect(check.result).toBeUndefined();
    expect(check.treesCompared(ONE, OTHER)).toBeUndefined();
  });

  test('wants a catch-up only where a repair is wanted, and looks again after it', () => {
    const check = new ShardCheck();
    check.follow(request());
    expect(check.treesCompared(ONE, OTHER)).toBeUndefined();
    check.follow(request({ id: 'r2', repair: true }));
    expect(check.treesCompared(ONE, OTHER)).toContain('differs from the source');
    expect(check.result?.state).toBe('repairing');
    const moved = { way: 'difference', documentsFetched: 1, documentsRemoved: 0 } as const;
    check.caughtUp(moved);
    expect(check.result).toMatchObject({ state: 'comparing', repaired: moved });
    expect(check.question(0)).toBe('tree');
    expect(check.treesCompared(ONE, OTHER)).toBeUndefined();
    expect(check.result).toMatchObject({ state: 'different', repaired: moved });
  });

  test('a catch-up of another reason is no repair', () => {
    const check = new ShardCheck();
    check.follow(request({ repair: true }));
    check.caughtUp({ way: 'copy', documentsFetched: 9, documentsRemoved: 9 });
    check.treesCompared(ONE, ONE);
    expect(check.result).toEqual({ ...{ id: 'r1', taskId: 'ch1', state: 'equal' }, counts: { source: 5, target: 5 } });
  });

  test('goes on slice by slice, and looks closer where texts differ', () => {
    const check = new ShardCheck();
    check.follow(request({ deep: true, repair: true }));
    check.treesCompared(ONE, ONE);
    expect(check.question(0)).toEqual({ form: 'text' });
    check.contentsCompared(contents('text', { to: 'a' }), EQUAL);
    expect(check.question(0)).toEqual({ form: 'text', behind: 'a' });
    // An answer to what was asked before says nothing.
    check.contentsCompared(contents('text', { to: 'a' }), UNEQUAL);
    check.contentsCompared(contents('text', { behind: 'a', to: 'b' }), UNEQUAL);
    expect(check.question(0)).toEqual({ form: 'value', behind: 'a' });
    check.contentsCompared(contents('value', { behind: 'a', to: 'b' }), EQUAL);
    expect(check.question(0)).toEqual({ form: 'text', behind: 'b' });
    expect(check.result).toMatchObject({ state: 'comparing', compared: 20 });
    check.contentsCompared(contents('text', { behind: 'b' }), UNEQUAL);
    expect(check.contentsCompared(contents('value', { behind: 'b' }), CONTENT)).toContain('differs');
    expect(check.result).toMatchObject({ state: 'repairing', documents: [{ key: 'k', difference: 'content' }] });
    expect([...check.altered]).toEqual(['_abc']);
    check.caughtUp({ way: 'difference', documentsFetched: 1, documentsRemoved: 1 });
    expect(check.altered.size).toBe(0);
  });

  test('what cannot be told is neither equal nor different', () => {
    const check = new ShardCheck();
    check.follow(request());
    check.untold('no tree');
    expect(check.result).toMatchObject({ state: 'untold', reason: 'no tree' });
    check.treesCompared(ONE, ONE);
    expect(check.result?.state).toBe('untold');
  });
});

describe('documents in which a shard differs', () => {
  test('one that was changed is met under both of its revisions', () => {
    const found = new FoundDocuments();
    found.add([{ key: 'b', difference: 'surplus', revision: '_a' }]);
    found.add([{ key: 'a', difference: 'missing' }]);
    found.add([{ key: 'b', difference: 'missing' }]);
    expect(found.named()).toEqual([
      { key: 'a', difference: 'missing' },
      { key: 'b', difference: 'altered' },
    ]);
    expect(found.contentRevisions()).toEqual([]);
  });

  test('are counted beyond those that are named, up to a limit', () => {
    const found = new FoundDocuments();
    found.add(Array.from({ length: FOUND_MAX }, (_, n) => ({ key: `k${n}`, difference: 'missing' as const })));
    expect(found.named()).toHaveLength(100);
    expect(found.count).toBe(FOUND_MAX);
    expect(found.isFull).toBe(true);
  });
});

describe('check: in a stream', () => {
  let target: TestTarget;
  let source: ScriptedSource;
  let engine: TestEngine;

  beforeAll(async () => {
    target = await TestTarget.start({ mode: 'single' });
  });
  afterAll(() => target.stop());

  beforeEach(async () => {
    await target.createCollection('c');
    source = new ScriptedSource(['ch1']);
    engine = testEngine(target.deployment, source);
    await engine.engine.setInstructions(instructions([shardTask('ch1')], 'epoch-1'));
  });
  afterEach(async () => {
    await engine.engine.stop();
    await target.deployment.front.request({ method: 'DELETE', path: '/_api/collection/c' });
  });

  const result = () => engine.engine.comparisons()[0];
  const asked = () => source.next((control): control is typeof control => control.kind === 'verify');

  async function following() {
    const stream = await source.nextStream('ch1');
    stream.opened('copy', '100').copy([documentLine('a', '_kEJrpFq---')], true);
    await engine.shard('ch1', ({ status }) => status === 'running');
    engine.engine.setComparisons([request()]);
    expect(await asked()).toMatchObject({ channel: 'ch1', check: 'tree' });
    return stream;
  }

  test('a tree of another place is compared with nothing', async () => {
    const stream = await following();
    stream.tree('110', 1, '12345');
    const again = await source.nextStream('ch1');
    expect(again.open.catchUpBecause ?? '').not.toContain('differ');
    expect(result()?.state).toBe('comparing');
  });

  test('a tree that differs is told, and the stream goes on', async () => {
    const stream = await following();
    stream.tree('100', 1, '12345');
    await until('the result', () => result()?.state === 'different');
    stream.ops('100', '110', [`+${documentLine('b', '_kEJrpFq--_')}`]);
    await engine.shard('ch1', ({ operationsApplied }) => operationsApplied === 1);
    expect(source.controls.filter(({ kind }) => kind === 'open')).toHaveLength(1);
  });
});
