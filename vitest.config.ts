import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { ClosingLine } from './test/closing-line.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // The end-to-end tests wait more than they work: two files at once, also where there are two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: ['default', new ClosingLine()],
  },
});
