import { expect, test } from 'vitest';
import { runSeed } from '../fuzz/run-seed.ts';

/** The ordinary suite plays a few minutes of one hour; `npm run fuzz` plays twenty hours. */
const OPERATIONS = 80;

test('random operations of every kind, moved leaders, a removed log and killed processes leave both sides the same', {
  timeout: 400_000,
}, async () => {
  const { failure, lines, operations, faults } = await runSeed(1, OPERATIONS);
  expect(failure, lines.slice(-40).join('\n')).toBeUndefined();
  expect(operations).toBe(OPERATIONS);
  expect(faults).toBe(11);
});
