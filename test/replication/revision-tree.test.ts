import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RevisionTree as ServerTree } from '../../src/adapters/embedded/engine/tree.ts';
import {
  differingRanges,
  parseTree,
  rangeText,
  treeSummaryOf,
  withAllSince,
} from '../../src/replication/revision-tree.ts';

const START = 1_609_459_200_000n << 20n;
/** Revisions of some years, some of them close to each other, some of before trees begin. */
const revision = fc.oneof(
  fc.bigInt({ min: START, max: START + (1n << 58n) }),
  fc.bigInt({ min: START, max: START + (1n << 26n) }),
  fc.bigInt({ min: START - (1n << 56n), max: START }),
);

function textOf(revisions: Iterable<bigint>, onlyPopulated = true): string {
  const tree = new ServerTree(false);
  for (const each of revisions) tree.add(Number(each >> 32n) | 0, Number(each & 0xffff_ffffn) | 0);
  return tree.toJson(onlyPopulated);
}

const treeOf = (revisions: Iterable<bigint>) => parseTree(textOf(revisions));

describe('trees as servers print them', () => {
  test('every revision that one side alone has is in a range, and ranges ascend apart from each other', () => {
    fc.assert(
      fc.property(fc.array(revision), fc.array(revision), fc.array(revision), (both, one, other) => {
        const [a, b] = [new Set([...both, ...one]), new Set([...both, ...other])];
        const ranges = differingRanges(treeOf(a), treeOf(b));
        const isIn = (each: bigint) => ranges.some(([from, to]) => from <= each && each <= to);
        for (const each of a) if (!b.has(each)) expect(isIn(each)).toBe(true);
        for (const each of b) if (!a.has(each)) expect(isIn(each)).toBe(true);
        for (const [index, [from, to]] of ranges.entries()) {
          expect(from < to).toBe(true);
          expect(from > (ranges[index - 1]?.[1] ?? 0n)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('equal sets have no ranges, however the trees came to their width', () => {
    fc.assert(
      fc.property(fc.array(revision, { minLength: 1 }), revision, (revisions, gone) => {
        const set = new Set(revisions);
        const wider = new ServerTree(false);
        for (const each of [gone, ...set]) wider.add(Number(each >> 32n) | 0, Number(each & 0xffff_ffffn) | 0);
        wider.remove(Number(gone >> 32n) | 0, Number(gone & 0xffff_ffffn) | 0);
        expect(differingRanges(treeOf(set), parseTree(wider.toJson(true)))).toEqual([]);
      }),
    );
  });

  test('one document among many costs the interval that it is in', () => {
    const many = Array.from({ length: 2_000 }, (_, index) => START + (BigInt(index) << 47n));
    const ranges = differingRanges(treeOf(many), treeOf(many.filter((_, index) => index !== 777)));
    expect(ranges).toHaveLength(1);
    const [[from, to]] = ranges as [readonly [bigint, bigint]];
    expect(many.filter((each) => from <= each && each <= to)).toEqual([many[777]]);
  });

  test('empty nodes may be left out or printed, and hashes are exact', () => {
    const set = [START + 5n, START + (1n << 50n), START + (1n << 57n)];
    expect(parseTree(textOf(set, false))).toEqual(parseTree(textOf(set, true)));
    expect(treeSummaryOf(textOf(set))).toEqual({ count: 3, hash: String(parseTree(textOf(set)).hash) });
    expect(parseTree(textOf([]))).toMatchObject({ count: 0, nodes: { length: 0 } });
  });

  test('the vectors of the reference', () => {
    const text =
      '{"version":1,"maxDepth":6,"rangeMax":"_jpq8a-----","rangeMin":"_bpq8a-----","initialRangeMin":"_bpq8a-----",' +
      '"count":2,"hash":1725671806538101241,"nodes":[{"skip":172692},{"count":2,"hash":1725671806538101241}]}';
    expect(parseTree(text)).toMatchObject({
      width: 1n << 57n,
      nodes: {
        length: 1,
        index: Uint32Array.of(172692),
        count: Float64Array.of(2),
        hash: BigUint64Array.of(1725671806538101241n),
      },
    });
  });

  test('what is no tree is refused', () => {
    const whole = textOf([START + 5n]);
    expect(() => parseTree('{}')).toThrow(/without nodes/);
    expect(() => parseTree(whole.replace('"count":1,"hash"', '"count":1,"trash"'))).toThrow();
    expect(() => parseTree(whole.replace(/"rangeMax":"[^"]*"/, '"rangeMax":"_bpq8a----D"'))).toThrow(/width/);
  });
});

test('all behind a revision is one range, which takes in the one that it lies in', () => {
  const max = (1n << 64n) - 1n;
  const ranges = [
    [10n, 20n],
    [30n, 40n],
    [50n, 60n],
  ] as const;
  expect(withAllSince(ranges, 35n)).toEqual([
    [10n, 20n],
    [30n, max],
  ]);
  expect(withAllSince(ranges, 25n)).toEqual([
    [10n, 20n],
    [25n, max],
  ]);
  expect(withAllSince(ranges, 70n)).toEqual([...ranges, [70n, max]]);
  expect(withAllSince([], 70n)).toEqual([[70n, max]]);
});

test('trees that began elsewhere differ everywhere', () => {
  const ranges = differingRanges(treeOf([START]), parseTree(new ServerTree(true).toJson(true)));
  expect(ranges.map(rangeText)).toEqual([['_', 'N9999999999']]);
});
