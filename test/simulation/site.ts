import { BarrierPromises } from './barrier-promises.ts';
import { Chronicle } from './chronicle.ts';
import { SimDatabase } from './database.ts';
import type { SourceData } from './engine-world.ts';
import { MasterNode } from './master-node.ts';
import type { Network } from './network.ts';
import type { SimProcess } from './process.ts';
import type { SimTarget } from './source-masters.ts';
import { TargetData } from './target-data.ts';
import { databaseName, UserData } from './user-data.ts';
import { WorkerNode } from './worker-node.ts';
import type { World } from './world.ts';

/** It takes people so long to find it. */
const strayMs = 4_000;
/** Nothing that was sent before a log went back arrives later than this. */
const rememberedMsMax = 30_000;

/** One datacenter: its database, its log, its masters and workers. */
export class Site {
  readonly id: string;
  readonly world: World;
  readonly network: Network;
  readonly chronicle: Chronicle;
  readonly database: SimDatabase;
  readonly target: TargetData;
  readonly data: SourceData;
  readonly users: UserData;
  readonly barriers: BarrierPromises;
  readonly masters: readonly MasterNode[];
  readonly workers: readonly WorkerNode[];
  /** The other datacenter, if there is one. */
  other: Site | undefined;
  /** When its source last did what a stop asks of it. */
  sourceToldAtMs = Number.NEGATIVE_INFINITY;
  /** Commits that writers put behind an end that was lost. */
  strays = 0;
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
    this.users = new UserData(database.deployment.front);
    this.target = new TargetData(world, this.users);
    const { users } = this;
    this.data = {
      deploymentId: id,
      get logTick() {
        return users.logTick;
      },
      writesOf: ({ collection }) => users.collections.get(collection)?.writes ?? [],
      shards: () => users.names.map((collection) => ({ database: databaseName, collection, shardIndex: 0 })),
    };
    this.barriers = new BarrierPromises(this);
    chronicle.onStray = (position) => {
      if (world.nowMs - this.wentBackAtMs > rememberedMsMax) return false;
      this.removeStray(position);
      return true;
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

  /** This datacenter as it follows the other one, from one of its processes. */
  asTarget(from: SimProcess): SimTarget {
    return {
      id: this.id,
      network: this.network,
      from,
      source: this.other ?? this,
      listening: (endpoint) => this.listening(endpoint),
      onTold: () => {
        this.sourceToldAtMs = this.world.nowMs;
      },
    };
  }

  /** When the log last lost its end: processes of before may remember what is no longer there (S18). */
  wentBackAtMs = Number.NEGATIVE_INFINITY;

  /** As when a replica without the newest commits takes over. What was archived stays. */
  loseEndOfLog(commits: number): void {
    const { front } = this.database.deployment;
    const first = Number(front.documents.collections.get('_sync_events')?.get('start')?.first ?? 1);
    const position = Math.max(this.chronicle.head.position - commits, first);
    if (position >= this.chronicle.head.position) return;
    this.world.note(`${this.id}: the log goes back to ${position}`);
    this.wentBackAtMs = this.world.nowMs;
    this.chronicle.goBack(position);
    this.target.forgetPast();
    this.database.removeCommitsAfter(position);
  }

  /** A commit that does not follow is what a writer put there which remembers what was lost: people take it out. */
  removeStray(position: number): void {
    this.strays += 1;
    this.world.plan(strayMs, () =>
      this.database.removeCommitsAfter(Math.max(this.chronicle.head.position, position - 1)),
    );
  }

  newId(): string {
    this.#ids += 1;
    return `${this.id}${this.#ids}`;
  }
}
