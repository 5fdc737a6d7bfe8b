import { describe, expect, test } from 'vitest';
import { factsOf, pairingOf } from '../../../src/replication/target/pairing.ts';
import type { TargetCollection } from '../../../src/replication/target/read-structure.ts';
import { isShardOf } from '../../../src/replication/target/source-facts.ts';

type Parameters = Readonly<Record<string, unknown>>;

const NEW = { usesRevisionsAsDocumentIds: true, syncByRevision: true };
const OLD = { usesRevisionsAsDocumentIds: false, syncByRevision: false };
/** Stored by revision, without a tree over it. */
const BARE = { usesRevisionsAsDocumentIds: true, syncByRevision: false };

const facts = (parameters: Parameters, shards = 1) =>
  factsOf('A', {
    ...{ name: 'c', targetName: 'c', id: '7', globallyUniqueId: 'c7/', indexes: [] },
    parameters: { type: 2, isSystem: false, shardKeys: ['_key'], shardingStrategy: 'hash', ...parameters },
    shards: Array.from({ length: shards }, (_, index) => ({ index, name: `s${index}`, cuid: `c7/s${index}` })),
  });

const stored = (parameters: Parameters, shards = 1): TargetCollection => ({
  ...{ name: 'c', id: '9', type: 2, indexes: [] },
  parameters: { shardKeys: ['_key'], shardingStrategy: 'hash', ...parameters },
  shards: Array.from({ length: shards }, (_, index) => ({ name: `s${index}`, leader: 'PRMR-1' })),
});

describe('how a collection follows another', () => {
  test('by revisions where the shards are 1:1 and both have trees', () => {
    expect(pairingOf(facts(NEW, 3), stored(NEW, 3))).toEqual({
      ...{ isOneToOne: true, keepsRevisions: true, isComparedByRevision: true, note: '' },
    });
  });

  test.each([
    [
      'another number',
      facts(NEW, 3),
      stored(NEW, 2),
      '3 shards by [_key] (hash) there, 2 shards by [_key] (hash) here',
    ],
    [
      'a single server',
      facts(NEW, 3),
      stored(NEW, 1),
      '3 shards by [_key] (hash) there, 1 shard by [_key] (hash) here',
    ],
    [
      'another strategy',
      facts({ ...NEW, shardingStrategy: 'enterprise-compat' }, 3),
      stored(NEW, 3),
      '3 shards by [_key] (enterprise-compat) there',
    ],
  ])('S2: without revisions where the shards are others: %s', (_, source, target, text) => {
    const pairing = pairingOf(source, target);
    expect(pairing).toMatchObject({ isOneToOne: false, keepsRevisions: false, isComparedByRevision: false });
    expect(pairing.note).toContain(text);
  });

  test.each([
    ['from old to new', OLD, NEW, false],
    ['from old to what is stored by revision', OLD, BARE, false],
    ['from new to old', NEW, OLD, true],
    ['from old to old', OLD, OLD, true],
    ['without a tree here', NEW, BARE, true],
    ['without a tree there', BARE, NEW, true],
  ])('S2: with revisions only where two cannot be equal, or do no harm: %s', (_, source, target, keepsRevisions) => {
    const pairing = pairingOf(facts(source), stored(target));
    expect(pairing).toMatchObject({ isOneToOne: true, keepsRevisions, isComparedByRevision: false });
    expect(pairing.note).toContain(keepsRevisions ? 'there are no revision trees' : 'revisions are not kept');
  });
});

test('a shard is told from those of another collection by the name in its log', () => {
  expect(isShardOf('c7/s10', { collection: 'c7/' })).toBe(true);
  expect(isShardOf('c77/s10', { collection: 'c7/' })).toBe(false);
  expect(isShardOf('h1/7', { collection: 'h1/7' })).toBe(true);
  expect(isShardOf('h1/77', { collection: 'h1/7' })).toBe(false);
});
