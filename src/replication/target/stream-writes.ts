import { isRevision } from '../revision.ts';
import type { Cost } from '../throttle/throttle.ts';
import { ShardFailed, uniqueRefusal } from './failures.ts';
import type { Operation } from './lines.ts';
import { shardLabel } from './shard-target.ts';
import type { StreamOptions } from './stream-options.ts';
import type { StreamPosition } from './stream-position.ts';

type Written = Pick<StreamOptions, 'writer' | 'target' | 'progress'>;

/** What one stream writes to its shard, counted: what was written behind a checkpoint has to be stored with the next. */
export class StreamWrites {
  readonly #options: Written;
  readonly #position: Pick<StreamPosition, 'noteRevision'>;
  #count = 0;

  constructor(options: Written, position: Pick<StreamPosition, 'noteRevision'>) {
    this.#options = options;
    this.#position = position;
  }

  /** So far. */
  get count(): number {
    return this.#count;
  }

  /** Something that has to be stored came about without a write. */
  changed(): void {
    this.#count += 1;
  }

  async apply(
    operations: readonly Operation[],
    bytes: number,
    signal: AbortSignal,
    onWritten?: (written: Cost) => void,
  ): Promise<void> {
    if (operations.length > 0) {
      await this.#counted(this.#options.writer.apply(operations, signal, onWritten));
    }
    this.#options.progress.bytesApplied += bytes;
  }

  /** Writes documents under keys that have none. */
  insert(documents: readonly Operation[], signal: AbortSignal): Promise<void> {
    return this.#counted(this.#options.writer.insertAbsent(documents, signal));
  }

  /** What the source has is no operation of this stream, which would not tell when what is held is of the past. */
  async insertFound(documents: readonly Operation[], signal: AbortSignal): Promise<void> {
    const { writer, target } = this.#options;
    await this.insert(documents, signal);
    if (documents.some(({ key }) => writer.deferred.holds(key))) throw uniqueRefusal(target, writer.deferred);
  }

  /** Removes exactly these documents. */
  remove(surplus: readonly Operation[], signal: AbortSignal): Promise<void> {
    return this.#counted(this.#options.writer.removeExactly(surplus, signal));
  }

  /** Tries what a unique index refused again. */
  retryDeferred(signal: AbortSignal): Promise<void> {
    return this.#counted(this.#options.writer.retryDeferred(signal));
  }

  /** Servers take any text for a revision and turn rubbish into the largest one (reference 4.4): never send it. */
  checked(operations: readonly Operation[]): readonly Operation[] {
    if (!this.#options.target.keepsRevisions) return operations;
    for (const { kind, key, revision } of operations) {
      if (kind !== 'put') continue;
      if (!isRevision(revision)) {
        throw new ShardFailed(
          `${shardLabel(this.#options.target)}: the document with key "${key}" has "${revision}" as its _rev.`,
        );
      }
      this.#position.noteRevision(revision);
    }
    return operations;
  }

  /** At both ends: a checkpoint in between has synced only a part of it. */
  async #counted(work: Promise<void>): Promise<void> {
    this.#count += 1;
    await work;
    this.#count += 1;
  }
}
