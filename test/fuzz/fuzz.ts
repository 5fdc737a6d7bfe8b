/**
 * Plays random operations of every kind at the source of two datacenters, with moved leaders, a log that is removed and
 * killed processes on the way, and demands in the end that both sides are the same: every document with its revision,
 * every structure.
 *
 *   npm run fuzz -- [--seeds=20] [--first-seed=1] [--operations=2000] [--lines=60] [--logs=<folder>]
 *
 * Ends with status 1 when a seed failed, and shows the end of what was done; all of that goes into files of the
 * folder, of a failed seed also what the processes said.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BadOption, readFuzzOptions, usage } from './options.ts';
import { runSeed } from './run-seed.ts';

try {
  const { firstSeed, seeds, operations, lines, logs } = readFuzzOptions(process.argv.slice(2));
  let failed = 0;
  for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
    const result = await runSeed(seed, operations);
    const { documents, structures, faults, phases } = result;
    const seconds = (ms: number) => `${Math.round(ms / 1_000)} s`;
    const took = phases.map(({ name, tookMs }) => `${name} ${seconds(tookMs)}`).join(', ');
    const tookMs = phases.reduce((sum, phase) => sum + phase.tookMs, 0);
    const what = `${result.operations} operations, ${faults} faults, ${documents} documents, ${structures} structures`;
    console.log(
      `seed ${seed}: ${result.failure === undefined ? 'the same' : 'FAILED'}; ${what}, ${seconds(tookMs)} (${took})`,
    );
    if (logs !== undefined) {
      writeFileSync(join(logs, `seed-${seed}.log`), [...result.lines, result.failure, result.logs].join('\n'));
    }
    if (result.failure === undefined) continue;
    failed += 1;
    for (const line of result.lines.slice(-lines)) console.log(`  ${line}`);
    console.log(`seed ${seed} failed: ${result.failure}`);
  }
  console.log(`${seeds - failed} of ${seeds} seeds ended the same`);
  process.exitCode = failed === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof BadOption)) throw error;
  console.error(`${error.message}\n${usage}`);
  process.exitCode = 2;
}
