import { z } from 'zod';
import { throwIfError } from '../answers.ts';
import type { ArangoDeployment, ArangoRequest, ArangoServer } from '../arango.ts';

/** A user as it lies in `_system/_users`. The text holds hash and salt of the password: it must show nowhere. */
export const UserDocument = z.object({
  name: z.string(),
  /** The document as the server printed it. */
  document: z.string(),
});
export type UserDocument = z.infer<typeof UserDocument>;

/** What `_system/_users` holds at one moment. */
export interface StoredUsers {
  /** By name. */
  readonly users: readonly UserDocument[];
  /** Documents that name no user. */
  readonly strangers: number;
}

/** More than this is not replicated as users: both sides hold them in memory, and they travel with every inventory. */
export const USERS_BYTES_MAX = 16 * 1024 * 1024;
const CHUNK_BYTES = 2 * 1024 * 1024;
const BATCH_TTL_SECONDS = 60;
const COLLECTION = '_users';

/**
 * Everything in `_system/_users`, from one snapshot of the server that leads its shard: nobody but a superuser may read it
 * (reference 1.6), and the text stays as it is. Throws when it is more than {@link USERS_BYTES_MAX}.
 */
export async function readUsers(deployment: ArangoDeployment, signal: AbortSignal): Promise<StoredUsers> {
  const { server, shard } = await placeOfUsers(deployment, signal);
  const path = '/_api/replication/batch';
  const { id } = await server.json<{ id: string }>({ method: 'POST', path, body: { ttl: BATCH_TTL_SECONDS }, signal });
  try {
    const read: UserDocument[] = [];
    let strangers = 0;
    for await (const line of dumpedLines(server, shard, id, signal)) {
      const name = userNamed(line);
      if (name === undefined) strangers += 1;
      else read.push({ name, document: line });
    }
    return { users: read.sort((a, b) => (a.name < b.name ? -1 : 1)), strangers };
  } finally {
    await server.request({ method: 'DELETE', path: `${path}/${id}`, repeatable: true }).catch(() => undefined);
  }
}

/** Changes whenever a user does; undefined when the server does not tell, then users have to be read to know. */
export async function usersChecksum(deployment: ArangoDeployment, signal: AbortSignal): Promise<string | undefined> {
  const path = `/_api/collection/${COLLECTION}/checksum`;
  const request: ArangoRequest = { method: 'GET', path, query: { withRevisions: true }, signal };
  const { status, body } = await deployment.front.request(request);
  if (status >= 400) return undefined;
  const { checksum, revision } = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
  return typeof checksum === 'string' ? `${checksum} ${String(revision)}` : undefined;
}

async function placeOfUsers(
  deployment: ArangoDeployment,
  signal: AbortSignal,
): Promise<{ readonly server: ArangoServer; readonly shard: string }> {
  const { kind, front } = deployment;
  if (kind === 'single') return { server: front, shard: COLLECTION };
  const path = `/_api/collection/${COLLECTION}/shards`;
  const { shards } = await front.json<{ shards: Readonly<Record<string, readonly string[]>> }>({
    ...{ method: 'GET', path, query: { details: true }, signal },
  });
  const [[shard, [leader]] = ['', []]] = Object.entries(shards);
  // One that resigned has a `_` in front of it (reference 2.8).
  if (leader === undefined || leader === '' || leader.startsWith('_')) {
    throw new Error('no DB-Server leads the shard of _system/_users');
  }
  return { server: await deployment.dbServer(leader), shard };
}

async function* dumpedLines(
  server: ArangoServer,
  shard: string,
  batchId: string,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const query = { collection: shard, batchId, useEnvelope: false, chunkSize: CHUNK_BYTES };
  // Its position moves on the server: a chunk that was lost cannot be asked for again.
  const request: ArangoRequest = { method: 'GET', path: '/_api/replication/dump', query, repeatable: false, signal };
  let bytes = 0;
  for (;;) {
    const answer = await server.request(request);
    throwIfError(request, answer);
    bytes += answer.body.length;
    if (bytes > USERS_BYTES_MAX) {
      throw new Error(`_system/_users holds more than ${USERS_BYTES_MAX} bytes, which is not replicated`);
    }
    for (const line of answer.body.toString('utf8').split('\n')) if (line.trim() !== '') yield line;
    if (answer.status === 204 || answer.headers['x-arango-replication-checkmore'] !== 'true') return;
  }
}

function userNamed(line: string): string | undefined {
  try {
    const { user } = JSON.parse(line) as Record<string, unknown>;
    return typeof user === 'string' && user !== '' ? user : undefined;
  } catch {
    // The parser's own message quotes what it read.
    throw new Error('a document of _system/_users is no JSON');
  }
}
