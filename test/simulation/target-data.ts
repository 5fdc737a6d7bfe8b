import { type ShardRef, shardKey } from '../../src/events/types/parts.ts';
import type { UserData } from './user-data.ts';
import type { World } from './world.ts';

/** How far a target has a shard; under another epoch or channel it means nothing (S3). */
export interface Position {
  readonly epoch: string;
  readonly channel: string;
  readonly tick: number;
  /** The write at the tick. */
  readonly witness: number | undefined;
  /** Nothing of this epoch and channel was applied yet. */
  readonly isEmpty?: boolean;
}

/** Writes of one batch, as the target's database gets them. */
export interface Batch {
  readonly shard: ShardRef;
  readonly epoch: string;
  readonly channel: string;
  readonly from: number;
  /** Takes the place of all that is there. */
  readonly isCopy: boolean;
  readonly writes: readonly number[];
  /** The writer's token is refused after this moment of the server's time (S4). */
  readonly tokenUntilMs: number;
  readonly writer: string;
}

/** A target's database as the workers write it: users' data, and of each shard how far it is applied. */
export class TargetData {
  readonly positions = new Map<string, Position>();
  /** Incarnations of shards that others have followed: nothing of them may come any more. */
  readonly #past = new Set<string>();
  refused = 0;
  readonly #world: World;
  readonly #users: UserData;

  constructor(world: World, users: UserData) {
    this.#world = world;
    this.#users = users;
  }

  /** The log has lost who followed whom: an incarnation of before comes again, and begins with a copy or a comparison. */
  forgetPast(): void {
    this.#past.clear();
  }

  positionOf(shard: ShardRef): Position | undefined {
    return this.positions.get(shardKey(shard));
  }

  contentsOf(shard: ShardRef): readonly number[] {
    return [...(this.#users.collections.get(shard.collection)?.writes ?? [])];
  }

  /** Creates what is missing and drops what is listed and still too much; the names that are too many now. */
  shape(shards: readonly ShardRef[], drop: readonly string[], tokenUntilMs: number): readonly string[] {
    if (this.#isRefused(tokenUntilMs)) return [];
    const wanted = new Set(shards.map(({ collection }) => collection));
    for (const name of wanted) this.#users.create(name);
    const surplus = this.#users.names.filter((name) => !wanted.has(name));
    for (const name of surplus) if (drop.includes(name)) this.#users.drop(name);
    return surplus;
  }

  apply(batch: Batch): 'applied' | 'refused' {
    const collection = this.#users.collections.get(batch.shard.collection);
    if (this.#isRefused(batch.tokenUntilMs) || collection === undefined) return 'refused';
    const key = shardKey(batch.shard);
    const { epoch, channel, from, writes, writer, isCopy } = batch;
    const to = from + writes.length;
    const known = this.positions.get(key);
    const isSame = known?.epoch === epoch && known.channel === channel;
    const tick = isSame ? known.tick : 0;
    if (!isSame && known !== undefined) this.#past.add(JSON.stringify([key, known.epoch, known.channel]));
    if (this.#past.has(JSON.stringify([key, epoch, channel]))) {
      this.#world.fail(`${writer} writes to ${key} on ${channel} in epoch ${epoch}, which another one has followed`);
    }
    if (to < tick && !isCopy) this.#world.fail(`${writer} moves ${key} back from ${tick} to ${to}`);
    if (from > tick)
      this.#world.fail(`${writer} leaves a gap in ${key}: it writes from ${from}, the shard is at ${tick}`);
    if (isCopy) collection.writes = [...writes];
    else collection.add(...writes.slice(tick - from));
    this.positions.set(key, { epoch, channel, tick: to, witness: writes.at(-1) ?? known?.witness });
    return 'applied';
  }

  #isRefused(tokenUntilMs: number): boolean {
    if (tokenUntilMs >= this.#world.nowMs) return false;
    this.refused += 1;
    return true;
  }
}
