import { throwIfError } from './answers.ts';
import { ArangoError, type ArangoRequest, type ArangoServer } from './arango.ts';
import { itemsOf } from './json-items.ts';
import { hasMember } from './json-members.ts';

/** Keys of one question: documents can be large, and the answer is held in memory. */
export const KEYS_AT_ONCE = 500;
const TIMEOUT_MS = 120_000;
const NOT_FOUND = 1202;
/** Only where something failed (reference 4.3). */
const ERROR_CODES = 'x-arango-error-codes';

/** A collection on the server that is asked; on a DB-Server a shard. */
export interface CollectionPlace {
  readonly server: ArangoServer;
  readonly database: string;
  /** Name or id. */
  readonly collection: string;
}

/**
 * The documents of these keys as the server prints them, in order; undefined where there is none. In bulk, since a key
 * can be one that no URL carries (reference 9.4). Throws {@link ArangoError} for any other failure of a document.
 */
export async function documentsByKey(
  { server, database, collection }: CollectionPlace,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<readonly (Buffer | undefined)[]> {
  // A coordinator of before 3.11.1 fails on an empty list (reference 4.3).
  if (keys.length === 0) return [];
  const request: ArangoRequest = {
    method: 'PUT',
    path: `/_api/document/${encodeURIComponent(collection)}`,
    database,
    query: { onlyget: true },
    body: keys,
    repeatable: true,
    timeoutMs: TIMEOUT_MS,
    signal,
  };
  const answer = await server.request(request);
  throwIfError(request, answer);
  const items = itemsOf(answer.body);
  if (items.length !== keys.length) {
    throw new ArangoError(answer.status, 0, `${server.name} told ${items.length} of ${keys.length} documents`);
  }
  if (answer.headers[ERROR_CODES] === undefined) return items;
  return items.map((item, index) => (hasMember(item, '_rev') ? item : absent(item, `${collection}/${keys[index]}`)));
}

function absent(item: Buffer, name: string): undefined {
  const { errorNum = 0, errorMessage = '' } = JSON.parse(item.toString('utf8')) as {
    readonly errorNum?: number;
    readonly errorMessage?: string;
  };
  if (errorNum !== NOT_FOUND) throw new ArangoError(500, errorNum, `${name}: error ${errorNum}, ${errorMessage}`);
  return undefined;
}
