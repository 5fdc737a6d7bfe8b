import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type SecretStore, SecretUnreadable } from '../../domain/synchronization/secret-store.ts';
import type { ArangoServer } from '../../replication/arango.ts';
import { keyIdOfSecret } from '../crypto/commit-hasher.ts';
import { derivedKey } from '../crypto/derived-key.ts';
import { readerOf, type SecretList } from '../crypto/secret-list.ts';
import { documentPath, isRefusedByCondition, readDocument, withSignal } from './documents.ts';
import { SYNC_COLLECTIONS } from './sync-collections.ts';

const NONCE_BYTES = 12;

/** All but the id is base64. */
const StoredSecret = z.looseObject({
  _rev: z.string(),
  nonce: z.string(),
  ciphertext: z.string(),
  tag: z.string(),
  /** Which master secret it is encrypted under; absent in older ones. */
  keyId: z.string().optional(),
});

/**
 * Secrets in `_sync_secrets`, AES-256-GCM under a key from `master.jwtSecret`. The id is authenticated too: a secret that
 * someone moves to another id cannot be read there.
 */
export class ArangoSecretStore implements SecretStore {
  readonly #server: ArangoServer;
  readonly #secrets: () => readonly string[];

  /** The first secret encrypts, all decrypt. */
  constructor(server: ArangoServer, masterSecrets: SecretList) {
    this.#server = server;
    this.#secrets = readerOf(masterSecrets);
  }

  async put(id: string, secret: string, signal?: AbortSignal): Promise<void> {
    await this.#server.json<unknown>({
      method: 'POST',
      path: `/_api/document/${SYNC_COLLECTIONS.secrets}`,
      query: { overwriteMode: 'replace', waitForSync: true },
      body: { _key: id, ...this.#encrypt(id, secret) },
      repeatable: true,
      ...withSignal(signal),
    });
  }

  /** On the condition that it is still what was decrypted: one that was put meanwhile is not overwritten. */
  async reencrypt(id: string, signal?: AbortSignal): Promise<boolean> {
    const path = documentPath(SYNC_COLLECTIONS.secrets, id);
    const stored = await readDocument(this.#server, StoredSecret, { path, ...withSignal(signal) });
    if (stored === undefined || stored.keyId === keyIdOfSecret(this.#first())) return false;
    await this.#server.json<unknown>({
      method: 'PUT',
      path,
      query: { waitForSync: true },
      headers: { 'if-match': `"${stored._rev}"` },
      body: this.#encrypt(id, this.#decrypt(id, stored)),
      ...withSignal(signal),
    });
    return true;
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
    return createHmac('sha256', derivedKey(this.#first(), 'fingerprints'))
      .update(JSON.stringify(parts))
      .digest('base64url');
  }

  #first(): string {
    const [secret] = this.#secrets();
    if (secret === undefined) throw new Error('there is no master secret to encrypt under');
    return secret;
  }

  #encrypt(id: string, secret: string) {
    const master = this.#first();
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', derivedKey(master, 'secrets'), nonce).setAAD(Buffer.from(id));
    const ciphertext = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return {
      nonce: nonce.toString('base64'),
      ciphertext: ciphertext.toString('base64'),
      tag: cipher.getAuthTag().toString('base64'),
      keyId: keyIdOfSecret(master),
    };
  }

  #decrypt(id: string, stored: z.infer<typeof StoredSecret>): string {
    for (const master of this.#secrets()) {
      const secret = decryptUnder(derivedKey(master, 'secrets'), id, stored);
      if (secret !== undefined) return secret;
    }
    throw new SecretUnreadable(id);
  }
}

/** Undefined when it was encrypted under another key, or changed. */
function decryptUnder(
  key: Buffer,
  id: string,
  { nonce, ciphertext, tag }: z.infer<typeof StoredSecret>,
): string | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64'), { authTagLength: 16 });
    decipher.setAAD(Buffer.from(id)).setAuthTag(Buffer.from(tag, 'base64'));
    return Buffer.concat([decipher.update(Buffer.from(ciphertext, 'base64')), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}
