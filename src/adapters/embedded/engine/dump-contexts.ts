import { Batch } from './batches.ts';
import type { Collection } from './collection.ts';
import { LineWriter } from './line-writer.ts';
import type { ServerState } from './state.ts';

export interface DumpOptions {
  readonly database: string;
  readonly user: string;
  readonly shards: readonly Collection[];
  /** Bytes of one batch, about. */
  readonly batchSize: number;
  readonly documentsPerBatch: number;
  readonly ttlSeconds: number;
}

/** One batch of a parallel dump: documents of one shard, one per line. */
export interface DumpedBatch {
  readonly shard: string;
  readonly body: readonly Buffer[];
}

/** A parallel dump under way (5.6): a snapshot without a tick, read in batches that can be asked for again. */
export class DumpContext {
  readonly id: string;
  readonly options: DumpOptions;
  readonly snapshot: Batch;
  readonly #batches = new Map<number, DumpedBatch | undefined>();
  #shard = 0;
  #next = 0;

  constructor(id: string, options: DumpOptions, snapshot: Batch) {
    this.id = id;
    this.options = options;
    this.snapshot = snapshot;
  }

  /** The batch with this number, the same each time until it is freed; undefined at the end. */
  batch(number: number): DumpedBatch | undefined {
    if (!this.#batches.has(number)) this.#batches.set(number, this.#read());
    return this.#batches.get(number);
  }

  free(number: number): void {
    this.#batches.delete(number);
  }

  #read(): DumpedBatch | undefined {
    const { shards, batchSize, documentsPerBatch } = this.options;
    for (; this.#shard < shards.length; this.#shard++, this.#next = 0) {
      const shard = shards[this.#shard] as Collection;
      const versions = this.snapshot.versions(shard).slice(this.#next, this.#next + documentsPerBatch);
      if (versions.length === 0) continue;
      const writer = new LineWriter();
      for (const version of versions) {
        if (writer.length >= batchSize) break;
        writer.bytes(version.buffer, version.start, version.end);
        writer.bytes(NEWLINE);
        this.#next++;
      }
      return { shard: shard.name, body: writer.pieces() };
    }
    return undefined;
  }
}

const NEWLINE = Buffer.from('\n');

/** The parallel dumps of one server. Memory only; each ends when it was not used for its ttl. */
export class DumpContexts {
  readonly #state: ServerState;
  readonly #contexts = new Map<string, DumpContext>();
  #lastNumber = 0;

  constructor(state: ServerState) {
    this.#state = state;
  }

  start(options: DumpOptions): DumpContext {
    this.expire();
    const { log, snapshots, environment } = this.#state;
    const id = `dump-${++this.#lastNumber}`;
    const ttlMs = options.ttlSeconds * 1000;
    const context = new DumpContext(id, options, new Batch(id, log.lastTick, ttlMs, environment.now()));
    snapshots.hold(context.snapshot.lastTick);
    this.#contexts.set(id, context);
    return context;
  }

  /** The context, renewed. */
  get(id: string): DumpContext | undefined {
    this.expire();
    const context = this.#contexts.get(id);
    if (context !== undefined) context.snapshot.expiresAt = this.#state.environment.now() + context.snapshot.ttlMs;
    return context;
  }

  end(context: DumpContext): void {
    if (this.#contexts.delete(context.id)) this.#state.snapshots.release(context.snapshot.lastTick);
  }

  expire(): void {
    const now = this.#state.environment.now();
    for (const context of this.#contexts.values()) if (context.snapshot.expiresAt < now) this.end(context);
  }

  clear(): void {
    for (const context of this.#contexts.values()) this.end(context);
  }
}
