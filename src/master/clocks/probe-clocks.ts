import { type ArangoDeployment, ArangoError, type ArangoServer } from '../../replication/arango.ts';
import { compareRevisions } from '../../replication/revision.ts';

/** Ours, like all `_sync_*` collections never replicated; it lives as long as one probe. */
const PROBE = '_sync_probe';
/** Written into each shard on average in one round: keys are spread by their hash. */
const DOCUMENTS_PER_SHARD = 16;
const ROUNDS_MAX = 4;

const COLLECTION_NOT_FOUND = 1203;

/**
 * Shows by writes that every DB-Server now gives revisions newer than `above` (S16): a collection with a shard on each of
 * them. Throws when a revision is not newer, naming the server's, and when a server could not be reached by a write.
 */
export async function probeClocks(deployment: ArangoDeployment, above: string, signal: AbortSignal): Promise<void> {
  const { front } = deployment;
  const servers = (await deployment.dbServers(signal)).map(({ id }) => id);
  await drop(front, signal);
  await create(front, servers.length, signal);
  try {
    const written = await writeEverywhere(deployment, above, signal);
    const missed = servers.filter((id) => !written.has(id));
    if (missed.length > 0) throw new Error(`no probe could be written on ${missed.join(', ')}`);
  } finally {
    await drop(front, signal);
  }
}

/** Ids of the DB-Servers that took a document. */
async function writeEverywhere(
  deployment: ArangoDeployment,
  above: string,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  if (deployment.kind === 'single') {
    await write(deployment.front, above, 1, signal);
    return new Set((await deployment.dbServers(signal)).map(({ id }) => id));
  }
  const leaders = await leadersOf(deployment.front, signal);
  for (let round = 1; ; round += 1) {
    await write(deployment.front, above, DOCUMENTS_PER_SHARD * leaders.size, signal);
    const counts = await countsOf(deployment.front, signal);
    const filled = [...leaders].filter(([shard]) => (counts[shard] ?? 0) > 0);
    if (filled.length === leaders.size || round === ROUNDS_MAX) return new Set(filled.map(([, leader]) => leader));
  }
}

interface Item {
  readonly _rev?: string;
  readonly errorNum?: number;
  readonly errorMessage?: string;
}

async function write(front: ArangoServer, above: string, documents: number, signal: AbortSignal): Promise<void> {
  const path = `/_api/document/${PROBE}`;
  const body = Array.from({ length: documents }, () => ({}));
  const items = await front.json<readonly Item[]>({ method: 'POST', path, body, signal });
  for (const { _rev, errorNum, errorMessage } of items) {
    if (_rev === undefined) throw new Error(`a probe was refused: ${errorNum} ${errorMessage}`);
    if (compareRevisions(_rev, above) <= 0) {
      throw new Error(`a server of the target gives the revision ${_rev}, which is not newer than ${above}`);
    }
  }
}

/** Leader by shard. */
async function leadersOf(front: ArangoServer, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const path = `/_api/collection/${PROBE}/shards`;
  const query = { details: true };
  const { shards } = await front.json<{ shards: Record<string, string[]> }>({ method: 'GET', path, query, signal });
  return new Map(Object.entries(shards).map(([shard, [leader = '']]) => [shard, leader]));
}

async function countsOf(front: ArangoServer, signal: AbortSignal): Promise<Readonly<Record<string, number>>> {
  const path = `/_api/collection/${PROBE}/count`;
  const query = { details: true };
  return (await front.json<{ count: Record<string, number> }>({ method: 'GET', path, query, signal })).count;
}

/** As often replicated as `_users`, which the limits of the deployment allow. */
async function create(front: ArangoServer, shards: number, signal: AbortSignal): Promise<void> {
  const path = '/_api/collection/_users/properties';
  const { replicationFactor } = await front.json<{ replicationFactor?: unknown }>({ method: 'GET', path, signal });
  const replication = typeof replicationFactor === 'number' ? { replicationFactor } : {};
  const body = { name: PROBE, isSystem: true, numberOfShards: Math.max(1, shards), ...replication };
  await front.json({ method: 'POST', path: '/_api/collection', body, signal });
}

async function drop(front: ArangoServer, signal: AbortSignal): Promise<void> {
  try {
    const path = `/_api/collection/${PROBE}`;
    await front.json({ method: 'DELETE', path, query: { isSystem: true }, repeatable: true, signal });
  } catch (error) {
    if (!(error instanceof ArangoError) || error.errorNum !== COLLECTION_NOT_FOUND) throw error;
  }
}
