import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'vitest';

/** Skips a test, saying so, on a machine without a tool that judges our files from outside. */
export function needs(tool: 'openssl' | 'keytool', context: TestContext): void {
  const folders = (process.env.PATH ?? '').split(delimiter);
  if (!folders.some((folder) => existsSync(join(folder, tool)))) context.skip(`for want of ${tool}`);
}

/** Runs a tool to its end; `output` is all that it said. */
export function run(tool: string, ...argv: readonly string[]): { exit: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(tool, argv, { encoding: 'utf8', input: '' });
  return { exit: status, output: `${stdout}${stderr}` };
}
