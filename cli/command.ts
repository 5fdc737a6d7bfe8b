import type { OptionSpec, OptionValues } from './options.ts';

/** Where a command writes, and what it reads besides its options: injected, so that tests need no process. */
export interface Terminal {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly isInteractive: boolean;
  /** Aborted on SIGINT and SIGTERM. */
  readonly interrupted: AbortSignal;
}

export interface Command {
  /** The words that call it: `get status`. */
  readonly words: string;
  readonly summary: string;
  /** Name of the argument behind the options, shown in the help; without it any argument is an error. */
  readonly argument?: string;
  readonly options: Readonly<Record<string, OptionSpec<unknown>>>;
  readonly run: (values: Readonly<Record<string, unknown>>, terminal: Terminal, argument: string) => Promise<number>;
}

interface CommandDefinition<O extends Readonly<Record<string, OptionSpec<unknown>>>> {
  readonly words: string;
  readonly summary: string;
  readonly argument?: string;
  readonly options: O;
  /** Resolves with the exit code. */
  readonly run: (values: OptionValues<O>, terminal: Terminal, argument: string) => Promise<number>;
}

/** Declares a command whose `run` gets its options by their types. */
export function defineCommand<const O extends Readonly<Record<string, OptionSpec<unknown>>>>(
  definition: CommandDefinition<O>,
): Command {
  const { run, ...rest } = definition;
  // The values were read by these very specs, key by key (arguments.ts).
  return { ...rest, run: (values, terminal, argument) => run(values as OptionValues<O>, terminal, argument) };
}
