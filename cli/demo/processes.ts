import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandFailed } from '../errors.ts';

const PROGRAM = fileURLToPath(new URL('../main.ts', import.meta.url));
/** What a process may take to end by itself before it is killed. */
const STOP_TIMEOUT_MS = 10_000;
const LOG_TAIL_LINES = 15;

/** One `arangosync` process of the demo: its own pid, its log in a file. */
export interface DemoProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves with the first line of standard output that `matches`; rejects when the process ends before. */
  line(matches: (line: string) => boolean, timeoutMs: number): Promise<string>;
  /** SIGHUP: read certificates and secrets again. */
  hangUp(): void;
  /** SIGKILL: no warning, no clean-up. */
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL if that is not enough; resolves with the exit code, which a killed process has none of. */
  stop(timeoutMs?: number): Promise<number | undefined>;
}

/** Starts `arangosync <argv>` as a process of its own, logging to `<folder>/<name>.log`. Secrets go through the environment. */
export function startProcess(
  name: string,
  argv: readonly string[],
  folder: string,
  environment: Readonly<Record<string, string>> = {},
): DemoProcess {
  const logFile = join(folder, `${name}.log`);
  const log = createWriteStream(logFile);
  const child = spawn(process.execPath, [PROGRAM, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const { stdout, stderr } = child;
  if (child.pid === undefined || stdout === null || stderr === null) throw new CommandFailed(`could not start ${name}`);
  stdout.pipe(log, { end: false });
  stderr.pipe(log, { end: false });
  const exited = once(child, 'exit').then(() => void log.end());
  return {
    name,
    pid: child.pid,
    logFile,
    line: (matches, timeoutMs) => firstLine(child, name, logFile, matches, timeoutMs),
    hangUp: () => void child.kill('SIGHUP'),
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    stop: (timeoutMs = STOP_TIMEOUT_MS) => stop(child, exited, timeoutMs),
  };
}

async function stop(child: ChildProcess, exited: Promise<void>, timeoutMs: number): Promise<number | undefined> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    await exited;
    clearTimeout(timer);
  }
  return child.exitCode ?? undefined;
}

function firstLine(
  child: ChildProcess,
  name: string,
  logFile: string,
  matches: (line: string) => boolean,
  timeoutMs: number,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let rest = '';
    const timer = setTimeout(() => end(`said nothing for ${timeoutMs / 1_000} s`), timeoutMs);
    const onData = (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      const found = lines.find(matches);
      if (found === undefined) return;
      detach();
      resolve(found);
    };
    const onExit = (code: number | null) => end(`ended with exit code ${code}`);
    const detach = () => {
      clearTimeout(timer);
      child.stdout?.off('data', onData);
      child.off('exit', onExit);
    };
    const end = (what: string) => {
      detach();
      reject(new CommandFailed(`${name} ${what}; the end of ${logFile}:\n${logTail(logFile)}`));
    };
    child.stdout?.on('data', onData);
    child.once('exit', onExit);
  });
}

/** Stops processes in the reverse order of their start: workers and masters say good-bye to a database that still answers. */
export async function stopAll(processes: readonly DemoProcess[]): Promise<void> {
  const isDatabase = ({ name }: DemoProcess) => name.endsWith('-cluster');
  const isMaster = ({ name }: DemoProcess) => name.includes('-master-');
  const workers = processes.filter((process) => !isDatabase(process) && !isMaster(process));
  for (const part of [workers, processes.filter(isMaster), processes.filter(isDatabase)]) {
    await Promise.all(part.map((process) => process.stop()));
  }
}

/** The last lines of a log, for an error that a person must act on. */
export function logTail(logFile: string): string {
  return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
}

/** Runs a command of our own to its end and resolves with its exit code and output. */
export async function runCommand(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<{ exit: number; output: string }> {
  const child = spawn(process.execPath, [PROGRAM, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = await once(child, 'close');
  return { exit: typeof code === 'number' ? code : 1, output };
}
