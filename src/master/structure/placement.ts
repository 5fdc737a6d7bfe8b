import { shardKey } from '../../events/types/parts.ts';
import type { ControlState } from '../../projections/control-state.ts';
import type { ArangoDeployment } from '../../replication/arango.ts';
import type { ShardRef } from '../../wire/shards.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { MasterPorts } from '../ports.ts';
import type { Placement } from '../reconcile/tasks.ts';
import { placeShards } from './place-shards.ts';

/** Leaders move: what is known is looked up again after this time, while a task waits for a worker. */
const freshMs = 10_000;

/**
 * Which DB-Servers lead the shards that this deployment sends, so that a worker gets shards of the servers it reads
 * already. Only a hint: asked for while tasks wait, and never in the way of assigning them.
 */
export class SendPlacement implements Placement {
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
    const unknown = this.#waiting().some((shard) => !this.#known.leaders.has(shardKey(shard)));
    const isOld = this.#clock.monotonicMs() - this.#known.atMs > freshMs;
    if (this.#waiting().length === 0 || !(isOld || unknown)) return this.#known.leaders;
    try {
      await this.#lookUp(signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#logger.debug('cannot look up where shards lie; tasks are assigned without that', { error });
    }
    return this.#known.leaders;
  }

  /** Shards whose send task has no worker. */
  #waiting(): ShardRef[] {
    return [...this.#state().tasks.values()].flatMap(({ type, shard, workerId }) =>
      type === 'send-shard' && workerId === null && shard !== undefined ? [shard] : [],
    );
  }

  async #lookUp(signal: AbortSignal): Promise<void> {
    const shards = [...this.#state().tasks.values()].flatMap(({ type, shard }) =>
      type === 'send-shard' && shard !== undefined ? [shard] : [],
    );
    const { placed } = await placeShards(this.#deployment, shards, 'source', signal);
    const leaders = placed.flatMap(({ shard, leader }) =>
      leader === undefined ? [] : [[shardKey(shard), leader] as const],
    );
    this.#known = { atMs: this.#clock.monotonicMs(), leaders: new Map(leaders) };
  }
}
