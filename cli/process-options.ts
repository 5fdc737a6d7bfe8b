import { rmSync, writeFileSync } from 'node:fs';
import { pino } from 'pino';
import { createLogger, type Logger, logLevels } from '../src/adapters/logging/logger.ts';
import type { VersionInfo } from '../src/wire/cluster-members.ts';
import type { Terminal } from './command.ts';
import { type OptionValues, oneOf, secret, text } from './options.ts';
import { programVersion } from './program.ts';

/** The options that masters and workers share. */
export const processOptions = {
  logLevel: oneOf('log.level', logLevels, 'info', { description: 'Least important messages that are logged' }),
  logFile: text('log.file', { placeholder: 'file', description: 'Write the log to a file instead of standard output' }),
  pidFile: text('pid-file', { placeholder: 'file', description: 'Write the process id to a file while running' }),
  monitoringToken: secret('monitoring.token', { description: 'Bearer token with which metrics may be read' }),
};

interface RunningProcess {
  /** Resolves when everything has ended; rejects with what made it end by itself. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Runs a master or worker until it ends or a signal stops it; resolves with the exit code. */
export async function runProcess(
  role: string,
  options: OptionValues<typeof processOptions>,
  terminal: Terminal,
  start: (log: Logger) => Promise<RunningProcess>,
): Promise<number> {
  const destination =
    options.logFile === undefined
      ? {}
      : { destination: pino.destination({ dest: options.logFile, sync: true, mkdir: true }) };
  const log = createLogger({ level: options.logLevel, role, ...destination });
  if (options.pidFile !== undefined) writeFileSync(options.pidFile, `${process.pid}\n`);
  try {
    const running = await start(log);
    const stop = () => void running.stop().catch(() => {});
    if (terminal.interrupted.aborted) stop();
    else terminal.interrupted.addEventListener('abort', stop, { once: true });
    await running.ended;
    return 0;
  } finally {
    if (options.pidFile !== undefined) rmSync(options.pidFile, { force: true });
  }
}

/** What processes tell of themselves; `build` is `source` when run from a checkout. */
export function versionInfo(): VersionInfo {
  return { version: programVersion(), build: process.env.ARANGOSYNC_BUILD ?? 'source' };
}
