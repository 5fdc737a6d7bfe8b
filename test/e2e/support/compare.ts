import type { ArangoDeployment } from '../../../src/replication/arango.ts';

/** One shard of a deployment, by the collection's name and its place among the collection's shards. */
export interface ShardPlace {
  readonly database: string;
  readonly collection: string;
  readonly index: number;
  readonly shard: string;
  readonly leader: string;
}

interface ClusterInventory {
  readonly collections: readonly {
    readonly parameters: {
      readonly name: string;
      readonly isSystem: boolean;
      readonly shards: Readonly<Record<string, readonly string[]>>;
    };
  }[];
}

/** All shards of all user collections of a cluster, with their leaders. */
export async function shardsOf(cluster: ArangoDeployment): Promise<ShardPlace[]> {
  const databases = await cluster.databases();
  const perDatabase = await Promise.all(
    databases.map(async (database) => {
      const path = '/_api/replication/clusterInventory';
      const { collections } = await cluster.front.json<ClusterInventory>({ method: 'GET', database, path });
      return collections
        .filter(({ parameters }) => !parameters.isSystem)
        .flatMap(({ parameters: { name, shards } }) =>
          Object.entries(shards)
            .sort(([a], [b]) => Number(a.slice(1)) - Number(b.slice(1)))
            .map(([shard, [leader = '']], index) => ({ database, collection: name, index, shard, leader })),
        );
    }),
  );
  return perDatabase.flat();
}

/** Every document of a shard as its stored text, by key, from one snapshot of its leader. */
export async function dumpShard(cluster: ArangoDeployment, place: ShardPlace): Promise<Map<string, string>> {
  const server = await cluster.dbServer(place.leader);
  const batches = '/_api/replication/batch';
  const { id } = await server.json<{ id: string }>({ method: 'POST', path: batches, body: { ttl: 300 } });
  try {
    const documents = new Map<string, string>();
    for (;;) {
      const query = { collection: place.shard, batchId: id, useEnvelope: false, chunkSize: 16 * 1_024 * 1_024 };
      const answer = await server.request({
        method: 'GET',
        database: place.database,
        path: '/_api/replication/dump',
        query,
      });
      if (answer.status >= 400) throw new Error(`dump of ${place.shard}: ${answer.status} ${answer.body.toString()}`);
      for (const line of answer.body.toString().split('\n')) if (line !== '') documents.set(keyOf(line), line);
      if (answer.status === 204 || answer.headers['x-arango-replication-checkmore'] !== 'true') return documents;
    }
  } finally {
    await server.request({ method: 'DELETE', path: `${batches}/${id}` });
  }
}

function keyOf(line: string): string {
  return String(JSON.parse(line)._key);
}

export interface Comparison {
  readonly shards: number;
  readonly documents: number;
  /** `database/collection/index/key: what is wrong`, at most a hundred. */
  readonly differences: readonly string[];
}

/** Compares every document of every user collection: same shard, same text, `_key` and `_rev` included. */
export async function compareDeployments(source: ArangoDeployment, target: ArangoDeployment): Promise<Comparison> {
  const [here, there] = await Promise.all([shardsOf(source), shardsOf(target)]);
  const name = ({ database, collection, index }: ShardPlace) => `${database}/${collection}/${index}`;
  const counterparts = new Map(there.map((place) => [name(place), place]));
  const differences: string[] = [];
  let documents = 0;
  for (const place of here) {
    const counterpart = counterparts.get(name(place));
    counterparts.delete(name(place));
    if (counterpart === undefined) {
      differences.push(`${name(place)}: missing on the target`);
      continue;
    }
    const [original, copy] = await Promise.all([dumpShard(source, place), dumpShard(target, counterpart)]);
    documents += original.size;
    differences.push(...differencesOf(name(place), original, copy));
  }
  differences.push(...[...counterparts.keys()].map((left) => `${left}: only on the target`));
  return { shards: here.length, documents, differences: differences.slice(0, 100) };
}

function differencesOf(shard: string, original: Map<string, string>, copy: Map<string, string>): string[] {
  const found: string[] = [];
  for (const [key, text] of original) {
    const copied = copy.get(key);
    if (copied !== text)
      found.push(
        `${shard}/${key}: ${copied === undefined ? 'missing' : `${text.slice(0, 200)} became ${copied.slice(0, 200)}`}`,
      );
  }
  for (const key of copy.keys()) if (!original.has(key)) found.push(`${shard}/${key}: only on the target`);
  return found;
}
