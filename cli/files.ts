import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CommandFailed, UsageError } from './errors.ts';

/** What holds a private key or a secret is for its owner alone; a certificate may be read by anyone. */
const MODE = { secret: 0o600, public: 0o644 } as const;

export interface FileToWrite {
  readonly path: string;
  readonly content: string | Uint8Array;
  readonly kind: keyof typeof MODE;
}

/**
 * Writes files so that a reader finds the old content or the new one, never a part, even after a crash, and nobody sees
 * a secret between its creation and a later chmod. All are complete on the disk before the first is put in its place:
 * what belongs together is replaced together, or not at all when one cannot be written. Throws {@link CommandFailed}.
 */
export function writeAtomically(...files: readonly FileToWrite[]): void {
  const twice = files.find(
    ({ path }, index) => files.findIndex((other) => resolve(other.path) === resolve(path)) < index,
  );
  if (twice !== undefined) throw new UsageError(`'${twice.path}' is named for two files, of which one would be lost`);
  const written: { temporary: string; path: string }[] = [];
  try {
    for (const file of files) {
      naming(file.path, () => {
        // A link stays a link: what it points to is replaced.
        const path = existsSync(file.path) ? realpathSync(file.path) : file.path;
        const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
        mkdirSync(dirname(path), { recursive: true });
        written.push({ temporary, path });
        writeDurably(temporary, file, path);
      });
    }
    for (const { temporary, path } of written) naming(path, () => renameSync(temporary, path));
  } finally {
    for (const { temporary } of written) rmSync(temporary, { force: true });
  }
}

function writeDurably(temporary: string, { content, kind }: FileToWrite, path: string): void {
  const descriptor = openSync(temporary, 'wx', MODE[kind]);
  try {
    writeFileSync(descriptor, content);
    keepOwner(descriptor, path);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  // The umask may have taken from the mode what readers of a certificate need.
  chmodSync(temporary, MODE[kind]);
}

/** A renewal by root must not take the file from the user whose service reads it. */
function keepOwner(descriptor: number, path: string): void {
  const before = statSync(path, { throwIfNoEntry: false });
  if (before !== undefined && process.getuid?.() === 0) fchownSync(descriptor, before.uid, before.gid);
}

function naming(path: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new CommandFailed(`cannot write '${path}' (${code})`, { cause: error });
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
