import type { ArangoDeployment } from '../arango.ts';
import { readUsers, type StoredUsers, usersChecksum } from './user-documents.ts';

/** Knows the users of one deployment, and reads them only when they changed: it may be asked every second. */
export class KnownUsers {
  readonly #deployment: ArangoDeployment;
  #known: { readonly checksum: string; readonly stored: StoredUsers } | undefined;

  constructor(deployment: ArangoDeployment) {
    this.#deployment = deployment;
  }

  /** The users of now; the same object as long as none changed. */
  async read(signal: AbortSignal): Promise<StoredUsers> {
    // Before they are read: what changes in between is seen the next time.
    const checksum = await usersChecksum(this.#deployment, signal);
    if (checksum !== undefined && checksum === this.#known?.checksum) return this.#known.stored;
    const stored = await readUsers(this.#deployment, signal);
    this.#known = checksum === undefined ? undefined : { checksum, stored };
    return stored;
  }

  /** Nothing of them is kept in memory. */
  forget(): void {
    this.#known = undefined;
  }
}
