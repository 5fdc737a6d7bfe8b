import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { ClosingLine } from './test/closing-line.ts';
import { LongestFirst } from './test/longest-first.ts';

const END_TO_END = 'test/e2e/**/*.test.ts';
/** Hundreds of processes are started, and a quarter of what they cost was the compiling of the same files. */
const COMPILED = fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url));
const common = {
  // What is waited for may take its time on a busy machine; a test waits for several things.
  testTimeout: 90_000,
  hookTimeout: 90_000,
  expect: { poll: { timeout: 30_000 } },
  env: { NODE_COMPILE_CACHE: COMPILED },
};

export default defineConfig({
  test: {
    reporters: ['default', new ClosingLine()],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...common,
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: [END_TO_END],
          // A module is loaded once by each process, not once for every file: none of ours holds any state. That halves
          // what the tests cost.
          isolate: false,
          // They wait for servers too, and keep more processes busy than there are cores.
          maxWorkers: availableParallelism() + 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Whole datacenters, each of some ten processes: after the others, whose times they would disturb, and two files at
        // once, however many cores there are. More of them end no sooner, and each of their promises takes longer to keep.
        test: { ...common, name: 'end-to-end', include: [END_TO_END], maxWorkers: 2, sequence: { groupOrder: 2 } },
      },
    ],
  },
});
