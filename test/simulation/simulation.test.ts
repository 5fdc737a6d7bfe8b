import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { countOf } from '../safety/rules.ts';
import { PLANTED_BUGS } from './planted.ts';
import { runSeed } from './run-seed.ts';
import { runSeeds } from './run-seeds.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const seeds = 200;
const seedsPerTest = 100;

describe('two datacenters keep every promise', () => {
  const firsts = Array.from({ length: seeds / seedsPerTest }, (_, index) => 1 + index * seedsPerTest);
  const jobs = availableParallelism();

  it.each(firsts)('in the hundred histories from seed %i', { timeout: 240_000 }, async (first) => {
    const results = await runSeeds({ first, count: seedsPerTest, jobs, lines: 0 });
    const failed = results.find(({ violation }) => violation !== undefined);
    expect(failed?.violation, `npm run simulate -- --seed=${failed?.seed}`).toBeUndefined();
    expect(results).toHaveLength(seedsPerTest);
  });

  it('and the same ones in however many processes', async () => {
    const [alone, together] = [
      await runSeeds({ first: 1, count: 4, jobs: 1, lines: 0 }),
      await runSeeds({ first: 1, count: 4, jobs: 2, lines: 0 }),
    ];
    expect(together).toEqual(alone);
  });
});

describe('a seed', () => {
  it('gives the same history again, to the last message', async () => {
    const [one, again, other] = [await runSeed(7), await runSeed(7), await runSeed(8)];
    expect(again).toEqual(one);
    expect(other.trace).not.toBe(one.trace);
  });
});

describe('planted bugs', () => {
  it.each(PLANTED_BUGS)('$rule: $what: its text stands exactly once in its file', ({ file, find, replace }) => {
    expect(countOf(find, readFileSync(`${root}${file}`, 'utf8'))).toBe(1);
    expect(replace).not.toBe(find);
  });
});
