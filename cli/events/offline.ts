import { accessSync, constants } from 'node:fs';
import { commitHasher } from '../../src/adapters/crypto/commit-hasher.ts';
import { readCommitTexts } from '../../src/adapters/event-files/read-commits.ts';
import { StreamLog } from '../../src/events/stream-log.ts';
import { UsageError } from '../errors.ts';
import { masterOptions } from '../master-options.ts';
import { endpoints, list, secrets } from '../options.ts';

/** The options of commands that ask a master, or read files that were exported or archived. */
export const offlineOptions = {
  ...masterOptions,
  endpoints: endpoints(
    'master.endpoint',
    { description: 'Masters to ask, unless --file is given; may be repeated' },
    false,
  ),
  files: list('file', {
    placeholder: 'file',
    description: 'Read this file of exported or archived events instead; several in the order of their events',
  }),
  masterSecrets: secrets('master.jwt-secret', {
    description: "The masters' JWT secret, with which files are verified; several when it was changed meanwhile",
  }),
};

/** A log over files, verified while it is read. Throws {@link UsageError} naming what is missing. */
export function openFiles(files: readonly string[], masterSecrets: readonly string[]): StreamLog<string> {
  if (masterSecrets.length === 0)
    throw new UsageError('--master.jwt-secret is required with --file: events are verified by it');
  for (const path of files) {
    try {
      accessSync(path, constants.R_OK);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
      throw new UsageError(`--file names '${path}', which cannot be read (${code})`);
    }
  }
  return StreamLog.ofTexts(readCommitTexts(files), commitHasher(masterSecrets));
}

/** Without a file there must be a master to ask. */
export function requireEndpoints(given: readonly string[]): void {
  if (given.length === 0)
    throw new UsageError('--master.endpoint is required, or --file for events that were exported');
}
