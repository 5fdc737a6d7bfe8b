import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type FaultName, faultNames } from './faults.ts';

export interface SimulateOptions {
  readonly firstSeed: number;
  readonly seeds: number;
  /** How much of the end of a history is shown with a failure. */
  readonly lines: number;
  readonly planted: boolean;
  /** Processes that run at once. */
  readonly jobs: number;
  /** Only these go wrong, and each of them often. */
  readonly faults: readonly FaultName[] | undefined;
}

export const usage =
  'usage: simulate [--seeds=<n>] [--first-seed=<n>] | --seed=<n> [--lines=<n>], both also with ' +
  `[--faults=<${faultNames.join('|')}>,…] | --planted; [--jobs=<n>]`;

/** The command line is not understood; the message names the option. */
export class BadOption extends Error {
  override readonly name = 'BadOption';
}

const seedsDefault = 100;
const linesDefault = 40;

export function readOptions(args: readonly string[]): SimulateOptions {
  const values = parse(args);
  if (values.planted && values.faults !== undefined) throw new BadOption('each planted bug names its own --faults');
  const one = values.seed === undefined ? undefined : numberOf('seed', values.seed, 0);
  return {
    firstSeed: one ?? numberOf('first-seed', values['first-seed'] ?? '1', 0),
    seeds: one === undefined ? numberOf('seeds', values.seeds ?? String(seedsDefault), 1) : 1,
    lines: numberOf('lines', values.lines ?? String(linesDefault), 0),
    jobs: numberOf('jobs', values.jobs ?? String(availableParallelism()), 1),
    planted: values.planted ?? false,
    faults: values.faults?.split(',').map(faultOf),
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    const numbers = { seeds: text, 'first-seed': text, seed: text, lines: text, jobs: text, faults: text };
    const options = { ...numbers, planted: { type: 'boolean' } } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new BadOption(error instanceof Error ? error.message : String(error));
  }
}

function faultOf(text: string): FaultName {
  const found = faultNames.find((name) => name === text);
  if (found !== undefined) return found;
  throw new BadOption(`--faults must be some of ${faultNames.join(', ')}, not '${text}'`);
}

function numberOf(name: string, text: string, lowest: number): number {
  const number = Number(text);
  if (text !== '' && Number.isSafeInteger(number) && number >= lowest) return number;
  throw new BadOption(`--${name} must be a whole number from ${lowest}, not '${text}'`);
}
