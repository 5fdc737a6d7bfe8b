import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { countOf } from '../safety/rules.ts';
import { PLANTED_BUGS } from './planted.ts';
import { runSeed } from './run-seed.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const seeds = 200;
const seedsPerTest = 20;

describe('two datacenters keep every promise', () => {
  const firsts = Array.from({ length: seeds / seedsPerTest }, (_, index) => 1 + index * seedsPerTest);

  it.each(firsts)('in the twenty histories from seed %i', { timeout: 120_000 }, async (first) => {
    for (let seed = first; seed < first + seedsPerTest; seed += 1) {
      const { violation } = await runSeed(seed);
      expect(violation, `npm run simulate -- --seed=${seed}`).toBeUndefined();
    }
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
