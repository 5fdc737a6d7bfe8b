#!/usr/bin/env node
import type { Terminal } from './command.ts';
import { commands } from './commands/index.ts';
import { countBuffersWithHeap } from './heap-limits.ts';
import { EXIT_FAILED, runProgram } from './program.ts';

countBuffersWithHeap();

// The arguments may hold secrets; the title replaces what `ps` shows of them.
process.title = `arangosync ${process.argv
  .slice(2)
  .filter((argument) => /^[a-z-]+$/.test(argument) && !argument.startsWith('-'))
  .join(' ')}`;

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interruption.signal.aborted) endByForce(`a second signal, ${signal}, came before it had ended`);
    interruption.abort();
  });
}

function endByForce(why: string): never {
  process.stderr.write(`arangosync: ended by force: ${why}\n`);
  process.exit(EXIT_FAILED);
}

const terminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  isInteractive: process.stdout.isTTY === true,
  interrupted: interruption.signal,
};

process.exitCode = await runProgram(process.argv.slice(2), commands, terminal, process.env);
