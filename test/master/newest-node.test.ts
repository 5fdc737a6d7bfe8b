import { expect, it } from 'vitest';
import { newestNode } from '../../src/master/clocks/newest-node.ts';

it('the newest revision lies in the last node that holds something', () => {
  const tree = (nodes: readonly object[]) =>
    JSON.stringify({ maxDepth: 6, rangeMin: '_bpq8a-----', rangeMax: '_jpq8a-----', nodes });
  expect(newestNode(tree([]))).toBeUndefined();
  expect(newestNode(tree([{ skip: 4 }, {}, { count: 0, hash: 0 }]))).toBeUndefined();
  const node = newestNode(tree([{ skip: 2 }, { count: 1, hash: 5 }, {}, { count: 3, hash: 7 }, { count: 0, hash: 0 }]));
  const [min, width] = [1_687_640_290_099_200_000n, 1n << 39n];
  expect(node).toEqual({ from: min + 4n * width, to: min + 5n * width - 1n });
});
