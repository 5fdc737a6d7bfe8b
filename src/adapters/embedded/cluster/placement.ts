import { ArangoApiError } from '../http/errors.ts';
import type { Cluster } from './cluster.ts';
import type { PlannedCollection } from './plan.ts';

/** Servers for each shard, leader first. */
export type Placement = readonly (readonly string[])[];

/** Chooses DB-Servers for new shards: leaders in turn over all servers, followers behind them. */
export class Placer {
  readonly #cluster: Cluster;
  #turn = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** 500/1487 when there are fewer servers than replicas wanted and `enforce` is set; else as many as there are. */
  place(numberOfShards: number, replicationFactor: number | 'satellite', enforce: boolean): Placement {
    const servers = this.#candidates();
    if (servers.length === 0) throw new ArangoApiError(1487, 'insufficient number of DB-Servers');
    const wanted = replicationFactor === 'satellite' ? servers.length : replicationFactor;
    if (enforce && wanted > this.#cluster.dbServers.length) needServers(wanted, this.#cluster.dbServers.length);
    const replicas = Math.min(wanted, servers.length);
    const start = this.#turn;
    this.#turn += numberOfShards;
    return Array.from({ length: numberOfShards }, (_, shard) =>
      Array.from({ length: replicas }, (_, replica) => servers[(start + shard + replica) % servers.length] as string),
    );
  }

  /** The same servers as the prototype's. */
  placeLike(prototype: PlannedCollection): Placement {
    return prototype.shards.map((shard) => shard.servers);
  }

  #candidates(): string[] {
    const { dbServers, cleaned } = this.#cluster;
    return dbServers.filter((node) => node.up && !cleaned.has(node.id)).map((node) => node.id);
  }
}

/** 500/1487. */
export function needServers(wanted: number, present: number): void {
  if (wanted <= present) return;
  throw new ArangoApiError(1487, `insufficient number of DB-Servers: ${wanted} replicas wanted, ${present} servers`);
}
