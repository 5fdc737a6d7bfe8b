/**
 * Small secrets, kept encrypted in `_sync_secrets` under a key derived from `master.jwtSecret`. Throws when the database
 * does not answer, and when a secret cannot be decrypted (another `master.jwtSecret`).
 */
export interface SecretStore {
  get(id: string, signal?: AbortSignal): Promise<string | undefined>;
  /** Writes or replaces. */
  put(id: string, value: string, signal?: AbortSignal): Promise<void>;
  /** Writes only when there is none; false when there is one already. */
  create(id: string, value: string, signal?: AbortSignal): Promise<boolean>;
  /** Deleting what is not there succeeds. */
  delete(id: string, signal?: AbortSignal): Promise<void>;
}
