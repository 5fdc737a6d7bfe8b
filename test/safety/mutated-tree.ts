import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { countOf, type Mutation } from './rules.ts';

const COPIED = ['src', 'test', 'cli', 'package.json', 'tsconfig.json', 'vitest.config.ts'];
/** A test that waits for what never comes has failed; the same limit holds without the mutation. */
const TEST_TIMEOUT_MS = 20_000;
/** A mutation that runs in circles without a pause is stopped by no time-out of a test. */
const RUN_TIMEOUT_MS = 300_000;

const Report = z.object({
  testResults: z.array(
    z.object({
      message: z.string(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
});

export interface TestResult {
  readonly name: string;
  /** First line of what went wrong; undefined when the test passed. */
  readonly failure: string | undefined;
}

/**
 * Runs the tests of one file whose full name matches, to the first failure. Tests that were left out are not among the
 * results. Throws when the file cannot be run at all: a text that is no program proves nothing.
 */
export async function testsIn(root: string, file: string, names: string): Promise<readonly TestResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'arangosync-rules-'));
  const outputFile = join(folder, 'report.json');
  try {
    const limits = ['--bail=1', '--maxWorkers=1', `--testTimeout=${TEST_TIMEOUT_MS}`];
    const output = await run(root, [
      'run',
      file,
      '-t',
      names,
      '--reporter=json',
      `--outputFile=${outputFile}`,
      ...limits,
    ]);
    const text = await readFile(outputFile, 'utf8').catch(() => {
      throw new Error(`vitest made no report of ${file}:\n${output}`);
    });
    const { testResults } = Report.parse(JSON.parse(text));
    const broken = testResults.find(({ assertionResults }) => assertionResults.length === 0);
    if (broken !== undefined) throw new Error(`${file} cannot be run: ${broken.message}`);
    return testResults.flatMap(({ assertionResults }) => assertionResults).flatMap(resultOf);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function resultOf(result: z.infer<typeof Report>['testResults'][number]['assertionResults'][number]): TestResult[] {
  const { fullName: name, status, failureMessages } = result;
  if (status === 'passed') return [{ name, failure: undefined }];
  if (status === 'failed') return [{ name, failure: failureMessages?.[0]?.split('\n')[0] ?? 'failed' }];
  return [];
}

async function run(root: string, args: readonly string[]): Promise<string> {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const child = spawn(process.execPath, [vitest, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  // The whole group: vitest runs the tests in processes of their own.
  const limit = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'), RUN_TIMEOUT_MS);
  const output: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => output.push(part));
  child.stderr.on('data', (part: Buffer) => output.push(part));
  const [, signal] = await once(child, 'close').finally(() => clearTimeout(limit));
  if (signal === 'SIGKILL') return `stopped after ${RUN_TIMEOUT_MS / 1_000} s`;
  return Buffer.concat(output).toString('utf8');
}

/** A copy of what the tests need, with the mutation in it. */
export async function copyTree(
  root: string,
  { file, find, replace }: Mutation,
): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'arangosync-mutated-'));
  const remove = () => rm(path, { recursive: true });
  try {
    for (const name of COPIED) await cp(join(root, name), join(path, name), { recursive: true });
    await symlink(join(root, 'node_modules'), join(path, 'node_modules'));
    const text = await readFile(join(path, file), 'utf8');
    if (countOf(find, text) !== 1) throw new Error(`${file} does not hold exactly once: ${find}`);
    await writeFile(
      join(path, file),
      text.replace(find, () => replace),
    );
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, remove };
}
