/**
 * Simulates histories of two datacenters, one from each seed:
 *
 *   npm run simulate -- --seeds=1000 [--first-seed=1]   as many seeds, to the first failure
 *   npm run simulate -- --seed=17 [--lines=200]         one seed again, with the end of what happened
 *   npm run simulate -- --seeds=9 --faults=freeze,crash  only these faults, and each of them often
 *   npm run simulate -- --planted                       shows that bugs put in on purpose are found
 *
 * In as many processes as there are cores, or `--jobs=2`.
 *
 * Ends with a line of figures, and with status 1 when a promise was broken.
 */
import { figuresOf } from './figures.ts';
import { findPlanted } from './find-planted.ts';
import { BadOption, readOptions, type SimulateOptions, usage } from './options.ts';
import { runSeeds } from './run-seeds.ts';

async function main({ firstSeed: first, seeds: count, planted, ...options }: SimulateOptions): Promise<number> {
  if (planted) return (await findPlanted(options.jobs, console.log)) ? 0 : 1;
  const startedMs = performance.now();
  const results = await runSeeds({ first, count, ...options, jobs: Math.min(options.jobs, count) });
  const failed = results.find(({ violation }) => violation !== undefined);
  const shown = failed ?? (count === 1 ? results[0] : undefined);
  for (const line of shown?.lines ?? []) console.log(line);
  if (shown !== undefined) console.log(`seed ${shown.seed}: digest of all that happened ${shown.trace}`);
  if (failed !== undefined)
    console.log(`seed ${failed.seed} fails: ${failed.violation}; again with --seed=${failed.seed}${faultsOf(options)}`);
  console.log(figuresOf(results, performance.now() - startedMs));
  return failed === undefined ? 0 : 1;
}

/** A seed gives the same history under the same faults only. */
function faultsOf({ faults }: Pick<SimulateOptions, 'faults'>): string {
  return faults === undefined ? '' : ` '--faults=${faults.join(',')}'`;
}

try {
  process.exitCode = await main(readOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof BadOption)) throw error;
  console.error(`${error.message}\n${usage}`);
  process.exitCode = 2;
}
