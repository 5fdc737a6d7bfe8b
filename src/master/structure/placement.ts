import type { Task } from '../../domain/tasks/state.ts';
import { shardKey } from '../../events/types/parts.ts';
import type { ControlState } from '../../projections/control-state.ts';
import type { ArangoDeployment } from '../../replication/arango.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { MasterPorts } from '../ports.ts';
import type { Placement } from '../reconcile/tasks.ts';
import { placeShards } from './place-shards.ts';
import type { Side } from './replicated-names.ts';

type ShardTask = Task & { readonly shard: NonNullable<Task['shard']> };

/** Leaders move: what is known is looked up again after this time, while a task waits for a worker. */
const freshMs = 10_000;

/**
 * Which DB-Servers of this deployment lead the shards that it sends and receives, so that a worker gets those of the
 * server that it stands beside. Only a hint: asked for while tasks wait, and never in the way of assigning them.
 */
export class ShardPlacement implements Placement {
  readonly #deployment: ArangoDeployment;
  readonly #state: () => ControlState;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #known: { readonly atMs: number; readonly leaders: ReadonlyMap<string, string> } = {
    atMs: -Infinity,
    leaders: new Map(),
  };

  constructor({ deployment, clock, logger }: MasterPorts, state: () => ControlState) {
    this.#deployment = deployment;
    this.#state = state;
    this.#clock = clock;
    this.#logger = logger;
  }

  async dbServers(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const waiting = this.#tasks().filter(({ workerId }) => workerId === null);
    const unknown = waiting.some(({ taskId }) => !this.#known.leaders.has(taskId));
    const isOld = this.#clock.monotonicMs() - this.#known.atMs > freshMs;
    if (waiting.length === 0 || !(isOld || unknown)) return this.#known.leaders;
    try {
      await this.#lookUp(signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#logger.debug('cannot look up where shards lie; tasks are assigned without that', { error });
    }
    return this.#known.leaders;
  }

  #tasks(): readonly ShardTask[] {
    return [...this.#state().tasks.values()].filter((task): task is ShardTask => task.shard !== undefined);
  }

  /** Some collections have other names where they are received. */
  async #lookUp(signal: AbortSignal): Promise<void> {
    const tasks = this.#tasks();
    const leaders = new Map([
      ...(await this.#leadersOf(tasks, 'send-shard', 'source', signal)),
      ...(await this.#leadersOf(tasks, 'receive-shard', 'target', signal)),
    ]);
    this.#known = { atMs: this.#clock.monotonicMs(), leaders };
  }

  async #leadersOf(
    tasks: readonly ShardTask[],
    type: Task['type'],
    side: Side,
    signal: AbortSignal,
  ): Promise<readonly (readonly [taskId: string, leader: string])[]> {
    const wanted = tasks.filter((task) => task.type === type);
    if (wanted.length === 0) return [];
    const shards = wanted.map(({ shard }) => shard);
    const { placed } = await placeShards(this.#deployment, shards, side, signal);
    const leaders = new Map(placed.map(({ shard, leader }) => [shardKey(shard), leader]));
    return wanted.flatMap(({ taskId, shard }) => {
      const leader = leaders.get(shardKey(shard));
      return leader === undefined ? [] : [[taskId, leader] as const];
    });
  }
}
