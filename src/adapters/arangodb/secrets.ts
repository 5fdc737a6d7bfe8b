import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type SecretStore, SecretUnreadable } from '../../domain/synchronization/secret-store.ts';
import type { ArangoServer } from '../../replication/arango.ts';
import { derivedKey } from '../crypto/derived-key.ts';
import { documentPath, isRefusedByCondition, readDocument, withSignal } from './documents.ts';
import { SYNC_COLLECTIONS } from './sync-collections.ts';

const NONCE_BYTES = 12;

/** All but the id is base64. */
const StoredSecret = z.looseObject({ nonce: z.string(), ciphertext: z.string(), tag: z.string() });

/**
 * Secrets in `_sync_secrets`, AES-256-GCM under a key from `master.jwtSecret`. The id is authenticated too: a secret that
 * someone moves to another id cannot be read there.
 */
export class ArangoSecretStore implements SecretStore {
  readonly #server: ArangoServer;
  readonly #key: Buffer;
  readonly #fingerprintKey: Buffer;

  constructor(server: ArangoServer, masterSecret: string) {
    this.#server = server;
    this.#key = derivedKey(masterSecret, 'secrets');
    this.#fingerprintKey = derivedKey(masterSecret, 'fingerprints');
  }

  async put(id: string, secret: string, signal?: AbortSignal): Promise<void> {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(id));
    const ciphertext = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    await this.#server.json<unknown>({
      method: 'POST',
      path: `/_api/document/${SYNC_COLLECTIONS.secrets}`,
      query: { overwriteMode: 'replace', waitForSync: true },
      body: {
        _key: id,
        nonce: nonce.toString('base64'),
        ciphertext: ciphertext.toString('base64'),
        tag: cipher.getAuthTag().toString('base64'),
      },
      repeatable: true,
      ...withSignal(signal),
    });
  }

  async get(id: string, signal?: AbortSignal): Promise<string | undefined> {
    const path = documentPath(SYNC_COLLECTIONS.secrets, id);
    const stored = await readDocument(this.#server, StoredSecret, { path, ...withSignal(signal) });
    return stored === undefined ? undefined : this.#decrypt(id, stored);
  }

  async delete(id: string, signal?: AbortSignal): Promise<void> {
    const path = documentPath(SYNC_COLLECTIONS.secrets, id);
    try {
      const request = { method: 'DELETE', path, query: { waitForSync: true }, repeatable: true } as const;
      await this.#server.json<unknown>({ ...request, ...withSignal(signal) });
    } catch (error) {
      if (!isRefusedByCondition(error)) throw error;
    }
  }

  fingerprint(...parts: readonly string[]): string {
    return createHmac('sha256', this.#fingerprintKey).update(JSON.stringify(parts)).digest('base64url');
  }

  #decrypt(id: string, { nonce, ciphertext, tag }: z.infer<typeof StoredSecret>): string {
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, Buffer.from(nonce, 'base64'), { authTagLength: 16 });
      decipher.setAAD(Buffer.from(id)).setAuthTag(Buffer.from(tag, 'base64'));
      return Buffer.concat([decipher.update(Buffer.from(ciphertext, 'base64')), decipher.final()]).toString('utf8');
    } catch {
      throw new SecretUnreadable(id);
    }
  }
}
