import type { ShardRef } from '../../wire/shards.ts';
import type { ShardReport } from '../../wire/worker.ts';
import { ArangoError, ArangoUnreachable } from '../arango.ts';
import { collectionFacts } from '../collection-facts.ts';
import { isoTime } from '../iso-time.ts';
import { shardKey } from '../markers.ts';
import { compareTicks, type DifferenceQuestion, type Tick } from '../queue.ts';
import { treeSummaryOf } from '../revision-tree.ts';
import { Questions } from './answer-questions.ts';
import { StreamBroken } from './broken.ts';
import { type CatchUpPorts, sendCopy, sendDifference } from './catch-up.ts';
import { whenAborted } from './environment.ts';
import { Member } from './member.ts';
import { wayFor } from './opening.ts';
import { OperationBuffer } from './operation-buffer.ts';
import { OwnTail } from './own-tail.ts';
import type { ShardSenderParts } from './sender-parts.ts';
import { shardTree } from './shard-tree.ts';
import type { SourceServer } from './source-server.ts';
import type { ShardPlace } from './topology.ts';

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
  /** Resolves when nothing of the stream is sent any more. */
  readonly ended: Promise<void>;
  #state: 'opening' | 'copying' | 'own-tail' | 'shared' | 'ended' = 'opening';
  #member: Member | undefined;
  #at: Tick = '0';
  #incarnation = 0;
  #verifyWanted = false;
  #way: ShardReport['way'] = 'none';
  #reason = '';
  #copied = 0;
  #expected: number | undefined;
  #bytes = 0;

  constructor(parts: ShardSenderParts) {
    this.#parts = parts;
    const cut = { isOpen: false };
    this.#readerBuffer = new OperationBuffer(parts.place.cuid, cut);
    this.#tailBuffer = new OperationBuffer(parts.place.cuid, cut);
    this.#key = shardKey(parts.place.database, parts.place.cuid);
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

  /** The receiver wants the shard's tree. */
  verify(): void {
    this.#verifyWanted = true;
    if (this.#state === 'shared' && this.#member !== undefined) this.#parts.reader.leave(this.#member, 'asked');
  }

  /** The receiver wants to know something of the snapshot by which it is caught up with. */
  ask(question: DifferenceQuestion): void {
    if (this.#questions.put(question)) return;
    void this.end(
      new StreamBroken('failed', 'the receiver asks faster than it is answered', { retryAfterMs: RETRY_MS }),
    );
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
      ...(stream.lastPushAt === undefined ? {} : { lastMessage: isoTime(stream.lastPushAt) }),
      shardMasterKnown: place.leader !== undefined,
      way: this.#way,
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
      if (this.#verifyWanted) await this.#sendTree(signal);
      await this.#follow(signal);
    }
  }

  async #open(signal: AbortSignal): Promise<void> {
    const count = await this.#parts.openings.within(signal, () => this.#find(signal));
    const way = this.#way;
    if (way !== 'copy' && way !== 'difference') return;
    await this.#parts.copies.within(signal, () => this.#catchUp(way, count, signal));
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
    stream.opened(this.#opened('tail', this.#at), environment.now());
    this.#state = 'own-tail';
    return facts.count;
  }

  async #catchUp(way: 'copy' | 'difference', documents: number, signal: AbortSignal): Promise<void> {
    const { server, stream, environment } = this.#parts;
    let at = this.#at;
    const ports: CatchUpPorts = {
      begin: async ({ lastTick }, beginSignal) => {
        at = lastTick;
        this.#incarnation = await server.incarnation.current(beginSignal);
        await server.pin.setNow(this, at, beginSignal);
        this.#state = 'copying';
        if (way === 'copy') this.#expected = documents;
        const expected = way === 'copy' ? { expectedDocuments: documents } : {};
        stream.opened({ ...this.#opened(way, at), ...expected }, environment.now());
      },
      sent: (count, bytes) => {
        this.#copied += count;
        this.#bytes += bytes;
      },
    };
    if (way === 'copy') await sendCopy(this.#parts, this.#key, ports, signal);
    else await sendDifference(this.#parts, this.#questions, ports, signal);
    this.#at = at;
    this.#state = 'own-tail';
  }

  #opened(way: 'tail' | 'copy' | 'difference', from: Tick) {
    const { deploymentId, server, place } = this.#parts;
    const { id: dbServer, serverId } = server;
    return { way, reason: this.#reason, sourceDeployment: deploymentId, dbServer, serverId, cuid: place.cuid, from };
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
      done.abort();
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
    if (this.#verifyWanted) reader.leave(member, 'asked');
    this.#at = (await Promise.race([member.left, stopped])).at;
  }

  async #sendTree(signal: AbortSignal): Promise<void> {
    const { server, place, stream, environment } = this.#parts;
    this.#verifyWanted = false;
    const { batch, text } = await shardTree(server, place, signal);
    const { count, hash } = treeSummaryOf(text);
    try {
      await this.#read((own) => own.readUpTo(batch.lastTick, signal));
      if (stream.position !== batch.lastTick) {
        const nothing = { body: Buffer.alloc(0), operations: 0, to: batch.lastTick, complete: true, witnesses: [] };
        stream.operations(nothing, environment.now());
      }
      stream.tree(batch.lastTick, count, hash, environment.now());
    } finally {
      await batch.release();
    }
  }

  async #read(work: (own: OwnTail) => Promise<void>): Promise<void> {
    const { server, place, stream, environment, limits } = this.#parts;
    const parts = { server, place, stream, environment, limits, key: this.#key, incarnation: this.#incarnation };
    const own = new OwnTail({ ...parts, buffer: this.#tailBuffer }, this.#at);
    await work(own);
    this.#at = own.at;
  }
}

/** Rejects when the reader breaks the stream; an ordinary departure is met later. */
function brokenOnly(member: Member): Promise<never> {
  return member.left.then(() => new Promise<never>(() => {}));
}
