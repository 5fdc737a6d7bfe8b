import { defineConfig } from 'vitest/config';
import { ClosingLine } from './test/closing-line.ts';

const END_TO_END = 'test/e2e/**/*.test.ts';
const limits = { testTimeout: 30_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    reporters: ['default', new ClosingLine()],
    projects: [
      {
        test: {
          ...limits,
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: [END_TO_END],
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Whole datacenters, each of some ten processes: after the others, whose times they would disturb. They wait more
        // than they work: two files at once, however many cores there are.
        test: { ...limits, name: 'end-to-end', include: [END_TO_END], maxWorkers: 2, sequence: { groupOrder: 2 } },
      },
    ],
  },
});
