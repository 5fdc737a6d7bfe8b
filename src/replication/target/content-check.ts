import { KEYS_AT_ONCE } from '../documents-by-key.ts';
import type { DocumentQuestion, LogEnd } from '../queue.ts';
import { compareTicks } from '../queue.ts';
import { type ToldDocument, toldOf } from '../shard-contents.ts';
import type { FoundDifference } from './compare-contents.ts';
import type { Environment } from './environment.ts';
import { FoundDocuments } from './found-documents.ts';
import { removalOf } from './lines.ts';
import { behindOf, type ShardPosition } from './shard-positions.ts';
import type { ShardTarget } from './shard-target.ts';
import { type Held, Sweep, type SweepOptions } from './sweep.ts';
import { NotTold, type Told } from './told-answers.ts';

/** Questions that are on their way at the same time. */
const QUESTIONS_AHEAD = 4;
/** How often it is looked whether everything that was asked about is applied. */
const POSITIONS_EVERY_MS = 250;
/** What does not come so far in this time is looked at anew: a server that leads now may have taken another's place. */
const LOOK_ANEW_MS = 15_000;
/** A document that comes and goes so often between two looks is not told of. */
const LOOKS_MAX = 20;

export interface ContentCheckOptions extends SweepOptions {
  readonly target: ShardTarget;
  readonly ask: (question: DocumentQuestion) => Promise<Told>;
  /** What the target has under these keys. */
  readonly stored: (keys: readonly string[], signal: AbortSignal) => Promise<readonly (Buffer | undefined)[]>;
  /** How far the shards are applied whose documents go to the same place. */
  readonly positions: () => Promise<readonly ShardPosition[]>;
  readonly environment: Pick<Environment, 'now' | 'sleep'>;
  /** Documents of the source, and of the target, that were looked at since the last time. */
  readonly onCompared: (source: number, target: number) => void;
  /** What it waits for; undefined: it goes on. */
  readonly onWait: (reason: string | undefined) => void;
}

type Own = Pick<ToldDocument, 'revision' | 'digest'>;

/** What stood under a key on both sides when it was looked at, the target first. */
interface Look {
  readonly own: Own | undefined;
  readonly source: Own | undefined;
  readonly times: number;
}

/**
 * Holds a shard against the source's by keys and contents, where revisions tell nothing, and changes nothing. The stream goes
 * on meanwhile:
 *
 * ```
 *   scan:  the source's snapshot, piece by piece ──► what stands here under these keys?  ─┐ other, or none
 *   sweep: the target's documents, piece by piece ─► which of them has the source?  ──────┤ not there
 *                                                                                         ▼
 *   suspects: look at both sides ──► all shards have applied what the source's logs held ──► look at both sides again
 * ```
 * A suspect may only be on its way, in whichever stream. So it is different when it is so at the second look, too, and
 * *nothing that was on its way can have been what was seen*: the target was read first, then the source, then the ends of its
 * logs, and all shards that write to the same place are applied up to there. Had the target's document been an older state,
 * it would have been replaced by then, by one with another revision: so one that stands unchanged is no state of the past.
 * Where the target has none, the source's has to be the same one at both looks: another one may have come and gone. What
 * changed in between is looked at anew.
 *
 * Of several shards of the source that go into the same place each sweeps a part of the target. Holds a few pieces and at most
 * {@link KEYS_AT_ONCE} suspects, whatever the size of the shard.
 */
export class ContentCheck {
  readonly #options: ContentCheckOptions;
  readonly #found = new FoundDocuments();
  #suspects = new Map<string, Look>();
  #ends: readonly LogEnd[] = [];

  constructor(options: ContentCheckOptions) {
    this.#options = options;
  }

  /** Throws {@link NotTold} when it cannot be told. */
  async run(signal: AbortSignal): Promise<FoundDocuments> {
    await this.#scan(signal);
    await this.#sweep(signal);
    await this.#settle(signal);
    return this.#found;
  }

  async #scan(signal: AbortSignal): Promise<void> {
    const { ask, onCompared } = this.#options;
    const asked: Promise<Told>[] = [];
    for (let piece = 0; !this.#found.isFull; ) {
      for (; asked.length < QUESTIONS_AHEAD; piece += 1) asked.push(ask({ scan: piece }));
      const { documents, last } = await answered(asked.shift(), signal);
      const own = await this.#own(
        documents.map(({ key }) => key),
        signal,
      );
      onCompared(documents.length, 0);
      await this.#suspect(
        documents.filter((told) => !this.#isSame(told, own.get(told.key))).map(({ key }) => key),
        signal,
      );
      if (last) return;
    }
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    const { environment, onCompared } = this.#options;
    const sweep = new Sweep(this.#options, this.#sweptShards);
    const asked: { readonly held: readonly Held[]; readonly told: Promise<Told> }[] = [];
    try {
      for (;;) {
        while (asked.length < QUESTIONS_AHEAD && !this.#found.isFull) {
          const held = await sweep.next(signal);
          if (held === undefined) break;
          asked.push({ held, told: this.#ask(held.map(({ key }) => key)) });
        }
        const first = asked.shift();
        if (first === undefined) return;
        const there = new Set((await answered(first.told, signal)).documents.map(({ key }) => key));
        onCompared(0, first.held.length);
        await this.#suspect(
          first.held.flatMap(({ key }) => (there.has(key) ? [] : [key])),
          signal,
        );
        await sweep.keepAlive(environment.now(), signal);
      }
    } finally {
      await sweep.close();
    }
  }

  /** Each of the target's shards is swept for one of the source's: what has no place there belongs to none. */
  get #sweptShards(): ShardTarget['shards'] {
    const { shards, shardIndex, isOneToOne, source } = this.#options.target;
    if (isOneToOne) return shards;
    const parts = source?.sharding.shards ?? 1;
    return shards.filter((_, index) => index % parts === shardIndex);
  }

  /** Looked at once more at once: mostly they were only on their way. */
  async #suspect(keys: readonly string[], signal: AbortSignal): Promise<void> {
    for (let at = 0; at < keys.length; at += KEYS_AT_ONCE) {
      const some = keys.slice(at, at + KEYS_AT_ONCE);
      for (const [key, look] of await this.#look(some, 1, signal)) this.#suspects.set(key, look);
      if (this.#suspects.size >= KEYS_AT_ONCE) await this.#settle(signal);
    }
  }

  /** Finds out of every suspect what it is. */
  async #settle(signal: AbortSignal): Promise<void> {
    while (this.#suspects.size > 0) {
      const isApplied = await this.#applied(signal);
      const before = this.#suspects;
      const times = [...before.values()].reduce((most, look) => Math.max(most, look.times), 0);
      this.#ends = [];
      const looks = await this.#lookAtAll([...before.keys()], times + (isApplied ? 1 : 0), signal);
      this.#suspects = new Map();
      for (const [key, look] of looks) {
        const first = before.get(key);
        if (isApplied && first !== undefined && isLasting(first, look)) this.#found.add([this.#named(key, look)]);
        else if (look.times > LOOKS_MAX) throw new NotTold(`document "${key}" comes and goes whenever it is looked at`);
        else this.#suspects.set(key, look);
      }
    }
  }

  async #lookAtAll(keys: readonly string[], times: number, signal: AbortSignal): Promise<[string, Look][]> {
    const looks: [string, Look][] = [];
    for (let at = 0; at < keys.length; at += KEYS_AT_ONCE) {
      looks.push(...(await this.#look(keys.slice(at, at + KEYS_AT_ONCE), times, signal)));
    }
    return looks;
  }

  /** What differs of these keys now. The order is the rule: the target, then the source, then the ends of its logs. */
  async #look(keys: readonly string[], times: number, signal: AbortSignal): Promise<[string, Look][]> {
    const own = await this.#own(keys, signal);
    const { documents, ends } = await answered(this.#ask(keys, true), signal);
    this.#ends = newest(this.#ends, ends);
    const told = new Map(documents.map((document) => [document.key, document]));
    return keys.flatMap((key): [string, Look][] => {
      const look = { own: own.get(key), source: told.get(key), times };
      return this.#isSame(look.source, look.own) ? [] : [[key, look]];
    });
  }

  #ask(keys: readonly string[], withEnds = false): Promise<Told> {
    const { target, ask } = this.#options;
    const of = target.isOneToOne ? 'shard' : target.mayMove ? 'everywhere' : 'collection';
    return ask({ look: keys, of, ...(withEnds ? { ends: true } : {}) });
  }

  async #own(keys: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Own>> {
    const found = await this.#options.stored(keys, signal);
    const told = found.flatMap((bytes) => {
      if (bytes === undefined) return [];
      const { key, digest } = toldOf(bytes);
      return [[key, { revision: removalOf(bytes).revision, digest }] as const];
    });
    return new Map(told);
  }

  /** True once all that the logs held at the last look is applied; false when that does not come. */
  async #applied(signal: AbortSignal): Promise<boolean> {
    const { positions, environment, onWait } = this.#options;
    const untilMs = environment.now() + LOOK_ANEW_MS;
    for (;;) {
      const behind = behindOf(await positions(), this.#ends);
      signal.throwIfAborted();
      const where = `shard ${behind?.shardIndex} of the source has applied what was in its log`;
      onWait(behind === undefined ? undefined : `documents that differ are looked at again once ${where}`);
      if (behind === undefined) return true;
      if (environment.now() >= untilMs) return false;
      await environment.sleep(POSITIONS_EVERY_MS, signal);
      signal.throwIfAborted();
    }
  }

  #isSame(source: Own | undefined, own: Own | undefined): boolean {
    if (source?.digest !== own?.digest) return false;
    return source === undefined || !this.#options.target.keepsRevisions || source.revision === own?.revision;
  }

  #named(key: string, { own, source }: Look): FoundDifference {
    if (own === undefined) return { key, difference: 'missing' };
    if (source === undefined) return { key, difference: 'surplus' };
    return { key, difference: own.revision === source.revision ? 'content' : 'altered' };
  }
}

/** Whether nothing that was on its way at the first look can explain what is seen at the second. */
function isLasting(first: Look, second: Look): boolean {
  if (first.own !== undefined || second.own !== undefined) return first.own?.revision === second.own?.revision;
  return first.source !== undefined && first.source.revision === second.source?.revision;
}

/** The newest end of each log. */
function newest(known: readonly LogEnd[], ends: readonly LogEnd[]): readonly LogEnd[] {
  const byServer = new Map(known.map((end) => [end.serverId, end]));
  for (const end of ends) {
    const before = byServer.get(end.serverId);
    if (before === undefined || compareTicks(end.tick, before.tick) > 0) byServer.set(end.serverId, end);
  }
  return [...byServer.values()];
}

/** Who is not asked any more does not wait for the answer. */
async function answered(told: Promise<Told> | undefined, signal: AbortSignal): Promise<Told> {
  if (told === undefined) throw new Error('nothing was asked');
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([told, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
