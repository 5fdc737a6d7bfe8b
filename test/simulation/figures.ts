import { createHash } from 'node:crypto';
import type { SeedResult } from './run-seed.ts';

/** One line that tells what a number of histories held. */
export function figuresOf(results: readonly SeedResult[], elapsedMs: number): string {
  const sum = (of: (result: SeedResult) => number) => results.reduce((total, result) => total + of(result), 0);
  const failed = results.filter(({ violation }) => violation !== undefined).length;
  const hours = sum(({ simulatedMs }) => simulatedMs) / 3_600_000;
  const digest = createHash('sha256')
    .update(results.map(({ trace }) => trace).join())
    .digest('hex');
  return [
    `${results.length} seeds, ${failed} failed`,
    `${hours.toFixed(1)} h simulated in ${(elapsedMs / 1000).toFixed(1)} s`,
    `${sum(({ steps }) => steps)} steps`,
    `${sum(({ commits }) => commits)} commits`,
    `${sum(({ claims }) => claims)} leaders`,
    `${sum(({ faults }) => faults)} faults`,
    `${sum(({ ensured }) => ensured)} stops in sync`,
    `${sum(({ reversals }) => reversals)} reversals`,
    `${sum(({ refusedWrites }) => refusedWrites)} late writes refused`,
    `${sum(({ strays }) => strays)} commits in archived holes`,
    `${sum(({ rebuilds }) => rebuilds)} folds rebuilt`,
    `digest ${digest.slice(0, 16)}`,
  ].join(', ');
}
