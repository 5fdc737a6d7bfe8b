import { expect, it } from 'vitest';
import { verificationOf } from '../../cli/verification-options.ts';

const options = (verifyEvery?: string, verifyDeep = false) => verificationOf({ verifyEvery, verifyDeep });

it('compares every shard once a day unless told otherwise', () => {
  expect(options()).toEqual({ everyMs: 86_400_000, deep: false });
  expect(options('1h30m', true)).toEqual({ everyMs: 5_400_000, deep: true });
  expect(options('off')).toBeUndefined();
});

it.each([
  ['off', true, '--sync.verify-deep goes with --sync.verify-every'],
  ['5m', false, '--sync.verify-every must be at least 10m'],
  ['daily', false, '--sync.verify-every must be a duration such as 24h, or off'],
])('refuses %s with deep %s', (every, deep, text) => {
  expect(() => options(every, deep)).toThrow(text);
});
