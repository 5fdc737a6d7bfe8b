import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type GivenSecrets, OLD_SECRET_MS } from '../src/adapters/crypto/master-secrets.ts';
import { UsageError } from './errors.ts';
import { file, type OptionSpec, requiredFile, requiredSecret } from './options.ts';

/** An option's value, and the way to read it again where it is read from a file. */
export interface Reloadable<T> {
  /** With its dashes, for messages. */
  readonly flag: string;
  readonly value: T;
  /** Throws what is wrong with it by now. */
  readonly again: () => T;
}

type Described = Parameters<typeof file>[1];

function reloadable<T>(spec: OptionSpec<T>): OptionSpec<Reloadable<T>> {
  const flag = `--${spec.name}`;
  return { ...spec, read: (texts) => ({ flag, value: spec.read(texts), again: () => spec.read(texts) }) };
}

export function reloadableFile(name: string, described: Described): OptionSpec<Reloadable<string | undefined>> {
  return reloadable(file(name, described));
}

export function requiredReloadableFile(name: string, described: Described): OptionSpec<Reloadable<string>> {
  return reloadable(requiredFile(name, described));
}

/**
 * The master secret: a value, a file that holds one, or a folder of files with one each, of which the first by name
 * signs and all are accepted (as ArangoDB takes `--server.jwt-secret-folder`).
 */
export function masterSecret(name: string, described: Described): OptionSpec<Reloadable<GivenSecrets>> {
  const spec = requiredSecret(name, { placeholder: 'secret|file|folder', ...described });
  const flag = `--${spec.name}`;
  return {
    ...spec,
    read: (texts) => {
      const path = texts.at(-1)?.trim() ?? '';
      const kind = kindOf(path);
      const again = () => {
        // The path must not become the secret when the file is gone for a moment.
        if (kindOf(path) !== kind) throw new UsageError(`is no ${kind} any more`);
        return kind === 'folder' ? secretsIn(path) : { secrets: [spec.read(texts)], oldForMs: OLD_SECRET_MS };
      };
      return { flag, value: again(), again };
    },
  };
}

function kindOf(path: string): 'folder' | 'file' | 'value' {
  const found = path === '' ? undefined : statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return 'folder';
  return found?.isFile() === true ? 'file' : 'value';
}

function secretsIn(folder: string): GivenSecrets {
  const names = readdirSync(folder).filter((name) => !name.startsWith('.'));
  const paths = names.sort().map((name) => join(folder, name));
  const files = paths.filter((path) => kindOf(path) === 'file');
  const secrets = files.map((path) => readFileSync(path, 'utf8').trim());
  if (secrets.length === 0) throw new UsageError('names a folder without a file');
  if (secrets.includes('')) throw new UsageError('names a folder with an empty file');
  return { secrets, oldForMs: 0 };
}
