import { Members } from '../e2e/support/members.ts';
import type { Pair, Side } from '../e2e/support/pair.ts';
import type { Dice } from './dice.ts';
import type { World } from './world.ts';

export interface PlannedFault {
  /** Happens before this operation. */
  readonly at: number;
  readonly kind: 'move-leader' | 'prune' | 'kill';
}

const FAULTS: Readonly<Record<PlannedFault['kind'], number>> = { 'move-leader': 5, prune: 3, kill: 3 };
/** So many operations nobody reads before the log is removed. */
const UNREAD_MAX = 12;

/** Five moves of leaders, three prunings of the log, three killed processes, each at a moment of its own. */
export function planFaults(dice: Dice, operations: number): PlannedFault[] {
  return Object.entries(FAULTS)
    .flatMap(([kind, count]) =>
      Array.from({ length: count }, () => ({ at: dice.below(operations), kind: kind as PlannedFault['kind'] })),
    )
    .sort((a, b) => a.at - b.at);
}

/** Makes what was planned happen to a pair. */
export class FaultMaker {
  readonly #pair: Pair;
  readonly #world: World;
  readonly #playOne: () => Promise<boolean>;
  readonly #members: ReadonlyMap<Side, Members>;

  /** @param playOne plays the next operation, if there is one left: some faults last for a few */
  constructor(pair: Pair, world: World, playOne: () => Promise<boolean>) {
    this.#pair = pair;
    this.#world = world;
    this.#playOne = playOne;
    this.#members = new Map([pair.source, pair.target].map((side) => [side, new Members(side)]));
  }

  /** Tells what happened. */
  async happen(kind: PlannedFault['kind']): Promise<string> {
    if (kind === 'move-leader') return this.#moveLeader();
    return kind === 'prune' ? this.#prune() : this.#kill();
  }

  /** Of a shard that has a follower, on either side; a single server is restarted. */
  async #moveLeader(): Promise<string> {
    const { dice, collections, isCluster } = this.#world;
    const side = dice.pick([this.#pair.source, this.#pair.source, this.#pair.target]);
    const name = side === this.#pair.source ? 'source' : 'target';
    if (!isCluster) {
      await side.control('restart', {});
      return `restart the ${name}`;
    }
    for (let attempt = 0; attempt < 10 && collections.length > 0; attempt += 1) {
      const { database, name: collection } = dice.pick(collections);
      try {
        await side.control('move-leader', { database, collection });
        return `move the leader of ${database}/${collection} at the ${name}`;
      } catch {
        // It has one copy only, or is not on the target yet.
      }
    }
    return 'no shard has a follower to lead it';
  }

  /** The log of every DB-Server of the source, up to now, while nobody there reads it: who reads on finds a gap. */
  async #prune(): Promise<string> {
    const { source } = this.#pair;
    const most = this.#world.dice.between(1, UNREAD_MAX);
    let unread = 0;
    await this.#membersOf(source).whileNoneWorks(async () => {
      while (unread < most && (await this.#playOne())) unread += 1;
      for (const { id } of await source.database.dbServers()) {
        await source.control('prune', this.#world.isCluster ? { server: id } : {});
      }
    });
    return `kill the workers of the source, and remove its log with ${unread} operations that none has read`;
  }

  async #kill(): Promise<string> {
    const { dice } = this.#world;
    const side = dice.pick([this.#pair.source, this.#pair.target]);
    const members = this.#membersOf(side);
    const name = side === this.#pair.source ? 'source' : 'target';
    if (dice.oneIn(3)) {
      await members.killLeader();
      return `kill the leading master of the ${name}`;
    }
    await members.killWorker(dice.below(members.workers.length));
    return `kill a worker of the ${name}`;
  }

  #membersOf(side: Side): Members {
    const members = this.#members.get(side);
    if (members === undefined) throw new Error('unknown side');
    return members;
  }
}
