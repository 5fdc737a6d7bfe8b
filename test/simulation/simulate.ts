/** Simulates histories of two datacenters, each from a seed: `npm run simulate -- --seeds=1000 [--first-seed=1]`. */
import { parseArgs } from 'node:util';
import { runSeed, type SeedResult } from './run-seed.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    'first-seed': { type: 'string', default: '1' },
    seed: { type: 'string' },
    lines: { type: 'string', default: '60' },
  },
});
const lines = Number(values.lines);
const first = Number(values.seed ?? values['first-seed']);
const count = values.seed === undefined ? Number(values.seeds) : 1;
const startedMs = performance.now();
const results: SeedResult[] = [];
for (let seed = first; seed < first + count; seed += 1) {
  const result = await runSeed(seed, { lines });
  results.push({ ...result, lines: [] });
  if (result.violation === undefined) continue;
  for (const line of result.lines) console.log(line);
  console.log(`seed ${seed} fails: ${result.violation} (trace ${result.trace}); again with --seed=${seed}`);
  process.exitCode = 1;
  break;
}
const sum = (of: (result: SeedResult) => number) => results.reduce((total, result) => total + of(result), 0);
const seconds = (performance.now() - startedMs) / 1000;
console.log(
  `${results.length} seeds, ${Math.round(sum((r) => r.simulatedMs) / 60_000)} min simulated in ${seconds.toFixed(1)} s: ` +
    `${sum((r) => r.steps)} steps, ${sum((r) => r.commits)} commits, ${sum((r) => r.claims)} leaders, ` +
    `${sum((r) => r.faults)} faults, ${sum((r) => r.refusedWrites)} late writes refused`,
);
