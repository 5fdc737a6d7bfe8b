/** A lease document: who holds it, under which term, renewed how often. */
export interface Lease {
  readonly holder: string;
  readonly term: number;
}

export interface StoredLease extends Lease {
  /** Changes with every write, by whomever. */
  readonly revision: string;
}

/**
 * Lease documents in `_sync_leases`. They only say when to try: what makes leadership safe is the log. Throws when the
 * database does not answer.
 */
export interface LeaseStore {
  read(name: string, signal?: AbortSignal): Promise<StoredLease | undefined>;
  /**
   * Writes when the document still has the revision `expected` (undefined: when there is none). The new revision, or
   * undefined when somebody else wrote meanwhile.
   */
  write(name: string, lease: Lease, expected: string | undefined, signal?: AbortSignal): Promise<string | undefined>;
  /** Removes the document, whatever it holds; removing what is not there succeeds. */
  remove(name: string, signal?: AbortSignal): Promise<void>;
}
