import type { Checkpoint, CheckQuestion, FrameHeader, Tick } from '../queue.ts';
import { BlockedDocuments } from './blocked-documents.ts';
import { brokenBySource, ReopenStream, ShardFailed, UniqueRefusal } from './failures.ts';
import type { FloorGroup, FloorMark } from './floor-group.ts';
import type { Arrival } from './inbox.ts';
import { type Operation, operationsOf } from './lines.ts';
import { MovedKeys } from './moved-keys.ts';
import { assertKnownShards } from './opened-shards.ts';
import { piecesOf } from './pieces.ts';
import { lastPerKey } from './runs.ts';
import type { SettlePorts } from './settle-keys.ts';
import { shardLabel } from './shard-target.ts';
import { StreamCatchUp } from './stream-catch-up.ts';
import { StreamComparison } from './stream-comparison.ts';
import type { StreamOptions } from './stream-options.ts';
import { StreamPosition } from './stream-position.ts';
import { StreamWrites } from './stream-writes.ts';
import { indexesIn } from './surplus-indexes.ts';

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
  readonly #moved: MovedKeys;
  readonly #writes: StreamWrites;
  readonly #catchUp: StreamCatchUp;
  readonly #comparison: StreamComparison;
  readonly #blocked: BlockedDocuments;
  #floor: FloorMark | undefined;
  readonly #ended = new AbortController();
  #acknowledged = 0;
  #applied = 0;

  constructor(options: StreamOptions) {
    this.#options = options;
    const { epoch, sourceDeployment, target, forkRevision, checkpoint } = options;
    const { stored, link, inbox } = options;
    const ports: SettlePorts = {
      stored,
      remove: (documents, signal) => this.#writes.remove(documents, signal),
      insert: (documents, signal) => this.#writes.insertFound(documents, signal),
    };
    this.#moved = new MovedKeys(ports, (question) =>
      link.send({ ...question, channel: inbox.channel, stream: inbox.stream }),
    );
    const witnesses = checkpoint?.witnesses ?? [];
    const { collectionId: targetCollectionId } = target;
    this.#position = new StreamPosition({ epoch, sourceDeployment, targetCollectionId, forkRevision, witnesses });
    this.#writes = new StreamWrites(options, this.#position);
    this.#catchUp = new StreamCatchUp(options, this.#position, this.#writes);
    this.#comparison = new StreamComparison(options);
    const { writer, environment } = options;
    const askIndexes = () => this.#askForIndexes();
    this.#blocked = new BlockedDocuments({ deferred: writer.deferred, target, environment, askIndexes });
  }

  /** Writes so far. */
  get writes(): number {
    return this.#writes.count;
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
      this.#ended.abort(new Error('the stream has ended'));
      this.#options.writer.deferred.clear();
      await this.#catchUp.close();
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
    // The source may end it before it could open it, and says why.
    if (first.header.kind === 'broken') throw brokenBySource(first.header);
    if ((first.header.seq === 1) !== (first.header.kind === 'opened')) {
      throw new ReopenStream(`frame ${first.header.seq} of the stream is ${first.header.kind}`);
    }
    switch (first.header.kind) {
      case 'opened':
        return this.#opened(first.header, signal);
      case 'copy':
      case 'digest':
      case 'revisions':
      case 'absent':
        return this.#catchUp.take(first.header, first.body, signal);
      case 'ops':
        return this.#applyOperations(piece, signal);
      case 'tree':
        this.#standsAt(first, first.header);
        return this.#comparison.tree(first.header, signal);
      case 'indexes':
        return this.#takeIndexes(first.body, signal);
      case 'found':
        return this.#takeFound(first, first.header, signal);
      case 'contents':
        this.#standsAt(first, first.header);
        return this.#comparison.contents(first.header, first.body, signal);
      case 'scanned':
      case 'looked':
        this.#reachFloor(first.floorBefore);
        return this.#options.told.take(first.header, first.body);
      case 'untold':
        this.#reachFloor(first.floorBefore);
        return this.#comparison.untold(first.header.reason);
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
    const { target, onOtherSource } = this.#options;
    assertKnownShards(header, target, onOtherSource);
    const { note, revisionOrder } = target;
    progress.way = header.way === 'content' ? 'difference' : header.way;
    progress.reason = note === '' ? header.reason : `${header.reason}; ${note}`;
    progress.comparedBy = revisionOrder ? undefined : 'content';
    const server = `${header.dbServer}/${header.serverId}`;
    if (header.way === 'tail' && progress.server === server) progress.lag.goBackTo(header.from);
    else progress.lag.forget();
    progress.server = server;
    progress.dbServer = header.dbServer;
    this.#blocked.opened(header.way === 'tail' ? header.logEnd : header.from);
    if (header.way !== 'tail') return this.#catchUp.begin(header, signal);
    if (checkpoint === undefined || header.from !== checkpoint.tick) {
      throw new ReopenStream(`the sender goes on from ${header.from}, the checkpoint is ${checkpoint?.tick ?? 'none'}`);
    }
    this.#position.open(header);
    progress.waitsForCopy = false;
    progress.status = 'running';
    if (verify) this.askForTree();
  }

  /** The source sends its tree at a place of the stream where ours can be compared with it; or what a check asks. */
  askForTree(check?: CheckQuestion): void {
    const { link, inbox } = this.#options;
    const { channel, stream } = inbox;
    link.send({ kind: 'verify', channel, stream, ...(check === undefined ? {} : { check }) });
  }

  #askForIndexes(): void {
    const { link, inbox } = this.#options;
    link.send({ kind: 'indexes', channel: inbox.channel, stream: inbox.stream });
  }

  /** What the source does not have refuses what the source may hold: it goes, and what it refused finds its place (S13). */
  async #takeIndexes(body: Uint8Array, signal: AbortSignal): Promise<void> {
    const { writer, target, dropSurplusUnique, progress } = this.#options;
    if (!target.uniqueIndexes && writer.deferred.size === 0) return;
    const dropped = await dropSurplusUnique(indexesIn(body), signal);
    if (dropped.length > 0)
      progress.reason += `; dropped unique indexes that the source does not have: ${dropped.join(', ')}`;
    if (this.#catchUp.isRunning || writer.deferred.size === 0) return;
    await this.#orCompared(this.#writes.retryDeferred(signal));
    if (!this.#isHeld) this.#position.released();
    this.#blocked.answered();
    this.#checkBlocked();
  }

  async #applyOperations(piece: readonly Arrival[], signal: AbortSignal): Promise<void> {
    if (this.#catchUp.isRunning) throw new ReopenStream('operations came before the end of a catch-up');
    const operations: Operation[] = [];
    const headers: Header<'ops'>[] = [];
    let bytes = 0;
    for (const { header, body, floorBefore } of piece) {
      if (header.kind !== 'ops') continue;
      this.#reachFloor(floorBefore);
      this.#position.enter(header);
      headers.push(header);
      operations.push(...this.#writes.checked(operationsOf(body)));
      bytes += body.byteLength;
    }
    await this.#orCompared(this.#writeOrAsk(operations, bytes, signal));
    this.#passed(headers);
  }

  #passed(headers: readonly Header<'ops'>[]): void {
    const { progress, environment } = this.#options;
    const count = headers.reduce((sum, { operations }) => sum + operations, 0);
    progress.operationsApplied += count;
    if (count > 0) progress.lastDataChangeAt = environment.now();
    const last = headers.at(-1);
    if (!this.#isHeld && last !== undefined) progress.lag.shows(last.asOf, last.to, this.#options.link.link);
    this.#position.applied(headers, this.#isHeld);
    this.#checkBlocked();
  }

  /** While removals are not settled one of them may free what blocks. */
  #checkBlocked(): void {
    this.#blocked.cameTo(this.#moved.isSettled ? this.#position.tick : undefined);
  }

  /** More is refused than can be held: what differs is moved instead. */
  async #orCompared(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!(error instanceof UniqueRefusal)) throw error;
      throw new ReopenStream(error.message, { catchUpBecause: error.message });
    }
  }

  /** What a catch-up holds of the target lives on, however long its writes are held back. */
  async keepAlive(now: number): Promise<void> {
    await this.#catchUp.keepAlive(now, this.#ended.signal);
  }

  /** Ends the stream when documents have been held back for too long. */
  checkDeferred(now: number): void {
    const reason = this.#blocked.overdue(now);
    if (reason !== undefined) this.#options.link.close(this.#options.inbox, reason);
  }

  /** What the source told of itself can be compared only where it told it. */
  #standsAt({ floorBefore }: Arrival, { kind, tick }: Header<'tree' | 'contents'>): void {
    this.#reachFloor(floorBefore);
    if (tick === this.#position.tick) return;
    throw new ReopenStream(`a ${kind} at ${tick} came at position ${this.#position.tick}`);
  }

  #reachFloor(floor: FloorMark | undefined): void {
    if (floor === undefined || this.#catchUp.isRunning) return;
    const { progress, link } = this.#options;
    // What came behind the floor may be applied by now: it counts once.
    if (!this.#isHeld && floor !== this.#floor) progress.lag.stands(floor, link.link);
    this.#floor = floor;
    this.#position.reachFloor(floor, this.#isHeld);
    if (this.#moved.isSettled) this.#blocked.reached(floor.tick);
  }

  /** Removals by which documents may only have moved are asked for; what comes behind them is applied meanwhile. */
  async #writeOrAsk(operations: readonly Operation[], bytes: number, signal: AbortSignal): Promise<void> {
    if (!this.#options.target.mayMove) return this.#writes.apply(operations, bytes, signal);
    const last = lastPerKey(operations);
    await this.#writes.apply(
      last.filter(({ kind }) => kind === 'put'),
      bytes,
      signal,
    );
    const removed = last.filter(({ kind }) => kind === 'remove');
    // What waited for its turn is of the past: what becomes of the key the source tells.
    for (const { key } of removed) this.#options.writer.deferred.forget(key);
    await this.#moved.add(
      removed.map(({ key }) => key),
      signal,
    );
  }

  async #takeFound({ body, floorBefore }: Arrival, header: Header<'found'>, signal: AbortSignal): Promise<void> {
    if (this.#catchUp.isRunning) return this.#catchUp.take(header, body, signal);
    this.#reachFloor(floorBefore);
    await this.#orCompared(this.#moved.found(body, signal));
    await this.#orCompared(this.#options.writer.retryDeferred(signal));
    this.#position.applied([], this.#isHeld);
    this.#checkBlocked();
  }

  /** Something that was taken is not done yet: no position behind it may be stored. */
  get #isHeld(): boolean {
    return this.#options.writer.deferred.size > 0 || !this.#moved.isSettled;
  }

  get #label(): string {
    return shardLabel(this.#options.target);
  }
}
