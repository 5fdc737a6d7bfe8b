/**
 * Where client keys and tokens lie, encrypted; events carry only their id and fingerprint. Adapter:
 * `adapters/arangodb/secrets.ts`.
 */
export interface SecretStore {
  /** Keeps a secret under an id; a secret of that id is replaced. Durable when it returns. */
  put(id: string, secret: string, signal?: AbortSignal): Promise<void>;
  /** Undefined when there is none. Throws {@link SecretUnreadable} when it cannot be decrypted. */
  get(id: string, signal?: AbortSignal): Promise<string | undefined>;
  /** Encrypts it under the master secret in use, if it is not yet. True when it was done; throws when it changed meanwhile. */
  reencrypt(id: string, signal?: AbortSignal): Promise<boolean>;
  /** What is absent already is no error. */
  delete(id: string, signal?: AbortSignal): Promise<void>;
  /**
   * Tells equal secrets from others without telling anything about them: keyed, so that nobody who reads events can try
   * guesses. The parts are kept apart: `['ab', 'c']` differs from `['a', 'bc']`.
   */
  fingerprint(...parts: readonly string[]): string;
}

/** A secret that was changed, moved to another id, or encrypted under another master secret. */
export class SecretUnreadable extends Error {
  override readonly name = 'SecretUnreadable';
  constructor(id: string) {
    super(
      `secret ${id} cannot be decrypted: it was changed, or master.jwtSecret is another one; configure the synchronization again`,
    );
  }
}
