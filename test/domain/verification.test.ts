import { describe, expect, it } from 'vitest';
import { configured, event, identified, shardOn, shardRef } from './examples.ts';
import { given } from './given.ts';

const added = event('ShardsAdded', { shards: [shardOn(0), shardOn(1)] });
const followed = [configured, identified, added] as const;
const difference = (index: number, more: object = {}) => ({ shard: shardRef(index), detail: '5 and 6', ...more });
const found = (indexes: readonly number[], repair = false, more: object = {}) =>
  event('DifferencesFound', { by: 'check', repair, found: indexes.map((index) => difference(index, more)) });
const pass = { startedAt: '2024-01-01T00:00:00Z', deep: false, shards: 2, different: 1, unknown: 0 };

describe('shards that differ from the source', () => {
  it('are told in one event, in the order of their names, and kept until they are settled', () => {
    const { control } = given(...followed)
      .when({ kind: 'note-differences', by: 'check', repair: false, found: [difference(1), difference(0)] })
      .thenThese(found([0, 1]));
    expect([...control.verification.differences.keys()]).toEqual(['d/c/0', 'd/c/1']);
    expect(control.verification.differences.get('d/c/0')).toMatchObject({ by: 'check', detail: '5 and 6' });
  });

  it('are told once, however often they are met', () => {
    given(...followed, found([0]))
      .when({
        kind: 'note-differences',
        by: 'verification',
        repair: false,
        found: [difference(0, { detail: '7 and 6' })],
      })
      .thenNothing();
  });

  it('are told again once other documents are known to differ', () => {
    const documents = [{ key: 'k', difference: 'missing' as const }];
    const decision = given(...followed, found([0])).when({
      ...{ kind: 'note-differences', by: 'check', repair: false },
      found: [difference(0, { documents })],
    });
    expect(decision.control().verification.differences.get('d/c/0')?.documents).toEqual(documents);
  });

  it('are told whenever somebody orders a repair', () => {
    given(...followed, found([0]))
      .when({ kind: 'note-differences', by: 'check', repair: true, found: [difference(0)] })
      .thenThese(found([0], true));
  });

  it('keep the time at which they were found first', () => {
    const { control } = given(...followed, found([0]), found([0], true));
    const { control: before } = given(...followed, found([0]));
    const at = ({ verification }: typeof control) => verification.differences.get('d/c/0')?.at;
    expect(at(control)).toBe(at(before));
  });

  it('of which nobody knows are overlooked', () => {
    given(...followed)
      .when({ kind: 'note-differences', by: 'check', repair: false, found: [difference(7)] })
      .thenNothing();
  });

  it('are forgotten when they are equal again, and only then told to be', () => {
    const moved = { way: 'difference' as const, documentsFetched: 1, documentsRemoved: 2 };
    const settled = [{ shard: shardRef(0), how: 'repaired' as const, moved }];
    const { control } = given(...followed, found([0, 1]))
      .when({ kind: 'settle-differences', settled: [...settled, { shard: shardRef(7), how: 'equal' }] })
      .thenThese(event('DifferencesSettled', { settled }));
    expect([...control.verification.differences.keys()]).toEqual(['d/c/1']);
    given(...followed)
      .when({ kind: 'settle-differences', settled })
      .thenNothing();
  });

  it('are forgotten with the shard, and with the synchronization', () => {
    const removed = event('ShardsRemoved', { shards: [shardRef(0)], reason: 'gone' });
    expect([...given(...followed, found([0, 1]), removed).control.verification.differences.keys()]).toEqual(['d/c/1']);
    const stopped = event('SyncStopped', { aborted: false, reason: 'asked' });
    expect(given(...followed, found([0]), stopped).control.verification.differences.size).toBe(0);
  });
});

describe('a comparison of every shard', () => {
  it('is one event, and the last one is known', () => {
    const { control } = given(...followed)
      .when({ kind: 'complete-verification', ...pass })
      .thenThese(event('VerificationCompleted', pass));
    expect(control.verification.lastPass).toMatchObject(pass);
  });

  it('of a synchronization that has ended meanwhile is none', () => {
    given()
      .when({ kind: 'complete-verification', ...pass })
      .thenNothing();
    given()
      .when({ kind: 'note-differences', by: 'verification', repair: false, found: [difference(0)] })
      .thenRefused(412, 'not-active');
  });
});
