import type { ShardRef } from '../../wire/shards.ts';
import { type Checkpoint, compareTicks, type Tick, type Witness } from '../queue.ts';
import {
  type FloorDocument,
  isServedStill,
  newestWitnesses,
  type ServedBy,
  type ShardDocument,
  shardDocument,
} from './checkpoint-documents.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { FloorGroup } from './floor-group.ts';
import type { ServerWatch } from './server-watch.ts';

/** Where a shard stands at one moment. */
export interface Progress {
  readonly ref: ShardRef;
  /** Key of its document. */
  readonly key: string;
  readonly stream: string;
  readonly checkpoint: Checkpoint;
  /** The floor that it stands on, if it does. */
  readonly group: FloorGroup | undefined;
  /** Servers of the target that hold what was written. */
  readonly leaders: readonly string[];
  /** What the document shall say; undefined while the shard is to be compared with the source. */
  readonly servedBy: ServedBy | undefined;
  /** Counts the writes of the stream. */
  readonly writes: number;
  /** What {@link writes} was at its last checkpoint. */
  readonly durableWrites: number;
}

/** A shard as the rounds see it. */
export interface Progressing {
  /** Undefined while its position must not be stored: it is not open, copies, or holds documents back. */
  progress(): Progress | undefined;
  /** The stream that it has open. */
  readonly stream: string | undefined;
  /** The progress is durable. */
  durable(progress: Progress): void;
  /** A floor carried the stored position to this tick. */
  carried(tick: Tick): void;
  /** Another engine stored a checkpoint of the shard. */
  superseded(): void;
  /** A server of the target started anew: what it had acknowledged and not synced may be lost. */
  serverRebooted(serverId: string): void;
  /** The server that led the shard did not sync its log: another one may lead by now. */
  leaderSilent(): void;
}

/**
 * Makes positions durable, for all shards of a worker at once. The order is the rule (S6): first the positions are
 * taken, then the target's servers sync their logs, then documents are written that say what was taken.
 *
 * A shard whose data moved gets a document of its own. A shard that merely stands on the floor of its source server has
 * a document that names the floor, and only the floor's moves (S20). Invariant: whenever a floor's document is written
 * with a tick, every shard whose stored document names that floor has everything up to that tick applied and synced. So
 * a shard that does not get its document rewritten *before* the floor moves on; while that fails, the floor stays.
 */
export class CheckpointRounds {
  readonly #store: CheckpointStore;
  readonly #watch: ServerWatch;
  readonly #owner: string;
  readonly #stored = new Map<string, ShardDocument>();
  readonly #floors = new Map<string, { readonly group: FloorGroup; readonly document: FloorDocument }>();
  /** Shards whose document is being marked: until it is, no floor that they may stand on moves. */
  readonly #marking = new Map<string, Promise<void>>();

  constructor(store: CheckpointStore, watch: ServerWatch, owner: string) {
    this.#store = store;
    this.#watch = watch;
    this.#owner = owner;
  }

  /** What this engine stored last for a shard, raised to its floor; undefined when it has stored nothing. */
  stored(key: string): { readonly document: ShardDocument; readonly floor: FloorDocument | undefined } | undefined {
    const document = this.#stored.get(key);
    if (document === undefined) return undefined;
    return { document, floor: this.#floors.get(document.floor ?? '')?.document };
  }

  /**
   * Stores that a shard has to be copied, before anything is done about it: a crash in between must not find the old
   * position valid. Throws when it cannot be stored.
   */
  async mark(document: ShardDocument, copyBecause: string): Promise<void> {
    const { floor: _, ...rest } = document;
    const marked = { ...rest, owner: this.#owner, copyBecause };
    const saving = this.#store.save(marked).then((outcome) => {
      if (outcome.kind === 'failed') throw new Error(`the checkpoint could not be withdrawn: ${outcome.reason}`);
      if (outcome.kind === 'saved') this.#stored.set(document._key, outcome.document);
      else this.#stored.delete(document._key);
    });
    this.#marking.set(document._key, saving);
    try {
      await saving;
    } finally {
      this.#marking.delete(document._key);
    }
  }

  /** As {@link mark}, of a shard that this engine does not receive: who does will write it, and we remember nothing of it. */
  async markForOthers(document: ShardDocument, copyBecause: string): Promise<void> {
    await this.mark(document, copyBecause);
    this.#stored.delete(document._key);
  }

  /** One round. Rejects when the target cannot be asked at all; the next one does what this one left. */
  async run(shards: readonly Progressing[], signal: AbortSignal): Promise<void> {
    const taken = shards.flatMap((shard) => {
      const progress = shard.progress();
      return progress === undefined ? [] : [{ shard, progress }];
    });
    const ticks: Floors = new Map(
      taken.flatMap(({ progress: { group } }) =>
        group === undefined ? [] : [[group, { tick: group.tick, witnesses: group.witnesses }] as const],
      ),
    );
    const synced = await this.#synced(shards, taken, signal);
    // From here to the saves nothing may be awaited: a shard whose stream ended meanwhile must not be stored.
    const durable = synced.filter(({ shard, progress }) => shard.stream === progress.stream);
    const members = membersOf(durable, ticks);
    const failed = await this.#saveShards(durable, members, ticks, signal);
    const moved = await this.#moveFloors(ticks, members, failed, signal);
    for (const { shard, progress } of durable) {
      const tick = moved.get(members.get(progress.key) ?? '');
      if (tick !== undefined) shard.carried(tick);
    }
  }

  /** Of what was taken, that which the target has on its disks. */
  async #synced(shards: readonly Progressing[], taken: readonly Taken[], signal: AbortSignal): Promise<Taken[]> {
    if (!taken.some(({ progress }) => progress.writes !== progress.durableWrites)) return [...taken];
    const { synced, rebooted } = await this.#watch.syncAll(signal);
    for (const id of rebooted) for (const shard of shards) shard.serverRebooted(id);
    const written = taken.filter(({ progress }) => isWritten(progress));
    for (const { shard, progress } of written) {
      if (progress.leaders.some((leader) => !synced.has(leader) && !rebooted.has(leader))) shard.leaderSilent();
    }
    // A shard may be led by another server than we know: with a restart anywhere, this round proves nothing.
    const unsynced =
      rebooted.size > 0
        ? written
        : written.filter(({ progress }) => !progress.leaders.every((leader) => synced.has(leader)));
    const left = new Set(unsynced);
    return taken.filter((one) => !left.has(one));
  }

  /** Gives back the keys whose documents may still name a floor that they do not stand on. */
  async #saveShards(
    durable: readonly Taken[],
    members: ReadonlyMap<string, string>,
    ticks: Floors,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const failed = new Set<string>(this.#marking.keys());
    const saves = durable.map(async ({ shard, progress }) => {
      if (!this.#isNews(progress, members.get(progress.key))) return;
      const document = shardDocument(progress.ref, this.#owner, progress.checkpoint, {
        floor: members.get(progress.key),
        servedBy: progress.servedBy,
      });
      const outcome = await this.#store.save(document);
      if (outcome.kind === 'failed') failed.add(progress.key);
      else if (outcome.kind === 'superseded') this.#lose(shard, progress.key);
      else this.#keep(shard, progress, outcome.document, document);
    });
    await Promise.all([...saves, ...this.#leave(durable, members, ticks, failed)]);
    signal.throwIfAborted();
    return failed;
  }

  #keep(shard: Progressing, progress: Progress, stored: ShardDocument, wanted: ShardDocument): void {
    this.#stored.set(progress.key, stored);
    if (stored.tick === wanted.tick && stored.copyBecause === undefined) shard.durable(progress);
  }

  #lose(shard: Progressing, key: string): void {
    this.#stored.delete(key);
    shard.superseded();
  }

  #isNews(progress: Progress, floor: string | undefined): boolean {
    const stored = this.#stored.get(progress.key);
    if (stored === undefined || stored.floor !== floor || stored.copyBecause !== undefined) return true;
    if (isWritten(progress)) return true;
    if (progress.servedBy !== undefined && !isServedStill(stored, progress.servedBy)) return true;
    return floor === undefined && stored.tick !== progress.checkpoint.tick;
  }

  /** Shards that name a floor and do not stand on it any longer get what they had reached by it as their own. */
  #leave(
    durable: readonly Taken[],
    members: ReadonlyMap<string, string>,
    ticks: Floors,
    failed: Set<string>,
  ): Promise<void>[] {
    const moving = new Set([...ticks.keys()].map(({ key }) => key));
    const written = new Set(durable.map(({ progress }) => progress.key));
    const leaving = [...this.#stored.values()].filter(
      ({ _key, floor }) =>
        floor !== undefined &&
        moving.has(floor) &&
        members.get(_key) !== floor &&
        !written.has(_key) &&
        !this.#marking.has(_key),
    );
    return leaving.map(async ({ floor: key = '', ...document }) => {
      const floor = this.#floors.get(key)?.document;
      const outcome = await this.#store.save({ ...document, ...(floor === undefined ? {} : raised(document, floor)) });
      if (outcome.kind === 'failed') failed.add(document._key);
      else if (outcome.kind === 'superseded') this.#stored.delete(document._key);
      else this.#stored.set(document._key, outcome.document);
    });
  }

  /** Gives back how far each floor, by its key, is stored now. */
  async #moveFloors(
    ticks: Floors,
    members: ReadonlyMap<string, string>,
    failed: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Tick>> {
    const standing = new Set(members.values());
    const blocked = new Set([...failed].map((key) => this.#stored.get(key)?.floor));
    const moves = [...ticks].filter(([group, { tick }]) => {
      const before = this.#floors.get(group.key)?.document.tick;
      return (
        standing.has(group.key) && !blocked.has(group.key) && (before === undefined || compareTicks(tick, before) > 0)
      );
    });
    const documents = moves.flatMap(([group, position]) => {
      const scope = [...this.#stored.values()].find(({ floor }) => floor === group.key);
      return scope === undefined ? [] : [{ group, document: floorDocument(group, position, this.#owner, scope) }];
    });
    if (documents.length === 0) return new Map();
    await this.#store.put(
      documents.map(({ document }) => document),
      signal,
    );
    for (const entry of documents) this.#floors.set(entry.group.key, entry);
    await this.#sweepFloors(signal);
    return new Map(documents.map(({ document: { _key, tick } }) => [_key, tick]));
  }

  /** Floors of links that are gone, once no document names them. */
  async #sweepFloors(signal: AbortSignal): Promise<void> {
    const named = new Set([...this.#stored.values()].map(({ floor }) => floor));
    const unused = [...this.#floors.keys()].filter((key) => !named.has(key));
    if (unused.length === 0) return;
    await this.#store.remove(unused, signal);
    for (const key of unused) this.#floors.delete(key);
  }
}

/** Where the floors were when the positions were taken. */
type Floors = ReadonlyMap<FloorGroup, { readonly tick: Tick; readonly witnesses: readonly Witness[] }>;

interface Taken {
  readonly shard: Progressing;
  readonly progress: Progress;
}

function isWritten(progress: Progress): boolean {
  return progress.writes !== progress.durableWrites;
}

/** Shards, by key, that have everything up to their floor's tick, with the floor's key. */
function membersOf(durable: readonly Taken[], ticks: Floors): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  for (const { progress } of durable) {
    const tick = progress.group === undefined ? undefined : ticks.get(progress.group)?.tick;
    if (progress.group === undefined || tick === undefined) continue;
    if (compareTicks(progress.checkpoint.tick, tick) >= 0) members.set(progress.key, progress.group.key);
  }
  return members;
}

function raised(document: Pick<ShardDocument, 'tick' | 'witnesses'>, floor: FloorDocument): Partial<ShardDocument> {
  if (compareTicks(floor.tick, document.tick) <= 0) return {};
  return { tick: floor.tick, witnesses: newestWitnesses(floor.witnesses, document.witnesses) };
}

function floorDocument(
  group: FloorGroup,
  position: { readonly tick: Tick; readonly witnesses: readonly Witness[] },
  owner: string,
  scope: ShardDocument,
): FloorDocument {
  return {
    _key: group.key,
    kind: 'floor',
    owner,
    epoch: scope.epoch,
    sourceDeployment: scope.sourceDeployment,
    dbServer: group.dbServer,
    serverId: group.serverId,
    tick: position.tick,
    witnesses: [...position.witnesses],
  };
}
