import type { Terminal } from './command.ts';
import { flag, oneOf } from './options.ts';

/** The options of commands that show something. */
export const outputOptions = {
  verbose: flag('verbose', { short: 'v', description: 'Show all there is to know' }),
  output: oneOf('output', ['table', 'json'], 'table', { description: 'Form of the output' }),
};

/** Prints an answer as it came, or as `lines` describe it. */
export function printAnswer(
  output: 'table' | 'json',
  answer: unknown,
  lines: () => readonly string[],
  terminal: Terminal,
): void {
  if (output === 'json') terminal.out(JSON.stringify(answer, null, 2));
  else for (const line of lines()) terminal.out(line);
}
