import { z } from 'zod';
import { throwIfError } from './answers.ts';
import type { ArangoRequest, ArangoServer } from './arango.ts';
import { itemsOf } from './json-items.ts';
import { encodedRevision, isRevision } from './revision.ts';

/** A shard at a snapshot, on the server that leads it. */
export interface RevisionPlace {
  readonly server: ArangoServer;
  readonly database: string;
  readonly shard: string;
  readonly batchId: string;
}

/** Computing a tree, or reading far behind in a snapshot, can take long. */
const TIMEOUT_MS = 120_000;

const VERIFY_TIMEOUT_MS = 3_600_000;
/** Behind the trees stands what follows from them. */
const ENDING_BYTES = 64;

const Ranges = z.object({ ranges: z.array(z.array(z.string())), resume: z.string().optional() });

/** Revisions of one answer, ascending, and where the rest begins. */
export interface RevisionPage {
  readonly revisions: readonly string[];
  readonly resume: string | undefined;
}

/** JSON text of the shard's tree. Throws `ArangoError` 501/9 for a collection without one. */
export async function treeTextAt(place: RevisionPlace, signal: AbortSignal): Promise<string> {
  const request = call(place, 'GET', 'tree', { onlyPopulated: true }, undefined, signal);
  const answer = await place.server.request(request);
  throwIfError(request, answer);
  return answer.body.toString('utf8');
}

/** Whether the stored tree is the one that the documents make (S21). Slow: the server reads them all. */
export async function isTreeSoundAt(place: RevisionPlace, signal: AbortSignal): Promise<boolean> {
  const request = call(place, 'GET', 'tree', { verification: true, onlyPopulated: true }, undefined, signal);
  const answer = await place.server.request({ ...request, timeoutMs: VERIFY_TIMEOUT_MS });
  throwIfError(request, answer);
  // Of the trees nothing else is of interest, and their hashes are no numbers for JSON.parse.
  return /"equal"\s*:\s*true/.test(answer.body.subarray(-ENDING_BYTES).toString('utf8'));
}

/** Computes the stored tree anew (S21). */
export async function rebuildTreeAt(place: RevisionPlace, signal: AbortSignal): Promise<void> {
  const request = call(place, 'POST', 'tree', {}, undefined, signal);
  throwIfError(request, await place.server.request(request));
}

/** What the shard holds in these ranges, which ascend and are at least one; from `resume` on where that is given. */
export async function revisionsAt(
  place: RevisionPlace,
  { ranges, resume }: { readonly ranges: readonly (readonly [string, string])[]; readonly resume: string | undefined },
  signal: AbortSignal,
): Promise<RevisionPage> {
  const query = { encodeAsHLC: true, ...(resume === undefined ? {} : { resume }) };
  const request = call(place, 'PUT', 'ranges', query, ranges, signal);
  const answer = await place.server.request(request);
  throwIfError(request, answer);
  const told = Ranges.parse(JSON.parse(answer.body.toString('utf8')));
  const listed = told.ranges.flat();
  const odd = listed.find((revision) => !isRevision(revision));
  if (odd !== undefined) throw new Error(`${place.server.name} lists "${odd}" as a revision of ${place.shard}`);
  return { revisions: listed.map(encodedRevision), resume: told.resume };
}

/**
 * The documents of revisions, in their order and as the server prints them, in pieces of about `chunkBytes`; undefined
 * stands for a revision that the snapshot does not hold.
 */
export async function* documentsAt(
  place: RevisionPlace,
  revisions: readonly string[],
  chunkBytes: number,
  signal: AbortSignal,
): AsyncGenerator<readonly (Buffer | undefined)[]> {
  for (let at = 0; at < revisions.length; ) {
    const request = call(
      place,
      'PUT',
      'documents',
      { chunkSize: chunkBytes, encodeAsHLC: true },
      revisions.slice(at),
      signal,
    );
    const answer = await place.server.request(request);
    throwIfError(request, answer);
    const items = itemsOf(answer.body);
    if (items.length === 0) throw new Error(`${place.server.name} gives no documents of ${place.shard}`);
    yield items.map((item) => (item.length <= EMPTY_LENGTH ? undefined : item));
    at += items.length;
  }
}

/** `{}`: no document is so short. */
const EMPTY_LENGTH = 2;

function call(
  { database, shard, batchId }: RevisionPlace,
  method: 'GET' | 'PUT' | 'POST',
  what: 'tree' | 'ranges' | 'documents',
  query: NonNullable<ArangoRequest['query']>,
  body: unknown,
  signal: AbortSignal,
): ArangoRequest {
  return {
    method,
    path: `/_api/replication/revisions/${what}`,
    database,
    query: { collection: shard, batchId, ...query },
    ...(body === undefined ? {} : { body }),
    repeatable: true,
    timeoutMs: TIMEOUT_MS,
    signal,
  };
}
