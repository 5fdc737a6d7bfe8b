import { parseArgs } from 'node:util';
import { UsageError } from './errors.ts';
import type { OptionSpec } from './options.ts';

type Specs = Readonly<Record<string, OptionSpec<unknown>>>;

/** A command line in parts; the options are not looked at yet. */
export interface SplitArguments {
  readonly given: ReadonlyMap<string, unknown>;
  readonly positionals: readonly string[];
}

/** `jwtSecret` → `jwt-secret`: dotted names are taken in camel and in kebab case. */
export function canonicalName(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
}

/** `master.jwt-secret` → `ARANGOSYNC_MASTER_JWT_SECRET`. */
export function environmentName(name: string): string {
  return `ARANGOSYNC_${name.replaceAll(/[.-]/g, '_').toUpperCase()}`;
}

/** Splits the arguments behind a command's words. Throws {@link UsageError} naming an option that is none of `specs`. */
export function splitArguments(argv: readonly string[], specs: Specs): SplitArguments {
  const byName = new Map(Object.values(specs).map((spec) => [spec.name, spec]));
  return parse(
    argv.flatMap((argument) => normalise(argument, byName)),
    byName,
  );
}

/**
 * Reads the options by their specs; flags win over environment variables. Throws {@link UsageError} naming the flag for
 * anything missing or malformed.
 */
export function readOptions(
  given: ReadonlyMap<string, unknown>,
  specs: Specs,
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(specs).map(([key, spec]) => [key, readOption(spec, given, environment)]));
}

/** Brings one argument to the form `--canonical-name[=value]`; a switch without value means true. */
function normalise(argument: string, byName: ReadonlyMap<string, OptionSpec<unknown>>): string {
  const [, dashes, given, value] = /^(--?)([^=\s]+)(=[\s\S]*)?$/.exec(argument) ?? [];
  if (dashes === undefined || given === undefined || argument === '--') return argument;
  const spec = dashes === '--' ? byName.get(canonicalName(given)) : shortOption(given, byName);
  if (spec === undefined) throw new UsageError(`unknown option ${dashes}${given}`);
  return `--${spec.name}${value ?? (spec.isSwitch ? '=true' : '')}`;
}

function shortOption(
  letter: string,
  byName: ReadonlyMap<string, OptionSpec<unknown>>,
): OptionSpec<unknown> | undefined {
  return [...byName.values()].find((spec) => spec.short === letter);
}

function parse(argv: readonly string[], byName: ReadonlyMap<string, OptionSpec<unknown>>): SplitArguments {
  const options = Object.fromEntries(
    [...byName.keys()].map((name) => [name, { type: 'string', multiple: true } as const]),
  );
  try {
    const parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
    return { given: new Map(Object.entries(parsed.values)), positionals: parsed.positionals };
  } catch (error) {
    // parseArgs explains itself over several lines; the first names the option.
    throw new UsageError(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
}

function readOption(
  spec: OptionSpec<unknown>,
  given: ReadonlyMap<string, unknown>,
  environment: Readonly<Record<string, string | undefined>>,
): unknown {
  const fromFlags = given.get(spec.name);
  const variable = environmentName(spec.name);
  const fromEnvironment = environment[variable];
  const texts = Array.isArray(fromFlags)
    ? fromFlags.map(String)
    : fromEnvironment === undefined
      ? []
      : [fromEnvironment];
  try {
    return spec.read(texts);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const source = fromFlags === undefined && fromEnvironment !== undefined ? variable : `--${spec.name}`;
    throw new UsageError(`${source} ${error.message}`);
  }
}
