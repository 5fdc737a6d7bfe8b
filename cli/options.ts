import { readFileSync, statSync } from 'node:fs';
import type { RateLimit } from '../src/wire/throttle.ts';
import { parseDuration } from './duration.ts';
import { UsageError } from './errors.ts';
import { parseRate } from './rate.ts';

/**
 * One option, declared once: flag, environment variable, help and type derive from it. `read` turns the texts that were
 * given (flags in their order, or one environment variable) into the value, or throws what is wrong with them.
 */
export interface OptionSpec<T> {
  /** Dotted kebab-case name without dashes: `master.jwt-secret`. */
  readonly name: string;
  /** Shown behind the flag in the help; absent for switches. */
  readonly placeholder?: string;
  readonly description: string;
  /** One-letter form without the dash. */
  readonly short?: string;
  readonly required: boolean;
  readonly isSwitch: boolean;
  readonly read: (texts: readonly string[]) => T;
}

export type OptionValues<O extends Readonly<Record<string, OptionSpec<unknown>>>> = {
  readonly [K in keyof O]: O[K] extends OptionSpec<infer T> ? T : never;
};

interface Described {
  readonly description: string;
  readonly placeholder?: string;
  readonly short?: string;
}

function option<T>(name: string, described: Described, read: OptionSpec<T>['read'], required = false): OptionSpec<T> {
  return { name, required, isSwitch: false, placeholder: 'value', ...described, read };
}

/** The last text counts, as in unit files that override earlier ones; an empty one is as none. */
function last(texts: readonly string[]): string | undefined {
  const text = texts.at(-1)?.trim();
  return text === '' ? undefined : text;
}

export function text(name: string, described: Described): OptionSpec<string | undefined> {
  return option(name, described, last);
}

export function requiredText(name: string, described: Described): OptionSpec<string> {
  return option(name, described, (texts) => demand(last(texts)), true);
}

/** A required text without a default has no value to go on with. */
function demand(value: string | undefined): string {
  if (value === undefined) throw new UsageError('is required');
  return value;
}

export function textOr(name: string, fallback: string, described: Described): OptionSpec<string> {
  return option(name, withDefault(described, fallback), (texts) => last(texts) ?? fallback);
}

export function oneOf<const C extends readonly string[]>(
  name: string,
  choices: C,
  fallback: C[number],
  described: Described,
): OptionSpec<C[number]> {
  return option(name, withDefault({ placeholder: choices.join('|'), ...described }, fallback), (texts) => {
    const given = last(texts) ?? fallback;
    const choice = choices.find((candidate) => candidate === given);
    if (choice === undefined) throw new UsageError(`must be one of ${choices.join(', ')}, not '${given}'`);
    return choice;
  });
}

export function integer(name: string, fallback: number, described: Described): OptionSpec<number> {
  return option(name, withDefault(described, String(fallback)), (texts) => {
    const given = last(texts);
    if (given === undefined) return fallback;
    if (!/^\d{1,15}$/.test(given)) throw new UsageError(`must be a whole number, not '${given}'`);
    return Number(given);
  });
}

/** Milliseconds, written `15m`, `3h`, `500ms`. */
export function duration(name: string, fallback: string, described: Described): OptionSpec<number> {
  return option(name, withDefault({ placeholder: 'duration', ...described }, fallback), (texts) => {
    const given = last(texts) ?? fallback;
    const ms = parseDuration(given);
    if (ms === undefined) throw new UsageError(`must be a duration such as 15m or 3h, not '${given}'`);
    return ms;
  });
}

/** Limits, written `50MiB/s`, `20000ops/s`, both or `none`; undefined when it is not given. */
export function rate(name: string, described: Described): OptionSpec<Partial<RateLimit> | undefined> {
  return option(name, { placeholder: 'rate', ...described }, (texts) => {
    const given = last(texts);
    return given === undefined ? undefined : parseRate(given);
  });
}

export function flag(name: string, described: Described, fallback = false): OptionSpec<boolean> {
  return {
    name,
    required: false,
    isSwitch: true,
    ...described,
    read: (texts) => {
      const given = last(texts) ?? String(fallback);
      if (given !== 'true' && given !== 'false') throw new UsageError(`must be true or false, not '${given}'`);
      return given === 'true';
    },
  };
}

/** May be repeated, and each may hold several, separated by commas; empty ones are left out. */
export function list(name: string, described: Described): OptionSpec<readonly string[]> {
  return option(name, described, splitList);
}

function splitList(texts: readonly string[]): string[] {
  return texts.flatMap((given) => given.split(',')).flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
}

/** Like {@link list}, of http(s) URLs; at least one where `required`. */
export function endpoints(name: string, described: Described, required = true): OptionSpec<readonly string[]> {
  return option(
    name,
    { placeholder: 'url', ...described },
    (texts) => {
      const urls = splitList(texts);
      for (const url of urls) checkEndpoint(url);
      if (required && urls.length === 0) throw new UsageError('is required');
      return urls;
    },
    required,
  );
}

function checkEndpoint(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^(https?|tcp|ssl|tls|http\+tcp|http\+ssl):$/.test(parsed.protocol) || parsed.hostname === '') {
    throw new UsageError(`must be a URL such as https://host:8629, not '${url}'`);
  }
}

/** A secret as its value, or as the path of the file that holds it (content trimmed). */
export function secret(name: string, described: Described): OptionSpec<string | undefined> {
  return option(name, { placeholder: 'secret|file', ...described }, (texts) => {
    const given = last(texts);
    return given === undefined ? undefined : secretText(given);
  });
}

export function requiredSecret(name: string, described: Described): OptionSpec<string> {
  return option(name, { placeholder: 'secret|file', ...described }, (texts) => secretText(demand(last(texts))), true);
}

/** Like {@link secret}; may be repeated, where something was made under several secrets one after the other. */
export function secrets(name: string, described: Described): OptionSpec<readonly string[]> {
  return option(name, { placeholder: 'secret|file', ...described }, (texts) =>
    texts.flatMap((given) => (given.trim() === '' ? [] : [secretText(given.trim())])),
  );
}

/**
 * A text that looks like a path must be a readable file: taking the path itself for the secret would start a process
 * that nobody can talk to. The message never repeats the text, which may be a secret.
 */
function secretText(given: string): string {
  const isFile = statSync(given, { throwIfNoEntry: false })?.isFile() ?? false;
  if (isFile) return demandContent(readFileSync(given, 'utf8').trim());
  if (/^\.{0,2}\//.test(given)) throw new UsageError('looks like the path of a file, but there is no such file');
  return given;
}

function demandContent(content: string): string {
  if (content === '') throw new UsageError('names an empty file');
  return content;
}

/** The text of a file that must be there. */
export function file(name: string, described: Described): OptionSpec<string | undefined> {
  return option(name, { placeholder: 'file', ...described }, (texts) => {
    const given = last(texts);
    return given === undefined ? undefined : fileText(given);
  });
}

export function requiredFile(name: string, described: Described): OptionSpec<string> {
  return option(name, { placeholder: 'file', ...described }, (texts) => fileText(demand(last(texts))), true);
}

/** The text of a file that must be there, under this name when no other is given. */
export function fileOr(name: string, fallback: string, described: Described): OptionSpec<string> {
  const withPlaceholder = withDefault({ placeholder: 'file', ...described }, fallback);
  return option(name, withPlaceholder, (texts) => fileText(last(texts) ?? fallback));
}

function fileText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new UsageError(`names the file '${path}', which cannot be read (${code})`);
  }
}

function withDefault(described: Described, fallback: string): Described {
  return { ...described, description: `${described.description} (default: ${fallback})` };
}
