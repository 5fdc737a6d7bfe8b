import { shardKey } from '../../src/events/types/parts.ts';
import type { ShardRef } from '../../src/wire/shards.ts';
import { Chronicle } from './chronicle.ts';
import { type SourceData, TargetData } from './data-path.ts';
import { SimDatabase } from './database.ts';
import { MasterNode, times } from './master-node.ts';
import type { Network } from './network.ts';
import { WorkerNode } from './worker-node.ts';
import type { World } from './world.ts';

const databaseName = 'd';

/** One datacenter: its database, its log, its masters and workers. */
export class Site {
  readonly id: string;
  readonly world: World;
  readonly network: Network;
  readonly chronicle: Chronicle;
  readonly database: SimDatabase;
  readonly target: TargetData;
  readonly data: SourceData;
  /** As a source: how far each shard's log is. */
  readonly ticks = new Map<string, number>();
  readonly masters: readonly MasterNode[];
  readonly workers: readonly WorkerNode[];
  readonly workerLeaseMs = times.workerLeaseMs;
  /** The other datacenter, if there is one. */
  other: Site | undefined;
  /** When its source last did what a stop asks of it. */
  sourceToldAtMs = Number.NEGATIVE_INFINITY;
  #ids = 0;

  private constructor(
    id: string,
    workers: number,
    world: World,
    network: Network,
    chronicle: Chronicle,
    database: SimDatabase,
  ) {
    this.id = id;
    this.world = world;
    this.network = network;
    this.chronicle = chronicle;
    this.database = database;
    this.target = new TargetData(world);
    this.data = {
      deploymentId: id,
      tickOf: (shard) => this.ticks.get(shardKey(shard)) ?? 0,
      shards: () => this.#shards(),
    };
    this.masters = [1, 2, 3].map((number) => new MasterNode(this, `${id}-master${number}`));
    this.workers = Array.from({ length: workers }, (_, index) => new WorkerNode(this, `${id}-worker${index + 1}`));
  }

  static async open(id: string, workers: number, world: World, network: Network): Promise<Site> {
    const chronicle = new Chronicle(id, world);
    const database = await SimDatabase.open(id, world, network, chronicle);
    return new Site(id, workers, world, network, chronicle, database);
  }

  /** The master at an address that the other datacenter was told. */
  listening(endpoint: string): MasterNode | undefined {
    return [...this.masters, ...(this.other?.masters ?? [])].find(({ publicEndpoint }) => publicEndpoint === endpoint);
  }

  addCollection(name: string): void {
    const { databases } = this.database.deployment.front;
    const collections = databases.get(databaseName) ?? new Map();
    databases.set(databaseName, collections);
    collections.set(name, { id: name, isSystem: false, count: 0, hash: '0' });
  }

  removeCollection(name: string): void {
    this.database.deployment.front.databases.get(databaseName)?.delete(name);
  }

  /** Users write to a shard. */
  write(shard: ShardRef): void {
    const key = shardKey(shard);
    this.ticks.set(key, (this.ticks.get(key) ?? 0) + 1);
  }

  newId(): string {
    this.#ids += 1;
    return `${this.id}${this.#ids}`;
  }

  #shards(): ShardRef[] {
    const collections = this.database.deployment.front.databases.get(databaseName) ?? new Map();
    return [...collections.keys()].map((collection) => ({ database: databaseName, collection, shardIndex: 0 }));
  }
}
