import type { ShardRef } from '../../wire/shards.ts';
import type { ShardReport } from '../../wire/worker.ts';
import { ArangoError, ArangoUnreachable } from '../arango.ts';
import { bytesOf } from '../bytes-of.ts';
import { collectionFacts } from '../collection-facts.ts';
import { isoTime } from '../iso-time.ts';
import { shardKey } from '../markers.ts';
import { OVER } from '../over.ts';
import { type CheckQuestion, compareTicks, type DifferenceQuestion, type Tick } from '../queue.ts';
import { DocumentAnswers, isOfDocuments } from './answer-documents.ts';
import { Questions } from './answer-questions.ts';
import { StreamBroken } from './broken.ts';
import { type CatchUpPorts, sendContent, sendCopy, sendDifference } from './catch-up.ts';
import { whenAborted } from './environment.ts';
import { findEverywhere } from './find-everywhere.ts';
import { Member } from './member.ts';
import { type Way, wayFor } from './opening.ts';
import { OperationBuffer } from './operation-buffer.ts';
import { OwnTail } from './own-tail.ts';
import { mayRead } from './read-throttle.ts';
import type { ShardSenderParts } from './sender-parts.ts';
import { shardIndexes } from './shard-indexes.ts';
import type { SourceServer } from './source-server.ts';
import type { ShardPlace } from './topology.ts';
import { contentsOf, snapshotFor } from './verification.ts';
import { type Verification, Verifications } from './verifications.ts';

/** A refusal that may pass: the receiver opens again after it. */
const RETRY_MS = 2_000;

/**
 * Serves one opening of one shard:
 *
 * ```
 *   opening ──► copying ──► own tail ⇄ shared      (copying: all of a snapshot, or what is asked of it)
 *      │                       ▲  │
 *      └───────────────────────┘  ├─► tree at a snapshot's tick, asked for ──► own tail
 *                                 └─► broken: the receiver opens again, from any state
 * ```
 * Invariant: the stream's position is where the receiver stands; {@link #at} is at or before it, between two
 * transactions, and everything up to it is sent. Whatever reads on begins at `#at` and drops what lies at or before the
 * stream's position.
 */
export class ShardSender {
  readonly #parts: ShardSenderParts;
  readonly #stop = new AbortController();
  /** What the shared reader holds for it, and what its own tail does. */
  readonly #readerBuffer: OperationBuffer;
  readonly #tailBuffer: OperationBuffer;
  readonly #key: string;
  readonly #questions = new Questions();
  readonly #documents: DocumentAnswers;
  /** Resolves when nothing of the stream is sent any more. */
  readonly ended: Promise<void>;
  #state: 'opening' | 'copying' | 'own-tail' | 'shared' | 'ended' = 'opening';
  #member: Member | undefined;
  #at: Tick = '0';
  #incarnation = 0;
  readonly #verifications = new Verifications();
  /** Questions of checks that wait for the limit on reads. */
  readonly #held = new Set<string>();
  #way: Way['kind'] | 'none' = 'none';
  #reason = '';
  #copied = 0;
  #finding: Promise<void> = Promise.resolve();
  #expected: number | undefined;
  #bytes = 0;

  constructor(parts: ShardSenderParts) {
    this.#parts = parts;
    const cut = { isOpen: false };
    this.#readerBuffer = new OperationBuffer(parts.place.cuid, cut, parts.held);
    this.#tailBuffer = new OperationBuffer(parts.place.cuid, cut, parts.held);
    this.#key = shardKey(parts.place.database, parts.place.cuid);
    this.#documents = new DocumentAnswers(parts, this.#stop.signal);
    this.ended = this.#run();
  }

  get shard(): ShardRef {
    return this.#parts.task.shard;
  }

  get place(): ShardPlace {
    return this.#parts.place;
  }

  get server(): SourceServer {
    return this.#parts.server;
  }

  /** Its place in the shared reader, when it has one. */
  get member(): Member | undefined {
    return this.#member;
  }

  acknowledge(seq: number, durable: Tick | undefined): void {
    const { stream, reader, server } = this.#parts;
    stream.acknowledge(seq, durable);
    if (durable !== undefined && this.#state !== 'ended') server.pin.set(this, durable);
    reader.acknowledged();
  }

  /** The receiver wants the shard's tree, or to be told something for a check. */
  verify(wanted: CheckQuestion | undefined): void {
    if (wanted === undefined) this.#verifySoon(wanted);
    else if (!isOfDocuments(wanted)) this.#verifyLater(wanted);
    else if (!this.#documents.ask(wanted)) void this.end(tooManyQuestions());
  }

  #verifyLater(wanted: Verification): void {
    const { signal } = this.#stop;
    this.#verifyInTurn(wanted, signal).catch((error: unknown) => {
      if (!signal.aborted) this.#log('what a check asks cannot be told', error);
    });
  }

  /** What is only asked for a check waits for the limit on reads; the stream goes on meanwhile. */
  async #verifyInTurn(wanted: Verification, signal: AbortSignal): Promise<void> {
    const name = JSON.stringify(wanted);
    if (this.#held.has(name)) return;
    this.#held.add(name);
    try {
      await mayRead(this.#parts.stream, this.#parts.throttle, 'copy', signal);
    } finally {
      this.#held.delete(name);
    }
    this.#verifySoon(wanted);
  }

  #verifySoon(wanted: Verification): void {
    if (!this.#verifications.put(wanted)) return void this.end(tooManyQuestions());
    if (this.#state === 'shared' && this.#member !== undefined) this.#parts.reader.leave(this.#member, 'asked');
  }

  /** The receiver wants to know which indexes the shard has now (S13); unanswered, it asks again. */
  tellIndexes(): void {
    const { signal } = this.#stop;
    this.#sendIndexes(signal).catch((error: unknown) => {
      if (!signal.aborted) this.#log('the indexes of a shard cannot be told', error);
    });
  }

  /** The receiver wants to know something of the snapshot by which it is caught up with. */
  ask(question: DifferenceQuestion): void {
    if (question.kind === 'find') {
      this.#finding = this.#finding
        .then(() => this.#findKeys(question.keys))
        .catch((error: unknown) => this.#cannotFind(error));
      return;
    }
    if (!this.#questions.put(question)) void this.end(tooManyQuestions());
  }

  /** Ends the stream: with a reason for the receiver, or silently when it does not listen any more. */
  end(reason: Error): Promise<void> {
    this.#stop.abort(reason);
    return this.ended;
  }

  report(): ShardReport {
    const { task, stream, place, server } = this.#parts;
    const dropped = server.pin.droppedBecause(this);
    const status = { opening: 'initializing', copying: 'initial-sync', ended: 'inactive' } as const;
    return {
      taskId: task.id,
      shard: task.shard,
      status: this.#state === 'own-tail' || this.#state === 'shared' ? 'running' : status[this.#state],
      statusMessage: dropped ?? '',
      logKept: server.pin.keptFor(this),
      ...(stream.lastPushAt === undefined ? {} : { lastMessage: isoTime(stream.lastPushAt) }),
      shardMasterKnown: place.leader !== undefined,
      way: this.#way === 'content' ? 'difference' : this.#way,
      ...(this.#way === 'content' ? { comparedBy: 'content' as const } : {}),
      reason: this.#reason,
      documentsCopied: this.#copied,
      ...(this.#expected === undefined ? {} : { documentsExpected: this.#expected }),
      operationsApplied: stream.operationsSent,
      bytesApplied: stream.operationBytesSent + this.#bytes,
    };
  }

  async #run(): Promise<void> {
    const { stream, environment, reader, server } = this.#parts;
    try {
      await this.#serve(this.#stop.signal);
    } catch (error) {
      const broken = this.#reasonOf(error);
      if (broken !== undefined) stream.broken(broken, environment.now());
    } finally {
      this.#state = 'ended';
      if (this.#member !== undefined) reader.leave(this.#member, 'asked');
      this.#member = undefined;
      this.#readerBuffer.clear();
      this.#tailBuffer.clear();
      this.#documents.close();
      stream.end();
      server.pin.delete(this);
    }
  }

  #reasonOf(error: unknown): StreamBroken | undefined {
    const asked: unknown = this.#stop.signal.reason;
    if (asked instanceof StreamBroken) return asked;
    if (error instanceof StreamBroken) {
      this.#log('a stream ends', error);
      return error;
    }
    if (this.#stop.signal.aborted) return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    this.#log('a stream failed', error);
    const isGone = error instanceof ArangoError && error.status === 404;
    const code = isGone ? 'shard-gone' : error instanceof ArangoUnreachable ? 'server-unreachable' : 'failed';
    return new StreamBroken(code, reason, { retryAfterMs: RETRY_MS });
  }

  #log(message: string, error: unknown): void {
    const { lines, place } = this.#parts;
    const reason = error instanceof Error ? error.message : String(error);
    lines.say('warn', message, reason, { database: place.database, shard: place.shard });
  }

  async #serve(signal: AbortSignal): Promise<void> {
    await this.#open(signal);
    for (;;) {
      while (!this.#verifications.isEmpty) await this.#verify(this.#verifications.take(), signal);
      await this.#follow(signal);
    }
  }

  async #open(signal: AbortSignal): Promise<void> {
    const count = await this.#parts.openings.within(signal, () => this.#find(signal));
    const way = this.#way;
    if (way === 'none' || way === 'tail') return;
    await this.#parts.copies.within(signal, () => this.#catchUp(way, count, signal));
  }

  /** One after the other, beside whatever the stream does. */
  async #findKeys(keys: readonly string[]): Promise<void> {
    const { shards, stream, throttle, environment } = this.#parts;
    const { signal } = this.#stop;
    signal.throwIfAborted();
    await mayRead(stream, throttle, 'log', signal);
    const found = await findEverywhere(await shards(signal), keys, environment, signal);
    throttle.charge({ bytes: bytesOf(found), operations: 0 }, 'log');
    await stream.roomy('log', signal);
    if (this.#state !== 'ended') stream.found(found, environment.now());
  }

  #cannotFind(error: unknown): void {
    const broken = this.#reasonOf(error);
    if (broken !== undefined) void this.end(broken);
  }

  /** Finds out how the shard is served, and begins when that is by the log. Resolves with its documents. */
  async #find(signal: AbortSignal): Promise<number> {
    const { server, place, stream, environment } = this.#parts;
    this.#incarnation = await server.incarnation.current(signal);
    const facts = await collectionFacts(server.server, place.database, place.shard, signal);
    if (facts.cuid !== place.cuid) {
      const reason = `shard ${place.shard} is ${facts.cuid} on ${server.id}, the inventory says ${place.cuid}`;
      throw new StreamBroken('shard-changed', reason, { retryAfterMs: RETRY_MS });
    }
    const way = await wayFor(stream.open, this.#parts, signal);
    this.#way = way.kind;
    this.#reason = way.reason;
    if (way.kind !== 'tail') return facts.count;
    this.#at = way.checkpoint.tick;
    await server.pin.setNow(this, this.#at, signal);
    const logEnd = await server.logEnd(signal);
    stream.opened({ ...this.#opened('tail', this.#at), logEnd }, environment.now());
    this.#state = 'own-tail';
    return facts.count;
  }

  async #catchUp(way: 'copy' | 'difference' | 'content', documents: number, signal: AbortSignal): Promise<void> {
    const { server, stream, environment } = this.#parts;
    let at = this.#at;
    const ports: CatchUpPorts = {
      begin: async ({ lastTick }, beginSignal) => {
        at = lastTick;
        this.#incarnation = await server.incarnation.current(beginSignal);
        await server.pin.setNow(this, at, beginSignal);
        this.#state = 'copying';
        const isWhole = way !== 'difference';
        if (isWhole) this.#expected = documents;
        const expected = isWhole ? { expectedDocuments: documents } : {};
        // Read before, so that what the receiver has beyond them is not about to come.
        const indexes = await shardIndexes(server.server, this.#parts.place, beginSignal);
        stream.opened({ ...this.#opened(way, at), ...expected }, environment.now());
        stream.indexes(indexes, environment.now());
      },
      sent: (count, bytes) => {
        this.#copied += count;
        this.#bytes += bytes;
      },
    };
    if (way === 'copy') await sendCopy(this.#parts, this.#key, ports, signal);
    else if (way === 'content') await sendContent(this.#parts, this.#key, this.#questions, ports, signal);
    else await sendDifference(this.#parts, this.#questions, ports, signal);
    this.#at = at;
    this.#state = 'own-tail';
  }

  async #sendIndexes(signal: AbortSignal): Promise<void> {
    const { server, place, stream, environment } = this.#parts;
    const indexes = await shardIndexes(server.server, place, signal);
    if (stream.isOpened) stream.indexes(indexes, environment.now());
  }

  #opened(way: Way['kind'], from: Tick) {
    const { deploymentId, server, place } = this.#parts;
    const { id: dbServer, serverId } = server;
    const { cuid, sharding } = place;
    const reason = this.#reason;
    return { way, reason, sourceDeployment: deploymentId, dbServer, serverId, cuid, sharding, from };
  }

  /** By a tail of its own into the shared reader, until it has to leave that. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { reader, stream } = this.#parts;
    if (reader.isAheadOf(this.#at)) await this.#read((own) => own.catchUp(signal));
    const options = {
      key: this.#key,
      stream,
      buffer: this.#readerBuffer,
      at: this.#at,
      incarnation: this.#incarnation,
    };
    const member = new Member(options);
    this.#member = member;
    reader.enter(member);
    const done = new AbortController();
    const stopped = whenAborted(signal, done.signal);
    stopped.catch(() => undefined);
    try {
      const start = await Promise.race([member.entered, stopped, member.left.then(() => undefined)]);
      if (start !== undefined) await this.#join(member, start, stopped, signal);
    } finally {
      done.abort(OVER);
      if (member.state !== 'gone') reader.leave(member, 'asked');
      this.#member = undefined;
      if (this.#state === 'shared') this.#state = 'own-tail';
    }
  }

  async #join(member: Member, start: Tick, stopped: Promise<never>, signal: AbortSignal): Promise<void> {
    const { reader } = this.#parts;
    if (compareTicks(this.#at, start) < 0) {
      const reading = new AbortController();
      const either = AbortSignal.any([signal, reading.signal]);
      const read = this.#read((own) => own.readUpTo(start, either));
      try {
        await Promise.race([read, brokenOnly(member)]);
      } finally {
        reading.abort(new Error('the stream ends'));
        await read.catch(() => undefined);
      }
    }
    if (!reader.goLive(member, this.#at)) return;
    this.#state = 'shared';
    if (!this.#verifications.isEmpty) reader.leave(member, 'asked');
    this.#at = (await Promise.race([member.left, stopped])).at;
  }

  async #verify(wanted: Verification, signal: AbortSignal): Promise<void> {
    const { stream, environment } = this.#parts;
    const snapshot = await snapshotFor(this.#parts, wanted, signal);
    if (snapshot.kind === 'untold') return stream.untold(snapshot.reason, environment.now());
    const { batch } = snapshot;
    const { lastTick: tick } = batch;
    try {
      await this.#reach(tick, signal);
      if (snapshot.kind === 'tree') return stream.tree(tick, snapshot.count, snapshot.hash, environment.now());
      const told = await contentsOf(this.#parts, snapshot, signal);
      if ('reason' in told) return stream.untold(told.reason, environment.now());
      await stream.roomy('log', signal);
      stream.contents({ ...told.header, tick }, told.body, environment.now());
    } finally {
      await batch.release();
    }
  }

  /** Sends what the log holds up to a tick. */
  async #reach(tick: Tick, signal: AbortSignal): Promise<void> {
    const { stream, environment } = this.#parts;
    await this.#read((own) => own.readUpTo(tick, signal));
    if (stream.position === tick) return;
    const nothing = { body: Buffer.alloc(0), operations: 0, to: tick, complete: true, witnesses: [] };
    stream.operations(nothing, environment.now(), undefined);
  }

  async #read(work: (own: OwnTail) => Promise<void>): Promise<void> {
    const { server, place, stream, room, held, throttle, environment, limits } = this.#parts;
    const shared = { server, place, stream, room, held, throttle, environment, limits };
    const parts = { ...shared, key: this.#key, incarnation: this.#incarnation };
    const own = new OwnTail({ ...parts, buffer: this.#tailBuffer }, this.#at);
    await work(own);
    this.#at = own.at;
  }
}

function tooManyQuestions(): StreamBroken {
  return new StreamBroken('failed', 'the receiver asks faster than it is answered', { retryAfterMs: RETRY_MS });
}

/** Rejects when the reader breaks the stream; an ordinary departure is met later. */
function brokenOnly(member: Member): Promise<never> {
  return member.left.then(() => new Promise<never>(() => {}));
}
