import { z } from 'zod';
import { documentPath, readDocument } from '../../src/adapters/arangodb/documents.ts';
import type { SecretStore } from '../../src/domain/synchronization/secret-store.ts';
import type { ArangoServer } from '../../src/replication/arango.ts';

const Stored = z.looseObject({ secret: z.string() });

/** Secrets in the simulated database, in clear: encryption needs chance, and nothing here depends on it. */
export class SimSecrets implements SecretStore {
  readonly #server: ArangoServer;

  constructor(server: ArangoServer) {
    this.#server = server;
  }

  async put(id: string, secret: string, signal?: AbortSignal): Promise<void> {
    await this.#server.json<unknown>({
      method: 'POST',
      path: '/_api/document/_sync_secrets',
      query: { overwriteMode: 'replace', waitForSync: true },
      body: { _key: id, secret },
      repeatable: true,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async get(id: string, signal?: AbortSignal): Promise<string | undefined> {
    const path = documentPath('_sync_secrets', id);
    const stored = await readDocument(this.#server, Stored, { path, ...(signal === undefined ? {} : { signal }) });
    return stored?.secret;
  }

  /** There is one secret only. */
  async reencrypt(): Promise<boolean> {
    return false;
  }

  async delete(id: string, signal?: AbortSignal): Promise<void> {
    const path = documentPath('_sync_secrets', id);
    await this.#server.request({
      method: 'DELETE',
      path,
      repeatable: true,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  fingerprint(...parts: readonly string[]): string {
    return JSON.stringify(parts.map((part) => part.length));
  }
}
