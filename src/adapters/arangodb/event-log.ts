import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { CommitHasher } from '../../events/chain.ts';
import { ChainedLog } from '../../events/chained-log.ts';
import type { CommitStore, LogStart, StoredCommits } from '../../events/commit-store.ts';
import { type Commit, LogUnavailable } from '../../events/log.ts';
import {
  type ArangoAnswer,
  type ArangoRequest,
  type ArangoServer,
  ArangoUnreachable,
} from '../../replication/arango.ts';
import { errorOf } from './client.ts';
import { isRefusedByCondition } from './documents.ts';
import { SYNC_COLLECTIONS } from './sync-collections.ts';

/** Keys are positions of one length, so that they sort as text; 16 digits hold every safe integer. */
const KEY_DIGITS = 16;
/** Key of the document that says where the log begins. No position reads so. */
const START_KEY = 'start';
const PATH = `/_api/document/${SYNC_COLLECTIONS.events}`;
/** Short beside the client's own: an append that hangs is settled by trying it again. */
const INSERT_TIMEOUT_MS = 10_000;

const ERROR_DOCUMENT_NOT_FOUND = 1202;
const ERROR_UNIQUE_CONSTRAINT_VIOLATED = 1210;
const ERROR_CONFLICT = 1200;

/** The event log in `_sync_events` of the deployment's own ArangoDB. Its collections must exist: {@link createSyncCollections}. */
export function openArangoLog(server: ArangoServer, hasher: CommitHasher): ChainedLog {
  return new ChainedLog({
    store: new ArangoCommitStore(server),
    hasher,
    sleep: async (ms, signal) => {
      await sleep(ms, undefined, signal === undefined ? {} : { signal });
    },
  });
}

const BulkItem = z.looseObject({
  _key: z.string().optional(),
  error: z.boolean().optional(),
  errorNum: z.number().optional(),
  _rev: z.string().optional(),
});
const Bulk = z.array(BulkItem);
const StoredStart = z.looseObject({ first: z.int().positive(), oldest: z.int().positive() });
const Count = z.looseObject({ count: z.int() });

/** {@link CommitStore} through the document API: no AQL, one shard, so that one call is one transaction (reference 4.5). */
export class ArangoCommitStore implements CommitStore {
  readonly #server: ArangoServer;

  constructor(server: ArangoServer) {
    this.#server = server;
  }

  /**
   * Inserting the next key is the lock: 1210 says that another was first. 1200 is a conflict with a write that has not
   * ended, and 5xx a server that could not: both leave open what became of it (S11).
   */
  async insert(commit: Commit, signal?: AbortSignal): Promise<'inserted' | 'taken' | 'unknown'> {
    const request = this.#request({
      method: 'POST',
      path: PATH,
      query: { waitForSync: true },
      body: { _key: keyOf(commit.position), ...commit },
      timeoutMs: INSERT_TIMEOUT_MS,
      signal,
    });
    const answer = await this.#try(request);
    if (answer === undefined) return 'unknown';
    if (answer.status === 201) return 'inserted';
    if (answer.status < 400) throw new LogUnavailable(`${this.#server.name} wrote an event without syncing it to disk`);
    const error = errorOf(request, answer, this.#server.name);
    if (error.errorNum === ERROR_UNIQUE_CONSTRAINT_VIOLATED) return 'taken';
    if (error.errorNum === ERROR_CONFLICT || answer.status >= 500 || answer.status === 408) return 'unknown';
    throw new LogUnavailable(error.message, { cause: error });
  }

  async get(positions: readonly number[], signal?: AbortSignal): Promise<StoredCommits> {
    const keys = [...positions.map(keyOf), START_KEY];
    const answer = await this.#ask({
      method: 'PUT',
      path: PATH,
      query: { onlyget: true },
      body: keys,
      repeatable: true,
      signal,
    });
    const items = parse(Bulk, answer);
    const documents = items.map(documentOf);
    if (documents.length !== keys.length)
      throw new LogUnavailable(`asked for ${keys.length} events, got ${documents.length}`);
    const stored = documents.pop();
    const { first, oldest } = stored === undefined ? { first: 1, oldest: 1 } : StoredStart.parse(stored);
    const startRevision = items.at(-1)?._rev;
    return { start: { first, oldest }, startRevision, commits: documents, bytes: answer.body.byteLength };
  }

  async revisionAt(position: number, signal?: AbortSignal): Promise<string | undefined> {
    const request = this.#request({ method: 'HEAD', path: `${PATH}/${keyOf(position)}`, signal });
    const answer = await this.#try(request);
    if (answer?.status === 200 && answer.headers.etag !== undefined) return answer.headers.etag;
    if (answer?.status === 404) return undefined;
    throw new LogUnavailable(`${this.#server.name} does not tell whether event ${position} is there`);
  }

  async count(signal?: AbortSignal): Promise<number> {
    const path = `/_api/collection/${SYNC_COLLECTIONS.events}/count`;
    const { count } = parse(Count, await this.#ask({ method: 'GET', path, signal }));
    const start = await this.#try(this.#request({ method: 'HEAD', path: `${PATH}/${START_KEY}`, signal }));
    return start?.status === 200 ? count - 1 : count;
  }

  async setStart({ first, oldest }: LogStart, revision: string | undefined, signal?: AbortSignal): Promise<boolean> {
    const body = { _key: START_KEY, first, oldest };
    const query = { waitForSync: true };
    const request = this.#request(
      revision === undefined
        ? { method: 'POST', path: PATH, query, body, signal }
        : {
            method: 'PUT',
            path: `${PATH}/${START_KEY}`,
            query,
            headers: { 'if-match': `"${revision}"` },
            body,
            signal,
          },
    );
    const answer = await this.#try(request);
    if (answer === undefined) return false;
    if (answer.status < 400) return true;
    const error = errorOf(request, answer, this.#server.name);
    if (isRefusedByCondition(error) || answer.status >= 500) return false;
    throw new LogUnavailable(error.message, { cause: error });
  }

  async remove(positions: readonly number[], signal?: AbortSignal): Promise<void> {
    const body = positions.map(keyOf);
    const answer = await this.#ask({
      method: 'DELETE',
      path: PATH,
      query: { waitForSync: true },
      body,
      repeatable: true,
      signal,
    });
    parse(Bulk, answer).forEach(documentOf);
  }

  #request({ signal, ...request }: RequestOf): ArangoRequest {
    return signal === undefined ? request : { ...request, signal };
  }

  /** Undefined when no server answered. */
  async #try(request: ArangoRequest): Promise<ArangoAnswer | undefined> {
    try {
      return await this.#server.request(request);
    } catch (error) {
      if (error instanceof ArangoUnreachable) return undefined;
      throw error;
    }
  }

  async #ask(request: RequestOf): Promise<ArangoAnswer> {
    const asked = this.#request(request);
    const answer = await this.#try(asked);
    if (answer === undefined)
      throw new LogUnavailable(`${asked.method} ${asked.path}: no answer from ${this.#server.name}`);
    if (answer.status < 400) return answer;
    const cause = errorOf(asked, answer, this.#server.name);
    throw new LogUnavailable(cause.message, { cause });
  }
}

type RequestOf = Omit<ArangoRequest, 'signal'> & { readonly signal: AbortSignal | undefined };

function keyOf(position: number): string {
  return String(position).padStart(KEY_DIGITS, '0');
}

/** What is no answer of ArangoDB's (a proxy's page, a cut body) tells nothing about the log. */
function parse<T>(schema: z.ZodType<T>, { body }: ArangoAnswer): T {
  try {
    return schema.parse(JSON.parse(body.toString('utf8')));
  } catch (cause) {
    throw new LogUnavailable('the answer of ArangoDB is not what the document API gives', { cause });
  }
}

/** A document without the database's own attributes; undefined when it is not there. */
function documentOf(item: z.infer<typeof BulkItem>): object | undefined {
  if (item.error !== true) {
    const { _key, _id, _rev, ...content } = item;
    return content;
  }
  if (item.errorNum === ERROR_DOCUMENT_NOT_FOUND) return undefined;
  throw new LogUnavailable(`reading events: error ${item.errorNum ?? 'without a number'}`);
}
