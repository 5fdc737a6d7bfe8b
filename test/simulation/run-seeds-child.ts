import { runSeed } from './run-seed.ts';
import type { SeedAsked } from './run-seeds.ts';

process.on('message', (asked: SeedAsked) => {
  void runSeed(asked.seed, asked).then((result) => process.send?.(result));
});
