import { KEYS_AT_ONCE } from '../documents-by-key.ts';
import type { DifferenceQuestion } from '../queue.ts';
import { isSameContent } from '../same-content.ts';
import type { CatchUp, CatchUpHeader } from './catch-up.ts';
import type { CatchUpOptions } from './copy-session.ts';
import { ReopenStream } from './failures.ts';
import { documentsOf, type Operation, removalBy } from './lines.ts';
import { settleKeys } from './settle-keys.ts';
import type { ShardTarget } from './shard-target.ts';
import type { Settlement } from './suspect-comparison.ts';
import { type Held, Sweep } from './sweep.ts';
import type { TargetBatch } from './target-batch.ts';

/** Questions for keys that are on their way at the same time. */
const QUESTIONS_AHEAD = 4;

export interface ContentOptions extends Omit<CatchUpOptions, 'openBatch'> {
  readonly openBatch: (shard: ShardTarget['shards'][number], signal: AbortSignal) => Promise<TargetBatch>;
  readonly ask: (question: DifferenceQuestion) => void;
  /** What the target has under these keys. */
  readonly stored: Stored;
  /** Nothing can be there yet: all is written, and nothing looked for. */
  readonly isBlank: boolean;
}

type Stored = (keys: readonly string[], signal: AbortSignal) => Promise<readonly (Buffer | undefined)[]>;

/**
 * Catches a shard up where revisions tell nothing: the two sides have other shards, or one of them no trees.
 *
 * ```
 *   copy ──► what the target has under these keys ──► write what is not the same          for all of the snapshot
 *   then: the target's own documents ──► `absent`: which keys has the source not? ──► remove these, exactly
 * ```
 * Several shards of the source may be brought into the same place, each by a session of its own: so nothing is surplus
 * because this shard has it not. The target's document is read first, then the source is asked what it has *now*, in the
 * whole collection, then that very document is removed, by a revision which the target alone gave. What somebody writes
 * in between is spared; what the source has removed since comes with its log as well. Where a document may move from shard to
 * shard of the source, what stands under each key is looked at as well ({@link settleKeys}). Holds a few questions, whatever
 * the size of the shard.
 */
export class ContentSession implements CatchUp {
  readonly #options: ContentOptions;
  readonly #sweep: Sweep;
  readonly #asked: (readonly Held[])[] = [];
  #isCopied = false;
  #compared = 0;
  #removed = 0;

  constructor(options: ContentOptions) {
    this.#options = options;
    this.#sweep = new Sweep(options, options.target.shards);
  }

  get settlement(): Settlement {
    if (this.#options.isBlank) return 'copied';
    return this.#options.progress.documentsCopied + this.#removed === 0 ? 'equal' : 'repaired';
  }

  async take(header: CatchUpHeader, body: Uint8Array, signal: AbortSignal): Promise<boolean> {
    if (header.kind === 'copy') {
      await this.#compare(documentsOf(body), signal);
      this.#isCopied = header.last;
    } else if (header.kind === 'absent') {
      await this.#remove(new Set(JSON.parse(Buffer.from(body).toString('utf8')) as readonly string[]), signal);
    } else if (header.kind === 'found') {
      await this.#settle(body, signal);
    } else {
      throw new ReopenStream(`${header.kind} came where contents are compared`);
    }
    return this.#isCopied && (await this.#goOn(signal));
  }

  keepAlive(now: number, signal: AbortSignal): Promise<void> {
    return this.#sweep.keepAlive(now, signal);
  }

  close(): Promise<void> {
    return this.#sweep.close();
  }

  async #compare(documents: readonly Operation[], signal: AbortSignal): Promise<void> {
    const { ports, isBlank, progress } = this.#options;
    for (let at = 0; at < documents.length; at += KEYS_AT_ONCE) {
      const some = documents.slice(at, at + KEYS_AT_ONCE);
      const differing = isBlank ? some : await this.#differing(some, signal);
      const bytes = differing.reduce((sum, document) => sum + document.bytes.byteLength, 0);
      await ports.write(ports.checked(differing), bytes, signal);
      this.#compared += some.length;
      progress.statusMessage = `${this.#compared} documents compared by key and content`;
    }
  }

  async #differing(documents: readonly Operation[], signal: AbortSignal): Promise<readonly Operation[]> {
    const { stored, target } = this.#options;
    const found = await stored(
      documents.map(({ key }) => key),
      signal,
    );
    return documents.filter(({ bytes }, index) => {
      const own = found[index];
      const given = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return own === undefined || !isSameContent(given, own, target.keepsRevisions);
    });
  }

  async #settle(documents: Uint8Array, signal: AbortSignal): Promise<void> {
    const { ports, stored, progress, environment } = this.#options;
    const asked = this.#asked.shift();
    if (asked === undefined) throw new ReopenStream('documents came that were not asked for');
    const { remove, insert } = ports;
    const { removed, written } = await settleKeys(asked, documents, { stored, remove, insert }, signal);
    progress.copied(written, 0, environment.now());
    this.#removed += removed;
  }

  async #remove(absent: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const asked = this.#asked.shift();
    if (asked === undefined) throw new ReopenStream('keys came that were not asked for');
    const surplus = asked.filter(({ key }) => absent.has(key)).map((held) => removalBy(held));
    if (surplus.length > 0) await this.#options.ports.remove(surplus, signal);
    this.#removed += surplus.length;
  }

  /** Asks what is to be asked next. True when there is nothing left. */
  async #goOn(signal: AbortSignal): Promise<boolean> {
    const { ports, progress, isBlank, ask, target } = this.#options;
    while (!isBlank && this.#asked.length < QUESTIONS_AHEAD) {
      const held = await this.#sweep.next(signal);
      if (held === undefined) break;
      this.#asked.push(held);
      const keys = held.map(({ key }) => key);
      if (target.mayMove) ask({ kind: 'find', keys });
      else ask({ kind: 'absent', keys, of: target.isOneToOne ? 'shard' : 'collection' });
    }
    if (this.#asked.length > 0) return false;
    await ports.settle(signal);
    if (isBlank) return true;
    progress.reason += `; ${this.#compared} documents compared, ${progress.documentsCopied} written, ${this.#removed} removed`;
    ask({ kind: 'compared' });
    return true;
  }
}
