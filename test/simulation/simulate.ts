/**
 * Simulates histories of two datacenters, one from each seed:
 *
 *   npm run simulate -- --seeds=1000 [--first-seed=1]   as many seeds, to the first failure
 *   npm run simulate -- --seed=17 [--lines=200]         one seed again, with the end of what happened
 *   npm run simulate -- --planted                       shows that bugs put in on purpose are found
 *
 * Ends with a line of figures, and with status 1 when a promise was broken.
 */
import { fileURLToPath } from 'node:url';
import { figuresOf } from './figures.ts';
import { findPlanted } from './find-planted.ts';
import { BadOption, readOptions, type SimulateOptions, usage } from './options.ts';
import { runSeed, type SeedResult } from './run-seed.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

async function main(options: SimulateOptions): Promise<number> {
  if (options.planted) return (await findPlanted(root, console.log)) ? 0 : 1;
  const startedMs = performance.now();
  const results: SeedResult[] = [];
  for (let seed = options.firstSeed; seed < options.firstSeed + options.seeds; seed += 1) {
    const { lines, ...result } = await runSeed(seed, { lines: options.lines });
    results.push({ ...result, lines: [] });
    if (result.violation === undefined && options.seeds > 1) continue;
    for (const line of lines) console.log(line);
    console.log(`trace ${result.trace}`);
    if (result.violation === undefined) continue;
    console.log(`seed ${seed} fails: ${result.violation}; again with --seed=${seed}`);
    break;
  }
  console.log(figuresOf(results, performance.now() - startedMs));
  return results.some(({ violation }) => violation !== undefined) ? 1 : 0;
}

try {
  process.exitCode = await main(readOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof BadOption)) throw error;
  console.error(`${error.message}\n${usage}`);
  process.exitCode = 2;
}
