import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { UsageError } from './errors.ts';

/** What holds a private key or a secret is for its owner alone; a certificate may be read by anyone. */
const MODE = { secret: 0o600, public: 0o644 } as const;

/**
 * Writes a file so that a reader finds the old content or the new one, never a part, and nobody sees a secret between
 * its creation and a later chmod.
 */
export function writeAtomically(path: string, content: string, kind: keyof typeof MODE): void {
  const temporary = `${path}.${process.pid}.tmp`;
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(temporary, content, { mode: MODE[kind], flag: 'wx' });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Refuses to go on over what others were signed with or share: losing it cuts every process off. */
export function refuseToReplace(paths: readonly string[], force: boolean): void {
  const present = paths.find((path) => existsSync(path));
  if (present !== undefined && !force) {
    throw new UsageError(
      `'${present}' exists already; use --force to replace it, and everything made with it afterwards`,
    );
  }
}
