import type { Cluster } from '../cluster/cluster.ts';
import type { PlannedShard } from '../cluster/plan.ts';
import type { ApiRequest } from '../http/contract.ts';
import { merged, type Reply } from '../http/reply.ts';
import { needDatabase } from '../http/rights.ts';
import { clusterOf } from './cluster-of.ts';

/** `GET /_admin/cluster/shardDistribution` (reference 2.7): short names of servers, by collection and shard. */
export function shardDistribution(request: ApiRequest): Reply {
  needDatabase(request, 'ro');
  const cluster = clusterOf(request.server);
  const results: Record<string, object> = {};
  for (const { name, shards } of cluster.database(request.database).collections()) {
    results[name] = {
      Plan: byShard(shards, (shard) => spread(cluster, shard.servers)),
      Current: byShard(shards, (shard) => spread(cluster, shard.inSync)),
    };
  }
  return merged(200, { results });
}

function byShard(shards: readonly PlannedShard[], describe: (shard: PlannedShard) => object): object {
  return Object.fromEntries(shards.map((shard) => [shard.name, describe(shard)]));
}

function spread(cluster: Cluster, servers: readonly string[]): object {
  const [leader = '', ...followers] = servers.map((id) => cluster.dbServerById(id).shortName);
  return { leader, followers };
}
