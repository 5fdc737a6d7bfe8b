import { type ArangoDeployment, ArangoError, type ArangoServer } from '../../replication/arango.ts';
import { decodeRevision, encodeHlc, encodeRevision } from '../../replication/revision.ts';
import {
  inParallel,
  type PlacedShard,
  shardsPerBatch,
  treesAtOncePerServer,
  withBatch,
} from '../checksums/shard-digests.ts';
import { newestNode, type RevisionRange } from './newest-node.ts';

/** One second of revision time: the first part that is looked at, each next one is twice as long. */
const FIRST_WINDOW = 1_000n << 20n;

/** A part of one shard's revisions, asked on its leader. */
type Ask = (range: RevisionRange) => Promise<bigint | undefined>;

/**
 * The newest revision among all documents of these shards, from the servers that lead them; `''` when there is no
 * document. Costs one tree per shard, and the revisions that are newer than what was found before. Throws what a server
 * throws, and when nobody leads a shard.
 */
export async function newestRevision(
  deployment: ArangoDeployment,
  shards: readonly PlacedShard[],
  nowMs: number,
  signal: AbortSignal,
): Promise<string> {
  const newest = await Promise.all(
    [...Map.groupBy(shards, (shard) => shard.leader)].map(async ([leader, led]) => {
      if (leader === undefined) throw new Error(`nobody leads ${led.map(({ name }) => name).join(', ')} now`);
      return newestOn(await deployment.dbServer(leader), led, nowMs, signal);
    }),
  );
  const largest = newest.reduce(larger, 0n);
  return largest === 0n ? '' : encodeRevision(largest);
}

/** Of the shards that one server leads; 0 for no document. */
async function newestOn(
  server: ArangoServer,
  shards: readonly PlacedShard[],
  nowMs: number,
  signal: AbortSignal,
): Promise<bigint> {
  let newest = 0n;
  for (let at = 0; at < shards.length; at += shardsPerBatch) {
    newest = await withBatch(server, signal, async (batchId) => {
      const places = shards.slice(at, at + shardsPerBatch).map((shard) => ({ server, shard, batchId, signal }));
      const nodes = await inParallel(places, treesAtOncePerServer, lastNode);
      const filled = places.flatMap((place, index) => {
        const node = nodes[index];
        return node === undefined ? [] : [{ place, node }];
      });
      // The first is looked into alone: what it finds leaves little to list of the others.
      const [first, ...others] = filled.sort((a, b) => (a.node.to < b.node.to ? 1 : -1));
      if (first === undefined) return newest;
      const known = await newestIn(first.place, first.node, newest, nowMs);
      const more = await inParallel(others, treesAtOncePerServer, ({ place, node }) =>
        newestIn(place, node, known, nowMs),
      );
      return more.reduce(larger, known);
    });
  }
  return newest;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

interface Place {
  readonly server: ArangoServer;
  readonly shard: PlacedShard;
  readonly batchId: string;
  readonly signal: AbortSignal;
}

/** The newest of a shard, or `before` when that is as new. */
async function newestIn(place: Place, node: RevisionRange, before: bigint, nowMs: number): Promise<bigint> {
  if (node.to <= before) return before;
  const range = { from: before >= node.from ? before + 1n : node.from, to: node.to };
  const found = await newestOf((part) => newestBetween(place, part), range, BigInt(nowMs) << 20n);
  return found === undefined ? before : found;
}

/** Looks from the present backwards: what a node may hold beside the newest can be many minutes of writes. */
async function newestOf(ask: Ask, { from, to }: RevisionRange, now: bigint): Promise<bigint | undefined> {
  let end = to;
  if (now > from && now < to) {
    const later = await ask({ from: now, to });
    if (later !== undefined) return later;
    end = now;
  }
  for (let window = FIRST_WINDOW; end >= from; window *= 2n) {
    const start = end - window > from ? end - window : from;
    const found = await ask({ from: start, to: end });
    if (found !== undefined) return found;
    end = start - 1n;
  }
  return undefined;
}

/** Where the newest revision of the shard is; undefined for an empty one, and where revisions destroy nothing. */
async function lastNode({ server, shard, batchId, signal }: Place): Promise<RevisionRange | undefined> {
  const answer = await server.request({
    method: 'GET',
    path: '/_api/replication/revisions/tree',
    database: shard.database,
    query: { collection: shard.name, batchId, onlyPopulated: true },
    signal,
  });
  const text = answer.body.toString('utf8');
  if (answer.status === 200) return newestNode(text);
  if (answer.status === 501 && (await isFromBefore38(server, shard, signal))) return undefined;
  throw new ArangoError(
    answer.status,
    0,
    `${server.name} gives no revision tree of ${shard.database}/${shard.name}: ${answer.status} ${text.slice(0, 200)}`,
  );
}

/** Its documents are not stored by their revisions: two equal ones do no harm (reference 4.4), and it has no tree. */
async function isFromBefore38(
  server: ArangoServer,
  { database, name }: PlacedShard,
  signal: AbortSignal,
): Promise<boolean> {
  const path = `/_api/collection/${encodeURIComponent(name)}/properties`;
  const properties = await server.json<{ usesRevisionsAsDocumentIds?: boolean }>({
    ...{ method: 'GET', path, database, signal },
  });
  return properties.usesRevisionsAsDocumentIds === false;
}

interface Ranges {
  readonly ranges: readonly (readonly string[])[];
  readonly resume?: string;
}

/** The newest revision in a closed interval; answers come in parts (reference 5.8.1). */
async function newestBetween(place: Place, { from, to }: RevisionRange): Promise<bigint | undefined> {
  const { server, shard, batchId, signal } = place;
  let newest: string | undefined;
  // The left end must be smaller than the right one.
  const body = [[encodeHlc(from === to ? from - 1n : from), encodeHlc(to)]];
  for (let resume: string | undefined; ; ) {
    const query = { collection: shard.name, batchId, encodeAsHLC: true, ...(resume === undefined ? {} : { resume }) };
    const path = '/_api/replication/revisions/ranges';
    const request = { method: 'PUT', path, database: shard.database, query, body, repeatable: true, signal } as const;
    const part: Ranges = await server.json<Ranges>(request);
    newest = part.ranges.at(-1)?.at(-1) ?? newest;
    if (part.resume === undefined || part.resume === resume) break;
    resume = part.resume;
  }
  const value = newest === undefined ? undefined : decodeRevision(newest);
  return value === undefined || value < from ? undefined : value;
}
