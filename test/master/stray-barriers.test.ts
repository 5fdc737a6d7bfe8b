import { expect, test } from 'vitest';
import { StrayBarriers } from '../../src/master/stray-barriers.ts';

const barrier = (setAs: string) => ({ setAs, epoch: `${setAs} established` });

test('S8: a barrier of which its target does not know is stray after 30 s, and not before', () => {
  const stray = new StrayBarriers();
  expect(stray.isStray('b', barrier('e1'), null, 0)).toBe(false);
  expect(stray.isStray('b', barrier('e1'), null, 29_999)).toBe(false);
  expect(stray.isStray('b', barrier('e1'), null, 30_000)).toBe(true);
});

test('it is none once the target knows of it, or when it is another one', () => {
  const stray = new StrayBarriers();
  stray.isStray('b', barrier('e1'), null, 0);
  expect(stray.isStray('b', barrier('e1'), 'e1', 10_000)).toBe(false);
  expect(stray.isStray('b', barrier('e1'), null, 31_000)).toBe(false);
  expect(stray.isStray('b', barrier('e2'), null, 62_000)).toBe(false);
  expect(stray.isStray('b', barrier('e2'), 'e1', 92_000)).toBe(true);
  expect(stray.isStray('b', barrier('e2'), 'e2 established', 123_000)).toBe(false);
  expect(stray.isStray('b', undefined, null, 200_000)).toBe(false);
});
