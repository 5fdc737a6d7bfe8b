import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const PROGRAM = fileURLToPath(new URL('../../bench/main.ts', import.meta.url));

const Report = z.object({
  bench: z.string(),
  results: z.array(z.object({ case: z.string(), metric: z.string(), value: z.number(), unit: z.string() })),
});

export async function runProgram(argv: readonly string[]) {
  const child = spawn(process.execPath, [PROGRAM, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { exit: child.exitCode, output, errors };
}

/** What a benchmark tells as JSON on its last line: the values by their names, of each case. */
export async function runBench(...argv: readonly string[]): Promise<ReadonlyMap<string, Record<string, number>>> {
  const { exit, output, errors } = await runProgram([...argv, '--json']);
  if (exit !== 0) throw new Error(`bench ${argv.join(' ')} ended with ${exit}: ${errors}`);
  const { bench, results } = Report.parse(JSON.parse(output.trimEnd().split('\n').at(-1) ?? ''));
  if (bench !== argv[0]) throw new Error(`bench ${argv[0]} calls itself ${bench}`);
  const cases = Map.groupBy(results, (result) => result.case);
  return new Map(
    [...cases].map(([name, all]) => [name, Object.fromEntries(all.map(({ metric, value }) => [metric, value]))]),
  );
}
