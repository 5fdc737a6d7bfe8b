import { type DestinationStream, type Logger as Pino, pino, stdTimeFunctions } from 'pino';
import { scrub } from './scrub.ts';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Fields that go into a log line beside its message. `error` is printed with its stack and causes. */
export type LogFields = Readonly<Record<string, unknown>> & { readonly error?: unknown };

/** What parts write their log to: they take one as an argument, none is ambient. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with fields in every line. */
  with(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `master`, `worker`: stands in every line. */
  readonly role: string;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
}

/** Names of fields whose values never reach a log, at the top and one level down. */
const secretFields = [
  'authorization',
  'clientKey',
  'clientToken',
  'jwtSecret',
  'key',
  'keyfile',
  'masterSecret',
  'monitoringToken',
  'password',
  'secret',
  'token',
];

/** Lines of JSON, one per message, with secrets replaced in known fields and wherever a text looks like one. */
export function createLogger(options: LoggerOptions): Logger {
  const base = pino(
    {
      level: options.level,
      base: { role: options.role },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretFields.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
    },
    options.destination ?? pino.destination({ dest: 1, sync: true }),
  );
  return wrap(base);
}

function wrap(log: Pino): Logger {
  return {
    debug: (message, fields) => log.debug(plain(fields), scrub(message)),
    info: (message, fields) => log.info(plain(fields), scrub(message)),
    warn: (message, fields) => log.warn(plain(fields), scrub(message)),
    error: (message, fields) => log.error(plain(fields), scrub(message)),
    with: (fields) => wrap(log.child(plain(fields))),
  };
}

function plain(fields: LogFields = {}): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, printable(value)]));
}

function printable(value: unknown): unknown {
  if (typeof value === 'string') return scrub(value);
  return value instanceof Error ? describeError(value) : value;
}

/** An error as fields: name, message, stack, and its chain of causes. */
function describeError(error: Error): Record<string, unknown> {
  return {
    name: error.name,
    message: scrub(error.message),
    ...(error.stack === undefined ? {} : { stack: scrub(error.stack) }),
    ...(error.cause instanceof Error ? { cause: describeError(error.cause) } : {}),
  };
}
