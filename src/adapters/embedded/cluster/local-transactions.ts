import type { StorageServer, TransactionSpec } from '../engine/types.ts';
import type { FrontTransactions, RunningTransaction } from './front.ts';

/** Remembers who began what; the engine knows the rest. */
export class LocalTransactions implements FrontTransactions {
  readonly #storage: StorageServer;
  readonly #owners = new Map<string, { readonly database: string; readonly owner: string }>();

  constructor(storage: StorageServer) {
    this.#storage = storage;
  }

  async begin(spec: TransactionSpec, owner: string): Promise<RunningTransaction> {
    const { id, database, status } = this.#storage.transactions.begin(spec);
    this.#owners.set(id, { database, owner });
    return { id, database, status, owner };
  }

  find(id: string): RunningTransaction | undefined {
    const status = this.#storage.transactions.status(id);
    if (status === undefined) {
      this.#owners.delete(id);
      return undefined;
    }
    return { id, status, ...(this.#owners.get(id) ?? { database: '', owner: '' }) };
  }

  running(): readonly RunningTransaction[] {
    return this.#storage.transactions.running().map(({ id, database, status }) => {
      return { id, database, status, owner: this.#owners.get(id)?.owner ?? '' };
    });
  }

  async commit(id: string): Promise<void> {
    this.#storage.transactions.commit(id);
  }

  async abort(id: string): Promise<void> {
    this.#storage.transactions.abort(id);
  }
}
