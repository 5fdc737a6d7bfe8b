import { readFileSync } from 'node:fs';
import { cac } from 'cac';
import { readOptions, splitArguments } from './arguments.ts';
import type { Command, Terminal } from './command.ts';
import { CommandFailed, UsageError } from './errors.ts';
import type { OptionSpec } from './options.ts';

export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** The version of this build, as `package.json` has it (from the sources, or from `dist/` in the package). */
export function programVersion(): string {
  for (const candidate of ['../package.json', '../../package.json']) {
    try {
      return String(JSON.parse(readFileSync(new URL(candidate, import.meta.url), 'utf8')).version);
    } catch {
      // Not there: the other place has it.
    }
  }
  return '0.0.0';
}

/**
 * Runs one command line and resolves with the exit code. cac knows the commands and prints the help; values are read by
 * arguments.ts, because cac turns texts such as `007` into numbers and cannot tell unknown dotted options.
 */
export async function runProgram(
  argv: readonly string[],
  commands: readonly Command[],
  terminal: Terminal,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const trace = argv.includes('--trace');
  const args = argv.filter((argument) => argument !== '--trace');
  try {
    const command = findCommand(args, commands);
    if (command === undefined || asksForHelp(args)) return printHelp(args, commands, command, terminal);
    const behind = args.slice(command.words.split(' ').length);
    const { given, positionals } = splitArguments(behind, command.options);
    const argument = oneArgument(command, positionals);
    return await command.run(readOptions(given, command.options, environment), terminal, argument);
  } catch (error) {
    return report(error, trace, terminal);
  }
}

function asksForHelp(args: readonly string[]): boolean {
  return args.includes('--help') || args.includes('-h');
}

/** The command with the most words that the line starts with. */
function findCommand(args: readonly string[], commands: readonly Command[]): Command | undefined {
  const line = `${args.join(' ')} `;
  const matching = commands.filter((command) => line.startsWith(`${command.words} `));
  return matching.sort((a, b) => b.words.length - a.words.length)[0];
}

function oneArgument(command: Command, positionals: readonly string[]): string {
  const [first, ...rest] = positionals;
  const unexpected = command.argument === undefined ? first : rest[0];
  if (unexpected !== undefined) throw new UsageError(`unexpected argument '${unexpected}'`);
  if (command.argument !== undefined && first === undefined)
    throw new UsageError(`missing argument <${command.argument}>`);
  return first ?? '';
}

function printHelp(
  args: readonly string[],
  commands: readonly Command[],
  command: Command | undefined,
  terminal: Terminal,
): number {
  const words = args.filter((argument) => !argument.startsWith('-'));
  if (args.includes('--version')) {
    terminal.out(programVersion());
    return 0;
  }
  const group = commands.filter(({ words: name }) => words.length > 0 && `${name} `.startsWith(`${words.join(' ')} `));
  if (command === undefined && words.length > 0 && group.length === 0) {
    throw new UsageError(`unknown command '${words.join(' ')}': run 'arangosync --help' for all of them`);
  }
  const unknown = args.find((argument) => argument.startsWith('-') && !['--help', '-h'].includes(argument));
  if (command === undefined && unknown !== undefined) {
    throw new UsageError(`unknown option ${unknown.replace(/=.*/s, '')}: options stand behind a command`);
  }
  outputHelp(command, group.length > 0 ? group : commands);
  return asksForHelp(args) || args.length === 0 ? 0 : EXIT_USAGE;
}

/** cac lays the help out and writes it to standard output. */
function outputHelp(command: Command | undefined, commands: readonly Command[]): void {
  const program = cac('arangosync');
  program.help((sections) =>
    sections
      .filter(({ title }) => !title?.startsWith('For more info'))
      .map((section) => ({ ...section, body: section.body.replaceAll(/ +$/gm, '') })),
  );
  program.version(programVersion(), '--version');
  program.option('--trace', 'Print stack traces of errors');
  for (const { words, summary, argument, options } of command === undefined ? commands : [command]) {
    const registered = program
      .command(words, summary)
      .usage(`${words} [options]${argument === undefined ? '' : ` <${argument}>`}`);
    for (const spec of Object.values(options)) registered.option(flagText(spec), spec.description);
  }
  program.parse(['node', 'arangosync', ...(command === undefined ? [] : [command.words]), '--help'], { run: false });
}

function flagText(spec: OptionSpec<unknown>): string {
  const short = spec.short === undefined ? '' : `-${spec.short}, `;
  return `${short}--${spec.name}${spec.isSwitch ? '' : ` <${spec.placeholder ?? 'value'}>`}`;
}

function report(error: unknown, trace: boolean, terminal: Terminal): number {
  const text = error instanceof Error ? error.message : String(error);
  terminal.err(`arangosync: ${text}`);
  if (trace && error instanceof Error && error.stack !== undefined) terminal.err(error.stack);
  if (error instanceof UsageError) return EXIT_USAGE;
  if (!(error instanceof CommandFailed) && !trace) terminal.err('Run again with --trace to see where it happened.');
  return EXIT_FAILED;
}
