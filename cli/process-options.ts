import { rmSync, writeFileSync } from 'node:fs';
import { pino } from 'pino';
import { createLogger, type Logger, logLevels } from '../src/adapters/logging/logger.ts';
import type { VersionInfo } from '../src/wire/cluster-members.ts';
import type { Terminal } from './command.ts';
import { type OptionValues, oneOf, secret, text } from './options.ts';
import { EXIT_FAILED, programVersion } from './program.ts';
import { type Reload, reloadOnHangUp } from './reload.ts';

/** Below `TimeoutStopSec=60` of the units, with time for a service manager to see the exit. */
const STOP_MS_MAX = 45_000;

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
export async function runProcess<P extends RunningProcess>(
  role: string,
  options: OptionValues<typeof processOptions>,
  terminal: Terminal,
  start: (log: Logger) => Promise<P>,
  reloads: (running: P) => readonly Reload[],
): Promise<number> {
  const destination =
    options.logFile === undefined
      ? {}
      : { destination: pino.destination({ dest: options.logFile, sync: true, mkdir: true }) };
  const log = createLogger({ level: options.logLevel, role, ...destination });
  const { pidFile } = options;
  if (pidFile !== undefined) {
    writeFileSync(pidFile, `${process.pid}\n`);
    // Also when it is ended by force.
    process.once('exit', () => rmSync(pidFile, { force: true }));
  }
  const known = Promise.withResolvers<readonly Reload[]>();
  const endReloading = reloadOnHangUp(known.promise, log);
  try {
    const running = await start(log);
    known.resolve(reloads(running));
    const stop = () => {
      log.info(`the ${role} is told to stop`);
      endByForceAfter(STOP_MS_MAX, role, log);
      running.stop().catch(() => {});
    };
    if (terminal.interrupted.aborted) stop();
    else terminal.interrupted.addEventListener('abort', stop, { once: true });
    await running.ended;
    return 0;
  } finally {
    endReloading();
    if (pidFile !== undefined) rmSync(pidFile, { force: true });
  }
}

/** A process that cannot end in order must not keep its service manager waiting. */
function endByForceAfter(ms: number, role: string, log: Logger): void {
  const timer = setTimeout(() => {
    log.error(`the ${role} is ended by force: it had not stopped in order ${ms / 1000} s after it was told to`);
    process.exit(EXIT_FAILED);
  }, ms);
  timer.unref();
}

/** What processes tell of themselves; `build` is `source` when run from a checkout. */
export function versionInfo(): VersionInfo {
  return { version: programVersion(), build: process.env.ARANGOSYNC_BUILD ?? 'source' };
}
