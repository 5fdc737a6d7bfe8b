import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encodeRevision,
  parseRevision,
  revisionFrom,
  revisionValue,
} from '../../../../src/adapters/embedded/engine/revision.ts';
import { RevisionTree, revisionHash } from '../../../../src/adapters/embedded/engine/tree.ts';

const A = decode('_g69jY-----');
const B = decode('_g69jY----D');
const C = decode('_kEJrpFq--_');
const NODES = 262144n;
const START = decode('_bpq8a-----');

function decode(text: string): bigint {
  const { high, low } = parseRevision(text);
  return revisionValue(high, low);
}

function encode(value: bigint): string {
  const { high, low } = revisionFrom(value);
  return encodeRevision(high, low);
}

function treeOf(revisions: readonly bigint[]): RevisionTree {
  const tree = new RevisionTree(false);
  for (const revision of revisions) add(tree, revision);
  return tree;
}

function add(tree: RevisionTree, revision: bigint): void {
  const { high, low } = revisionFrom(revision);
  tree.add(high, low);
}

/** Reference 5.8.3 word by word, nodes in an array of all leaves, over BigInt. */
function naiveTree(revisions: readonly bigint[], isSmart = false): string {
  const initial = isSmart ? 0n : START;
  let min = initial;
  let max = min + (1n << 24n);
  let nodes = new Map<bigint, { count: number; hash: bigint }>();
  const move = (place: (index: bigint) => bigint) => {
    const moved: typeof nodes = new Map();
    for (const [index, { count, hash }] of nodes) {
      const known = moved.get(place(index)) ?? { count: 0, hash: 0n };
      moved.set(place(index), { count: known.count + count, hash: known.hash ^ hash });
    }
    nodes = moved;
  };
  for (const revision of revisions) {
    while (revision < min || revision >= max) {
      const width = max - min;
      const node = width / NODES;
      const distance = initial - min;
      const shift = ((distance % (2n * node)) + 2n * node) % (2n * node) !== 0n ? 1n : 0n;
      if (revision >= max) {
        move((index) => (index + shift) / 2n);
        max += width - shift * node;
        min -= shift * node;
      } else {
        move((index) => (NODES + index - shift) / 2n);
        min += shift * node - width;
        max += shift * node;
      }
    }
    const index = (revision - min) / ((max - min) / NODES);
    const known = nodes.get(index) ?? { count: 0, hash: 0n };
    nodes.set(index, { count: known.count + 1, hash: known.hash ^ revisionHash(revision) });
  }
  const sorted = [...nodes].sort(([a], [b]) => (a < b ? -1 : 1));
  let count = 0;
  let hash = 0n;
  let next = 0n;
  const texts: string[] = [];
  for (const [index, node] of sorted) {
    if (index - next === 1n) texts.push('{}');
    else if (index > next) texts.push(`{"skip":${index - next}}`);
    texts.push(`{"count":${node.count},"hash":${node.hash}}`);
    next = index + 1n;
    count += node.count;
    hash ^= node.hash;
  }
  return `{"version":1,"maxDepth":6,"rangeMax":"${encode(max)}","rangeMin":"${encode(min)}","initialRangeMin":"${encode(initial)}","count":${count},"hash":${hash},"nodes":[${texts.join(',')}]}`;
}

describe('revision tree (5.8.3)', () => {
  test.each([
    [0n, 12161962213042174405n],
    [1n, 9929646806074584996n],
    [START, 18023386791747278577n],
    [A, 10221519997594588409n],
    [B, 11108395753950766336n],
  ])('hash of %d', (revision, hash) => {
    expect(revisionHash(revision)).toBe(hash);
  });

  test('vector: empty', () => {
    expect(treeOf([]).toJson(true)).toBe(
      '{"version":1,"maxDepth":6,"rangeMax":"_bpq8a_----","rangeMin":"_bpq8a-----","initialRangeMin":"_bpq8a-----","count":0,"hash":0,"nodes":[]}',
    );
  });

  test('vector: A, B', () => {
    expect(treeOf([A, B]).toJson(true)).toBe(
      '{"version":1,"maxDepth":6,"rangeMax":"_jpq8a-----","rangeMin":"_bpq8a-----","initialRangeMin":"_bpq8a-----","count":2,"hash":1725671806538101241,' +
        '"nodes":[{"skip":172692},{"count":2,"hash":1725671806538101241}]}',
    );
  });

  test('vector: A, B, C', () => {
    expect(treeOf([C, A, B]).toJson(true)).toBe(
      '{"version":1,"maxDepth":6,"rangeMax":"_rpq8a-----","rangeMin":"_bpq8a-----","initialRangeMin":"_bpq8a-----","count":3,"hash":14632920119662581969,' +
        '"nodes":[{"skip":86346},{"count":2,"hash":1725671806538101241},{"skip":51503},{"count":1,"hash":15915793704795482408}]}',
    );
  });

  // Down to 2004: further left a tree's lower limit would fall below zero.
  const revision = fc.bigInt({ min: 1100000000000n << 20n, max: 2100000000000n << 20n });

  test('does not depend on the order of insertions, with revisions of 2021 and later', () => {
    const recent = fc.bigInt({ min: START, max: 2100000000000n << 20n });
    fc.assert(
      fc.property(fc.uniqueArray(recent, { maxLength: 30 }), (revisions) => {
        expect(treeOf([...revisions].reverse()).toJson(true)).toBe(treeOf(revisions).toJson(true));
      }),
    );
  });

  test('equals a naive computation, also after removals', () => {
    fc.assert(
      fc.property(fc.uniqueArray(revision, { maxLength: 30 }), fc.array(fc.boolean()), (revisions, keep) => {
        expect(treeOf(revisions).toJson(true)).toBe(naiveTree(revisions));

        const tree = treeOf(revisions);
        const kept = revisions.filter((_, index) => keep[index] === true);
        for (const gone of revisions.filter((each) => !kept.includes(each))) {
          const { high, low } = revisionFrom(gone);
          tree.remove(high, low);
        }
        const fresh = new RevisionTree(false, tree.range);
        for (const each of kept) add(fresh, each);
        expect(tree.toJson(true)).toBe(fresh.toJson(true));
        expect(tree.count).toBe(kept.length);
      }),
    );
  });

  test('a smart child starts at 0', () => {
    const tree = new RevisionTree(true);
    for (const each of [5n, 1000000n, 70040n]) add(tree, each);
    expect(tree.toJson(true)).toBe(naiveTree([5n, 1000000n, 70040n], true));
  });

  test('without onlyPopulated every leaf is told', () => {
    const { nodes } = JSON.parse(treeOf([A]).toJson(false));
    expect(nodes).toHaveLength(262144);
    expect(nodes.filter((node: { count: number }) => node.count > 0)).toHaveLength(1);
    expect(nodes[0]).toEqual({ count: 0, hash: 0 });
  });

  test('removing everything leaves the range', () => {
    const tree = treeOf([A]);
    const { high, low } = revisionFrom(A);
    tree.remove(high, low);
    expect(JSON.parse(tree.toJson(true))).toMatchObject({ rangeMax: '_jpq8a-----', count: 0, hash: 0, nodes: [] });
  });
});
