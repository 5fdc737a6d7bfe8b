import type { Checkpoint, DifferenceQuestion, FrameHeader, Tick } from '../queue.ts';
import { isRevision } from '../revision.ts';
import type { CatchUp, CatchUpHeader, CatchUpPorts } from './catch-up.ts';
import { type CatchUpOptions, CopySession } from './copy-session.ts';
import { DifferenceSession } from './difference-session.ts';
import { brokenBySource, ReopenStream, ShardFailed } from './failures.ts';
import type { FloorGroup, FloorMark } from './floor-group.ts';
import type { Arrival } from './inbox.ts';
import { type Operation, operationsOf } from './lines.ts';
import { piecesOf } from './pieces.ts';
import { shardLabel } from './shard-target.ts';
import type { Comparable } from './stored-position.ts';
import type { StreamOptions } from './stream-options.ts';
import { StreamPosition } from './stream-position.ts';
import { treeNow } from './target-batch.ts';

/** A document that a unique index refuses for longer than this: the shard is compared by a copy. */
const DEFERRED_MS_MAX = 60_000;

/** Stands behind why a way was taken, for the newest comparison only. */
const COMPARED = '; compared with the source';

type Header<Kind extends FrameHeader['kind']> = Extract<FrameHeader, { kind: Kind }>;

/**
 * Applies one stream of one shard:
 *
 * ```
 *              opened{tail, from = checkpoint}
 *   waiting ───────────────────────────────────► streaming ◄─┐ ops, tree (equal), floors
 *      │                                           ▲   │     │
 *      │ opened{copy | difference, from = snapshot}│   └─────┘
 *      └─────────────────────────────► catching up ┘ done
 *                                       │   ▲
 *                                       └───┘ copy, digest, revisions
 * ```
 * Anything else — another place than the next (S15), `broken`, a tree that differs, another deployment — ends the stream
 * by an exception; the shard then opens a new one from its checkpoint.
 */
export class StreamSession {
  readonly #options: StreamOptions;
  readonly #position: StreamPosition;
  #catchUp: CatchUp | undefined;
  #caughtUpFor: number | undefined;
  #deferredSince: number | undefined;
  #acknowledged = 0;
  #applied = 0;
  #writes = 0;

  constructor(options: StreamOptions) {
    this.#options = options;
    const { epoch, sourceDeployment, target, forkRevision, checkpoint } = options;
    const witnesses = checkpoint?.witnesses ?? [];
    const { collectionId: targetCollectionId } = target;
    this.#position = new StreamPosition({ epoch, sourceDeployment, targetCollectionId, forkRevision, witnesses });
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
    return this.#position.checkpoint;
  }

  /** The floor that the shard stands on. */
  get group(): FloorGroup | undefined {
    return this.#position.group;
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
      await this.#catchUp?.close();
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
        return this.#opened(first.header, signal);
      case 'copy':
      case 'digest':
      case 'revisions':
        return this.#takeCatchUp(first.header, first.body, signal);
      case 'ops':
        return this.#applyOperations(piece, signal);
      case 'tree':
        return this.#compareTree(first, first.header, signal);
      case 'broken':
        throw brokenBySource(first.header);
      case 'inventory':
        throw new ReopenStream('an inventory came on the channel of a shard');
    }
  }

  async #opened(header: Header<'opened'>, signal: AbortSignal): Promise<void> {
    const { checkpoint, sourceDeployment, progress, verify } = this.#options;
    if (header.sourceDeployment !== sourceDeployment) {
      throw new ShardFailed(
        `${this.#label}: the source is deployment ${header.sourceDeployment}, but ${sourceDeployment} is replicated: ` +
          'nothing is written. Stop this synchronization and configure it again.',
      );
    }
    progress.way = header.way;
    progress.reason = header.reason;
    if (header.way !== 'tail') return this.#openCatchUp(header, signal);
    if (checkpoint === undefined || header.from !== checkpoint.tick) {
      throw new ReopenStream(`the sender goes on from ${header.from}, the checkpoint is ${checkpoint?.tick ?? 'none'}`);
    }
    this.#position.open(header);
    progress.status = 'running';
    if (verify) this.askForTree();
  }

  /** The source sends its tree at a place of the stream where ours can be compared with it. */
  askForTree(): void {
    const { link, inbox } = this.#options;
    link.send({ kind: 'verify', channel: inbox.channel, stream: inbox.stream });
  }

  async #openCatchUp(header: Header<'opened'>, signal: AbortSignal): Promise<void> {
    const { progress, compare } = this.#options;
    if (header.way === 'difference' && compare === undefined) {
      throw new ReopenStream('the sender compares a shard of which nobody knows where its documents came from');
    }
    await this.#options.beforeCatchUp(header.reason, signal);
    this.#caughtUpFor = this.#options.suspicion();
    this.#catchUp = header.way === 'copy' ? new CopySession(this.#catchUpOptions()) : this.#difference(compare);
    this.#position.open(header);
    progress.status = 'initial-sync';
    progress.documentsCopied = 0;
    progress.documentsExpected = header.expectedDocuments;
  }

  #difference(compare: Comparable | undefined): DifferenceSession {
    const { link, inbox } = this.#options;
    const { channel, stream } = inbox;
    const ask = (question: DifferenceQuestion) => link.send({ ...question, channel, stream });
    return new DifferenceSession({ ...this.#catchUpOptions(), since: compare?.since, ask });
  }

  #catchUpOptions(): CatchUpOptions {
    const { target, openBatch, progress, environment, limits } = this.#options;
    const ports: CatchUpPorts = {
      write: (documents, bytes, signal) => this.#write(documents, bytes, signal),
      remove: (documents, signal) => this.#remove(documents, signal),
      settle: (signal) => this.#settle(signal),
      checked: (documents) => this.#checked(documents),
    };
    return { target, ports, openBatch, progress, environment, limits };
  }

  async #takeCatchUp(header: CatchUpHeader, body: Uint8Array, signal: AbortSignal): Promise<void> {
    const catchUp = this.#catchUp;
    if (catchUp === undefined) throw new ReopenStream(`${header.kind} came outside of a catch-up`);
    if (!(await catchUp.take(header, body, signal))) return;
    const { progress, onVerified } = this.#options;
    await catchUp.close();
    this.#catchUp = undefined;
    this.#options.inbox.caughtUp();
    this.#position.caughtUp();
    // To have come there with nothing to do is a change as well: its checkpoint has to be stored.
    this.#writes += 1;
    progress.status = 'running';
    onVerified(progress.way === 'copy' ? 'copied' : 'repaired', this.#caughtUpFor);
  }

  async #settle(signal: AbortSignal): Promise<void> {
    const { writer } = this.#options;
    await writer.retryDeferred(signal);
    if (writer.deferred.size > 0) throw this.#uniqueFailure();
  }

  async #applyOperations(piece: readonly Arrival[], signal: AbortSignal): Promise<void> {
    if (this.#catchUp !== undefined) throw new ReopenStream('operations came before the end of a catch-up');
    const operations: Operation[] = [];
    const headers: Header<'ops'>[] = [];
    let bytes = 0;
    for (const { header, body, floorBefore } of piece) {
      if (header.kind !== 'ops') continue;
      this.#reachFloor(floorBefore);
      this.#position.enter(header);
      headers.push(header);
      operations.push(...this.#checked(operationsOf(body)));
      bytes += body.byteLength;
    }
    await this.#write(operations, bytes, signal);
    this.#passed(headers);
  }

  #passed(headers: readonly Header<'ops'>[]): void {
    const { progress, environment, writer } = this.#options;
    const count = headers.reduce((sum, { operations }) => sum + operations, 0);
    progress.operationsApplied += count;
    progress.readAt = headers.at(-1)?.readAt ?? progress.readAt;
    if (count > 0) progress.lastDataChangeAt = environment.now();
    const isHeld = writer.deferred.size > 0;
    this.#deferredSince = isHeld ? (this.#deferredSince ?? environment.now()) : undefined;
    this.#position.applied(headers, isHeld);
  }

  /** Ends the stream when documents have been held back for too long. */
  checkDeferred(now: number): void {
    if (this.#deferredSince === undefined || now - this.#deferredSince <= DEFERRED_MS_MAX) return;
    const why = this.#uniqueFailure().message;
    this.#options.link.close(this.#options.inbox, new ReopenStream(why, { catchUpBecause: why, copy: true }));
  }

  async #compareTree(arrival: Arrival, header: Header<'tree'>, signal: AbortSignal): Promise<void> {
    this.#reachFloor(arrival.floorBefore);
    if (header.tick !== this.#position.tick) {
      throw new ReopenStream(`a tree at ${header.tick} came at position ${this.#position.tick}`);
    }
    if (this.#options.writer.deferred.size > 0) return;
    const suspicion = this.#options.suspicion();
    const own = await treeNow(this.#options.openBatch, signal);
    const { progress, lines } = this.#options;
    if (own.count === header.count && own.hash === header.hash) {
      const [way] = progress.reason.split(COMPARED);
      progress.reason = `${way}${COMPARED}: equal (${own.count} documents)`;
      this.#options.onVerified('equal', suspicion);
      lines.say('info', 'a shard was compared with the source and is equal', '', { shard: this.#label, ...own });
      return;
    }
    const why = `revision trees differ: the source has ${header.count} documents, the target ${own.count}`;
    throw new ReopenStream(why, { catchUpBecause: why });
  }

  #reachFloor(floor: FloorMark | undefined): void {
    if (floor === undefined || this.#catchUp !== undefined) return;
    const { progress, writer } = this.#options;
    if (progress.readAt === undefined || floor.readAt > progress.readAt) progress.readAt = floor.readAt;
    this.#position.reachFloor(floor, writer.deferred.size > 0);
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
      this.#position.noteRevision(revision);
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
