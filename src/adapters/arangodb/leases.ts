import { z } from 'zod';
import type { Lease, LeaseOutcome, LeaseStore, SeenLease } from '../../domain/leadership/lease.ts';
import type { ArangoServer } from '../../replication/arango.ts';
import { documentPath, isRefusedByCondition, readDocument, withSignal } from './documents.ts';
import { SYNC_COLLECTIONS } from './sync-collections.ts';

const PATH = `/_api/document/${SYNC_COLLECTIONS.leases}`;
/** A renewal that takes longer is worth nothing any more. */
const LEASE_TIMEOUT_MS = 5_000;

const StoredLease = z.looseObject({
  _key: z.string(),
  _rev: z.string(),
  holder: z.string(),
  term: z.int().nonnegative(),
  leaseMs: z.int().positive(),
});
const Written = z.looseObject({ _rev: z.string() });

/** Leases in `_sync_leases`, a document each; a condition on the revision makes sure that one of two takers wins. */
export class ArangoLeaseStore implements LeaseStore {
  readonly #server: ArangoServer;

  constructor(server: ArangoServer) {
    this.#server = server;
  }

  async read(name: string, signal?: AbortSignal): Promise<SeenLease | undefined> {
    const request = { path: documentPath(SYNC_COLLECTIONS.leases, name), timeoutMs: LEASE_TIMEOUT_MS };
    const stored = await readDocument(this.#server, StoredLease, { ...request, ...withSignal(signal) });
    if (stored === undefined) return undefined;
    const { _key, _rev, holder, term, leaseMs } = stored;
    return { name: _key, holder, term, leaseMs, revision: _rev };
  }

  /** A renewal of ours whose answer was lost is found again by holder and term, and renewed from there. */
  async write(lease: Lease, seen: SeenLease | undefined, signal?: AbortSignal): Promise<LeaseOutcome> {
    const held = await this.#writeOnce(lease, seen, signal);
    if (held !== undefined) return { kind: 'held', lease: held };
    const current = await this.read(lease.name, signal);
    if (current?.holder !== lease.holder || current.term !== lease.term) return { kind: 'lost', lease: current };
    const again = await this.#writeOnce(lease, current, signal);
    if (again !== undefined) return { kind: 'held', lease: again };
    return { kind: 'lost', lease: await this.read(lease.name, signal) };
  }

  async release(seen: SeenLease, signal?: AbortSignal): Promise<void> {
    try {
      await this.#server.json<unknown>({
        method: 'DELETE',
        path: documentPath(SYNC_COLLECTIONS.leases, seen.name),
        headers: { 'if-match': `"${seen.revision}"` },
        timeoutMs: LEASE_TIMEOUT_MS,
        ...withSignal(signal),
      });
    } catch (error) {
      if (!isRefusedByCondition(error)) throw error;
    }
  }

  async #writeOnce(lease: Lease, seen: SeenLease | undefined, signal?: AbortSignal): Promise<SeenLease | undefined> {
    const { name, holder, term, leaseMs } = lease;
    const content = { holder, term, leaseMs };
    const conditional =
      seen === undefined
        ? ({ method: 'POST', path: PATH, body: { _key: name, ...content } } as const)
        : ({
            method: 'PUT',
            path: documentPath(SYNC_COLLECTIONS.leases, name),
            headers: { 'if-match': `"${seen.revision}"` },
            body: content,
          } as const);
    try {
      const request = { ...conditional, timeoutMs: LEASE_TIMEOUT_MS, ...withSignal(signal) };
      const written = Written.parse(await this.#server.json<unknown>(request));
      return { name, holder, term, leaseMs, revision: written._rev };
    } catch (error) {
      if (isRefusedByCondition(error)) return undefined;
      throw error;
    }
  }
}
