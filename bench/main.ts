import { countBuffersWithHeap } from '../cli/heap-limits.ts';
import { BadOption, type BenchName, type BenchOptions, readOptions } from './options.ts';

/** Every benchmark by its name. */
const BENCHES: Readonly<Record<BenchName, () => Promise<{ readonly run: (options: BenchOptions) => Promise<void> }>>> =
  {
    embedded: () => import('./embedded.ts'),
    stream: () => import('./stream.ts'),
    copy: () => import('./copy.ts'),
    shards: () => import('./shards.ts'),
    log: () => import('./log.ts'),
    control: () => import('./control.ts'),
    difference: () => import('./difference.ts'),
    check: () => import('./check.ts'),
    stall: () => import('./stall.ts'),
  };

countBuffersWithHeap();

try {
  const { name, options } = readOptions(process.argv.slice(2));
  const { run } = await BENCHES[name]();
  await run(options);
} catch (error) {
  if (!(error instanceof BadOption)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
