import { ArangoCommitStore } from '../../src/adapters/arangodb/event-log.ts';
import { wantedTasks } from '../../src/domain/tasks/wanted.ts';
import { ChainedLog } from '../../src/events/chained-log.ts';
import { shardKey } from '../../src/events/types/parts.ts';
import { verifyLog } from '../../src/events/verify-log.ts';
import { type FaultName, Faults } from './faults.ts';
import { Invariants } from './invariants.ts';
import { hasher } from './keys.ts';
import { Network } from './network.ts';
import { Operators } from './operators.ts';
import { SecondTarget } from './second-target.ts';
import { Site } from './site.ts';
import { Users } from './users.ts';
import { virtualTimeouts } from './virtual-timeouts.ts';
import { World } from './world.ts';

const sendingWorkers = 3;
const receivingWorkers = 5;
const secondTargetShare = 0.3;
const chaosMsMin = 8_000;
const chaosMsMax = 23_000;
const settleMsMax = 90_000;
const lookEveryMs = 500;

export interface SeedResult {
  readonly seed: number;
  /** Undefined: every promise was kept. */
  readonly violation: string | undefined;
  readonly trace: string;
  readonly steps: number;
  readonly simulatedMs: number;
  readonly commits: number;
  readonly claims: number;
  readonly faults: number;
  /** Stops that were granted behind a barrier, and reversals that were carried through. */
  readonly ensured: number;
  readonly reversals: number;
  readonly refusedWrites: number;
  /** Commits that a writer from the past put where archived ones had been (S10). */
  readonly strays: number;
  /** Folds of the log that were made again and held against what was folded then. */
  readonly rebuilds: number;
  /** The end of what happened. */
  readonly lines: readonly string[];
}

export interface RunOptions {
  readonly faults?: readonly FaultName[] | undefined;
  readonly lines?: number;
}

/** One history of two datacenters, from its seed. */
export async function runSeed(seed: number, options: RunOptions = {}): Promise<SeedResult> {
  const world = new World(seed);
  const restore = virtualTimeouts(world);
  // Thousands of requests end by an abort or an error of which nobody reads where it arose.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return await new History(seed, world, options).run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    restore();
  }
}

class History {
  readonly #seed: number;
  readonly #world: World;
  readonly #options: RunOptions;
  #sites: readonly Site[] = [];
  #faults: Faults | undefined;
  #operators: Operators | undefined;

  constructor(seed: number, world: World, options: RunOptions) {
    this.#seed = seed;
    this.#world = world;
    this.#options = options;
  }

  async run(): Promise<SeedResult> {
    try {
      await this.#live();
      return this.#result(undefined);
    } catch (error) {
      return this.#result(error instanceof Error ? error.message : String(error));
    }
  }

  async #live(): Promise<void> {
    const world = this.#world;
    const network = new Network(world);
    const source = await Site.open('a', sendingWorkers, world, network);
    const target = await Site.open('b', receivingWorkers, world, network);
    source.other = target;
    target.other = source;
    this.#sites = [source, target];
    const invariants = this.#sites.map((site) => new Invariants(site));
    const faults = new Faults(world, network, this.#sites, this.#options.faults);
    this.#faults = faults;
    const operators = new Operators(world, source, target);
    this.#operators = operators;
    const users = new Users(world, () => operators.sides);
    const second = new SecondTarget(world, source);
    for (const { masters, workers } of this.#sites) {
      for (const node of [...masters, ...workers]) faults.startSoon(node);
    }
    operators.begin();
    users.begin();
    // Not in every history: a source with one target is the rule.
    const hasSecond = world.random.chance(secondTargetShare);
    if (hasSecond) second.begin();
    faults.begin();
    const check = () => {
      for (const each of invariants) each.check();
      faults.tend();
      return false;
    };
    await world.runUntil(world.random.between(chaosMsMin, chaosMsMax), check);
    faults.end();
    const commands = { areDone: false };
    void Promise.all([operators.end(users), hasSecond ? second.end() : undefined]).then(() => {
      commands.areDone = true;
    });
    await this.#settle(operators, commands, check);
    await this.#verify();
  }

  async #settle(operators: Operators, commands: { areDone: boolean }, check: () => boolean): Promise<void> {
    const world = this.#world;
    const endMs = world.nowMs + settleMsMax;
    for (;;) {
      await world.runUntil(world.nowMs + lookEveryMs, check);
      const { source, target } = operators.sides;
      const missing = commands.areDone ? whatIsMissing(source, target) : 'the last commands are not done';
      if (missing === undefined) return;
      if (world.nowMs >= endMs) {
        world.fail(`${settleMsMax / 1_000} s after the last fault ${missing}`);
        throw world.violation;
      }
    }
  }

  /** The logs are whole, as the database has them, and their folds can be made again. */
  async #verify(): Promise<void> {
    for (const { id, database, chronicle } of this.#sites) {
      const store = new ArangoCommitStore(database.deployment.front);
      const log = new ChainedLog({ store, hasher, sleep: async () => undefined });
      database.dropStrays(await log.first());
      const { findings, head } = await verifyLog(log);
      for (const finding of findings) this.#world.fail(`${id}: position ${finding.position}: ${finding.detail}`);
      if (head.hash !== chronicle.head.hash) this.#world.fail(`${id}: the log ends at ${head.position}`);
      chronicle.checkRebuilds();
    }
    if (this.#world.violation !== undefined) throw this.#world.violation;
  }

  #result(violation: string | undefined): SeedResult {
    const world = this.#world;
    const commits = this.#sites.flatMap(({ chronicle }) => chronicle.commits);
    return {
      seed: this.#seed,
      violation,
      trace: world.traceHash(),
      steps: world.steps,
      simulatedMs: world.nowMs,
      commits: commits.length,
      claims: commits.filter(({ events }) => events.some(({ type }) => type === 'LeadershipClaimed')).length,
      faults: [...(this.#faults?.counts.values() ?? [])].reduce((sum, count) => sum + count, 0),
      ensured: this.#sites.reduce((sum, { barriers }) => sum + barriers.ensured, 0),
      reversals: this.#operators?.counts.get('reversed') ?? 0,
      refusedWrites: this.#sites.reduce((sum, { target }) => sum + target.refused, 0),
      strays: this.#sites.reduce((sum, { chronicle }) => sum + chronicle.strays, 0),
      rebuilds: this.#sites.reduce((sum, { chronicle }) => sum + chronicle.rebuilds, 0),
      lines: world.lastLines(this.#options.lines ?? 0),
    };
  }
}

/** What is not yet as it must be when all is well; undefined when nothing is. */
function whatIsMissing(source: Site, target: Site): string | undefined {
  for (const { id, masters, workers, chronicle } of [source, target]) {
    const { state } = chronicle;
    if (masters.filter(({ master }) => master?.leads === true).length !== 1) return `${id} has no leader`;
    const lost = masters.find(({ master }) => master !== undefined && !chronicle.contains(master.head));
    if (lost !== undefined) return `${lost.name} stands at a commit that its log has lost`;
    const wanted = wantedTasks(state.synchronization, state.shards, state.outgoing);
    if (wanted.length !== state.tasks.size) return `${id} has ${state.tasks.size} tasks, wanted are ${wanted.length}`;
    for (const { taskId, type, workerId } of state.tasks.values()) {
      const worker = workers.find((each) => each.id === workerId && !each.process.isDead);
      if (worker === undefined) return `${id}: task ${taskId} (${type}) is with ${workerId ?? 'nobody'}`;
      if (![...(worker.roles?.running() ?? [])].some((task) => task.id === taskId))
        return `${id}: task ${taskId} (${type}) is not run by ${worker.id}`;
    }
  }
  const { synchronization, shards } = target.chronicle.state;
  if (synchronization.phase !== 'active') return `the synchronization is ${synchronization.phase}`;
  if (!source.users.isWritable) return 'the source is read-only';
  if (target.users.isWritable) return 'the target is writable';
  const remembered = synchronization.identity?.head;
  if (remembered !== undefined && !source.chronicle.contains(remembered))
    return 'a head is remembered that the source lost';
  const names = source.data.shards().map(shardKey);
  if (names.length !== shards.byKey.size) return `${shards.byKey.size} shards are known, there are ${names.length}`;
  for (const shard of source.data.shards()) {
    const key = shardKey(shard);
    const status = shards.byKey.get(key)?.status;
    if (status !== 'running') return `${key} is ${status ?? 'unknown'}`;
    const [there, here] = [source, target].map(({ users }) => users.collections.get(shard.collection)?.writes ?? []);
    if (there?.join() !== here?.join())
      return `${key} has ${here?.length} writes and not the ${there?.length} of its source`;
  }
  return undefined;
}
