import { type Checkpoint, compareTicks, type FrameHeader, type Tick, type Witness } from '../queue.ts';
import { compareRevisions, isRevision } from '../revision.ts';
import { newestWitnesses } from './checkpoint-documents.ts';
import { CopyOver } from './copy-over.ts';
import type { Environment, TargetLimits } from './environment.ts';
import { ReopenStream, ShardFailed } from './failures.ts';
import type { FloorMark } from './floor-group.ts';
import type { Arrival, Inbox } from './inbox.ts';
import { documentsOf, type Operation, operationsOf } from './lines.ts';
import type { LinkSession } from './link-session.ts';
import type { ShardProgress } from './shard-progress.ts';
import { type ShardTarget, shardLabel } from './shard-target.ts';
import type { ShardWriter } from './shard-writer.ts';
import type { TargetBatch, TreeSummary } from './target-batch.ts';

/** A document that a unique index refuses for longer than this: the shard is compared by a copy. */
const DEFERRED_MS_MAX = 60_000;
/** A snapshot of the target is renewed after this; servers keep it for 300 s. */
const BATCH_RENEW_MS = 60_000;

type Header<Kind extends FrameHeader['kind']> = Extract<FrameHeader, { kind: Kind }>;

export interface StreamOptions {
  readonly target: ShardTarget;
  readonly epoch: string;
  readonly sourceDeployment: string;
  /** With which the stream was opened. */
  readonly checkpoint: Checkpoint | undefined;
  /** Largest revision ever applied before, `''` when unknown. */
  readonly forkRevision: string;
  /** Ask for the source's tree before going on: the target may have lost writes (S6). */
  readonly verify: boolean;
  readonly inbox: Inbox;
  readonly link: LinkSession;
  readonly writer: ShardWriter;
  readonly openBatch: (signal: AbortSignal) => Promise<TargetBatch>;
  /** Must be done before the first document of a copy is written (crash safety). */
  readonly beforeCopy: (reason: string) => Promise<void>;
  readonly onProgress: () => void;
  /** The shard was compared with the source, or copied: what a restart of the target lost is back. */
  readonly onVerified: () => void;
  readonly progress: ShardProgress;
  readonly environment: Environment;
  readonly limits: TargetLimits;
}

/** Whence the sender reads. */
interface Origin {
  readonly dbServer: string;
  readonly serverId: string;
  readonly cuid: string;
}

/**
 * Applies one stream of one shard:
 *
 * ```
 *              opened{tail, from = checkpoint}
 *   waiting ───────────────────────────────────► streaming ◄─┐ ops, tree (equal), floors
 *      │                                           ▲   │     │
 *      │ opened{copy, from = snapshot}   copy{last}│   └─────┘
 *      └─────────────────────────────► copying ────┘
 *                                       │   ▲
 *                                       └───┘ copy
 * ```
 * Anything else — another place than the next (S15), `broken`, a tree that differs, another deployment — ends the stream
 * by an exception; the shard then opens a new one from its checkpoint.
 *
 * Invariant: {@link checkpoint} never covers an operation that is not answered by the target, ends inside no transaction,
 * and does not move while documents are held back.
 */
export class StreamSession {
  readonly #options: StreamOptions;
  #origin: Origin | undefined;
  /** Where the stream is: `from` of the next operations. */
  #position: Tick | undefined;
  /** Where its own frames came to; a floor moves {@link #position} alone. */
  #framePosition: Tick | undefined;
  /** The last position that may be stored. */
  #storable: Tick | undefined;
  #insideTransaction = false;
  #forkRevision: string;
  #witnesses: readonly Witness[];
  #group: FloorMark['group'] | undefined;
  #copy: { readonly over: CopyOver; readonly batch: TargetBatch } | undefined;
  #copying = false;
  #batchRenewedAt = 0;
  #deferredSince: number | undefined;
  #acknowledged = 0;
  #applied = 0;
  #writes = 0;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#forkRevision = options.forkRevision;
    this.#witnesses = options.checkpoint?.witnesses ?? [];
  }

  /** Writes so far. */
  get writes(): number {
    return this.#writes;
  }

  get lastSeq(): number {
    return this.#applied;
  }

  /** Undefined while nothing may be stored. */
  get checkpoint(): Checkpoint | undefined {
    this.#reachFloor(this.#options.inbox.floorReached);
    if (this.#origin === undefined || this.#storable === undefined || this.#copying) return undefined;
    return {
      epoch: this.#options.epoch,
      sourceDeployment: this.#options.sourceDeployment,
      ...this.#origin,
      targetCollectionId: this.#options.target.collectionId,
      tick: this.#storable,
      forkRevision: this.#forkRevision,
      witnesses: this.#witnesses,
    };
  }

  /** The floor that the shard stands on. */
  get group(): FloorMark['group'] | undefined {
    return this.#group;
  }

  /** Applies until the stream ends; always rejects. */
  async run(signal: AbortSignal): Promise<never> {
    const { inbox, link } = this.#options;
    try {
      for (;;) {
        const arrivals = await inbox.take(signal);
        for (const piece of piecesOf(arrivals, this.#options.limits.writeBytes)) {
          await this.#apply(piece, signal);
          inbox.applied(piece);
          this.#applied += piece.length;
          this.#acknowledge();
          this.#options.onProgress();
        }
      }
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error));
      link.close(inbox, reason);
      throw reason;
    } finally {
      await this.#copy?.batch.close();
    }
  }

  #acknowledge(): void {
    if (this.#acknowledged === this.#applied) return;
    this.#acknowledged = this.#applied;
    const { link, inbox } = this.#options;
    link.send({ kind: 'ack', channel: inbox.channel, stream: inbox.stream, seq: this.#applied });
  }

  /** Tells the sender that everything up to a tick is durable. */
  acknowledgeDurable(tick: Tick): void {
    const { link, inbox } = this.#options;
    link.send({ kind: 'ack', channel: inbox.channel, stream: inbox.stream, seq: this.#applied, durable: tick });
  }

  /** One frame, or several `ops` that follow each other. */
  async #apply(piece: readonly Arrival[], signal: AbortSignal): Promise<void> {
    const [first] = piece;
    if (first === undefined) return;
    if ((first.header.seq === 1) !== (first.header.kind === 'opened')) {
      throw new ReopenStream(`frame ${first.header.seq} of the stream is ${first.header.kind}`);
    }
    switch (first.header.kind) {
      case 'opened':
        return this.#opened(first.header);
      case 'copy':
        return this.#applyCopy(first.header, first.body, signal);
      case 'ops':
        return this.#applyOperations(piece, signal);
      case 'tree':
        return this.#compareTree(first, first.header, signal);
      case 'broken':
        throw this.#broken(first.header);
      case 'inventory':
        throw new ReopenStream('an inventory came on the channel of a shard');
    }
  }

  async #opened(header: Header<'opened'>): Promise<void> {
    const { checkpoint, sourceDeployment, progress, link, inbox, verify } = this.#options;
    if (header.sourceDeployment !== sourceDeployment) {
      throw new ShardFailed(
        `${this.#label}: the source is deployment ${header.sourceDeployment}, but ${sourceDeployment} is replicated: ` +
          'nothing is written. Stop this synchronization and configure it again.',
      );
    }
    this.#origin = { dbServer: header.dbServer, serverId: header.serverId, cuid: header.cuid };
    progress.way = header.way;
    progress.reason = header.reason;
    if (header.way === 'copy') {
      await this.#options.beforeCopy(header.reason);
      this.#copying = true;
      this.#position = header.from;
      this.#framePosition = header.from;
      this.#witnesses = [];
      progress.status = 'initial-sync';
      progress.documentsCopied = 0;
      progress.documentsExpected = header.expectedDocuments;
      return;
    }
    if (checkpoint === undefined || header.from !== checkpoint.tick) {
      throw new ReopenStream(`the sender goes on from ${header.from}, the checkpoint is ${checkpoint?.tick ?? 'none'}`);
    }
    this.#position = header.from;
    this.#framePosition = header.from;
    this.#storable = header.from;
    progress.status = 'running';
    if (verify) link.send({ kind: 'verify', channel: inbox.channel, stream: inbox.stream });
  }

  async #applyCopy(header: Header<'copy'>, body: Uint8Array, signal: AbortSignal): Promise<void> {
    if (!this.#copying) throw new ReopenStream('a piece of a snapshot came outside of a copy');
    const documents = this.#checked(documentsOf(body));
    const { writer, progress } = this.#options;
    const { over } = await this.#copyOver(signal);
    for await (const surplus of over.surplusUpTo(documents, signal)) await this.#remove(surplus, signal);
    await this.#write(documents, body.byteLength, signal);
    progress.documentsCopied += documents.length;
    if (!header.last) return;
    for (let rest = await over.nextSurplus(signal); rest !== undefined; rest = await over.nextSurplus(signal)) {
      await this.#remove(rest, signal);
    }
    await writer.retryDeferred(signal);
    if (writer.deferred.size > 0) throw this.#uniqueFailure();
    await this.#endCopy();
  }

  async #endCopy(): Promise<void> {
    await this.#copy?.batch.close();
    this.#copy = undefined;
    this.#copying = false;
    this.#storable = this.#position;
    // A copy of nothing is a change as well: its checkpoint has to be stored.
    this.#writes += 1;
    this.#options.progress.status = 'running';
    this.#options.onVerified();
  }

  async #copyOver(signal: AbortSignal): Promise<{ readonly over: CopyOver; readonly batch: TargetBatch }> {
    const { environment, limits, openBatch, target } = this.#options;
    const now = environment.now();
    if (this.#copy === undefined) {
      const batch = await openBatch(signal);
      const next = (chunkSignal: AbortSignal) => batch.nextDocuments(limits.dumpChunkBytes, chunkSignal);
      this.#copy = { batch, over: new CopyOver(target, { next }) };
      this.#batchRenewedAt = now;
    } else if (now - this.#batchRenewedAt > BATCH_RENEW_MS) {
      await this.#copy.batch.keepAlive(signal);
      this.#batchRenewedAt = now;
    }
    return this.#copy;
  }

  async #applyOperations(piece: readonly Arrival[], signal: AbortSignal): Promise<void> {
    if (this.#copying) throw new ReopenStream('operations came before the end of the snapshot');
    const operations: Operation[] = [];
    let bytes = 0;
    for (const arrival of piece) {
      const header = arrival.header as Header<'ops'>;
      this.#reachFloor(arrival.floorBefore);
      // A floor says that there was nothing in between: going on from before it leaves nothing out.
      if (header.from !== this.#position && header.from !== this.#framePosition) {
        throw new ReopenStream(`operations from ${header.from} came at position ${this.#position}`);
      }
      this.#position = header.to;
      this.#framePosition = header.to;
      operations.push(...this.#checked(operationsOf(arrival.body)));
      bytes += arrival.body.byteLength;
    }
    await this.#write(operations, bytes, signal);
    this.#passed(piece.map(({ header }) => header as Header<'ops'>));
  }

  #passed(headers: readonly Header<'ops'>[]): void {
    const { progress, environment } = this.#options;
    for (const header of headers) {
      progress.operationsApplied += header.operations;
      progress.readAt = header.readAt;
      this.#insideTransaction = !header.complete;
      if (header.witnesses.length > 0) this.#witnesses = newestWitnesses(header.witnesses, this.#witnesses);
    }
    if (headers.some(({ operations }) => operations > 0)) progress.lastDataChangeAt = environment.now();
    this.#settle();
  }

  /** The position may be stored, unless a transaction is open or documents are held back. */
  #settle(): void {
    const { writer, environment } = this.#options;
    if (writer.deferred.size > 0) {
      this.#deferredSince ??= environment.now();
      return;
    }
    this.#deferredSince = undefined;
    if (!this.#insideTransaction) this.#storable = this.#position;
  }

  /** Ends the stream when documents have been held back for too long. */
  checkDeferred(now: number): void {
    if (this.#deferredSince === undefined || now - this.#deferredSince <= DEFERRED_MS_MAX) return;
    const why = this.#uniqueFailure().message;
    this.#options.link.close(this.#options.inbox, new ReopenStream(why, { copyBecause: why }));
  }

  async #compareTree(arrival: Arrival, header: Header<'tree'>, signal: AbortSignal): Promise<void> {
    this.#reachFloor(arrival.floorBefore);
    if (header.tick !== this.#position) {
      throw new ReopenStream(`a tree at ${header.tick} came at position ${this.#position}`);
    }
    if (this.#options.writer.deferred.size > 0) return;
    const own = await this.#ownTree(signal);
    const { progress, environment } = this.#options;
    if (own.count === header.count && own.hash === header.hash) {
      progress.reason = `${progress.reason}; compared with the source: equal (${own.count} documents)`;
      this.#options.onVerified();
      environment.log.info('a shard was compared with the source and is equal', { shard: this.#label, ...own });
      return;
    }
    const why = `revision trees differ: the source has ${header.count} documents, the target ${own.count}`;
    throw new ReopenStream(why, { copyBecause: why });
  }

  async #ownTree(signal: AbortSignal): Promise<TreeSummary> {
    const batch = await this.#options.openBatch(signal);
    try {
      return await batch.tree(signal);
    } finally {
      await batch.close();
    }
  }

  #broken(header: Header<'broken'>): ReopenStream {
    return new ReopenStream(`${header.code}: ${header.reason}`, {
      ...(header.copy ? { copyBecause: header.reason } : {}),
      ...(header.retryAfterMs === undefined ? {} : { afterMs: header.retryAfterMs }),
    });
  }

  #reachFloor(floor: FloorMark | undefined): void {
    if (floor === undefined || this.#position === undefined || this.#copying) return;
    this.#group = floor.group;
    if (floor.witnesses.length > 0) this.#witnesses = newestWitnesses(floor.witnesses, this.#witnesses);
    const { progress } = this.#options;
    if (progress.readAt === undefined || floor.readAt > progress.readAt) progress.readAt = floor.readAt;
    if (compareTicks(floor.tick, this.#position) <= 0) return;
    this.#position = floor.tick;
    // Between two transactions: a floor never comes inside of one that touches this shard.
    this.#insideTransaction = false;
    if (this.#options.writer.deferred.size === 0) this.#storable = floor.tick;
  }

  async #write(operations: readonly Operation[], bytes: number, signal: AbortSignal): Promise<void> {
    if (operations.length > 0) {
      // Counted at both ends: a checkpoint in between has synced only a part of it.
      this.#writes += 1;
      await this.#options.writer.apply(operations, signal);
      this.#writes += 1;
    }
    this.#options.progress.bytesApplied += bytes;
  }

  async #remove(surplus: readonly Operation[], signal: AbortSignal): Promise<void> {
    this.#writes += 1;
    await this.#options.writer.removeExactly(surplus, signal);
    this.#writes += 1;
  }

  /** Servers take any text for a revision and turn rubbish into the largest one (reference 4.4): never send it. */
  #checked(operations: readonly Operation[]): readonly Operation[] {
    for (const { kind, key, revision } of operations) {
      if (kind !== 'put') continue;
      if (!isRevision(revision)) {
        throw new ShardFailed(`${this.#label}: the document with key "${key}" has "${revision}" as its _rev.`);
      }
      if (this.#forkRevision === '' || compareRevisions(revision, this.#forkRevision) > 0)
        this.#forkRevision = revision;
    }
    return operations;
  }

  #uniqueFailure(): ShardFailed {
    const { deferred } = this.#options.writer;
    return new ShardFailed(
      `${this.#label}: a unique index of the target refuses ${deferred.size} documents (error 1210), the first with key ` +
        `"${deferred.operations[0]?.key}". Compare the unique indexes of both sides; drop the one that the source lacks.`,
    );
  }

  get #label(): string {
    return shardLabel(this.#options.target);
  }
}

/** Frames that are applied together: `ops` that follow each other, up to the size of a write; any other alone. */
function* piecesOf(arrivals: readonly Arrival[], bytesMax: number): Generator<readonly Arrival[]> {
  let piece: Arrival[] = [];
  let bytes = 0;
  for (const arrival of arrivals) {
    const joins = arrival.header.kind === 'ops' && piece[0]?.header.kind === 'ops' && bytes + arrival.bytes <= bytesMax;
    if (!joins && piece.length > 0) {
      yield piece;
      piece = [];
      bytes = 0;
    }
    piece.push(arrival);
    bytes += arrival.bytes;
  }
  if (piece.length > 0) yield piece;
}
