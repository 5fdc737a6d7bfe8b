import { parseArgs } from 'node:util';

export interface FuzzOptions {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly operations: number;
  /** How much of the end of what was done is shown with a failure. */
  readonly lines: number;
  /** Folder for what was done, and for all that was said by the processes of a seed that failed. */
  readonly logs: string | undefined;
}

export const usage = 'usage: fuzz [--seeds=<n>] [--first-seed=<n>] [--operations=<n>] [--lines=<n>] [--logs=<folder>]';

const NUMBERS = { 'first-seed': '1', seeds: '20', operations: '2000', lines: '60' } as const;

/** The command line is not understood; the message names the option. */
export class BadOption extends Error {
  override readonly name = 'BadOption';
}

export function readFuzzOptions(args: readonly string[]): FuzzOptions {
  const { logs, ...given } = parse(args);
  const values = { ...NUMBERS, ...given };
  const number = (name: keyof typeof NUMBERS): number => {
    const value = Number(values[name]);
    if (Number.isSafeInteger(value) && value >= 1) return value;
    throw new BadOption(`--${name} must be a whole number from 1, not '${values[name]}'`);
  };
  return {
    firstSeed: number('first-seed'),
    seeds: number('seeds'),
    operations: number('operations'),
    lines: number('lines'),
    logs,
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    const options = { 'first-seed': text, seeds: text, operations: text, lines: text, logs: text };
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new BadOption(error instanceof Error ? error.message : String(error));
  }
}
