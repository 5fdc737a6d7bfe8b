/** The master secrets of this process, and what a rotation needs of them. Adapter: `adapters/secret-rotation.ts`. */
export interface SecretRotation {
  /** Ids of the keys that this master accepts; the first is the one that shall be in use. */
  keyIds(): readonly string[];
  /** The id of the key that a hash was made under. */
  keyIdOf(hash: string): string | undefined;
  /** Under the key in use: that `keyId` follows behind the commit whose hash is `prev`. */
  vouch(prev: string, keyId: string): string;
  /** Adds the log's key of a secret that is given up to what is kept of them (`''`: nothing yet), to be read later. */
  withRetiredKey(kept: string, keyId: string): string;
  /** Tells a worker the secret of a key. Throws when it does not answer 200. */
  tellWorker(endpoint: string, trustedCa: string, keyId: string, signal: AbortSignal): Promise<void>;
}
