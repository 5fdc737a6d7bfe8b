import type { ShardRef } from '../../wire/shards.ts';
import type { ShardReport, WorkerTask } from '../../wire/worker.ts';
import type { ArangoDeployment } from '../arango.ts';
import type { Checkpoint, Tick } from '../queue.ts';
import {
  type CheckpointScope,
  checkpointIn,
  isServedStill,
  type ServedBy,
  type ShardDocument,
  shardKey,
} from './checkpoint-documents.ts';
import type { CheckpointRounds, Progress, Progressing } from './checkpoint-rounds.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { TargetDirectory } from './directory.ts';
import type { Environment, TargetLimits } from './environment.ts';
import { ReopenStream, TargetChanged } from './failures.ts';
import type { Gate } from './gate.ts';
import type { Inbox } from './inbox.ts';
import type { LinkPool } from './link-pool.ts';
import type { LinkSession, Sheddable } from './link-session.ts';
import { endsByItself, isExplained, pauseAfter } from './recovery.ts';
import type { ServerWatch } from './server-watch.ts';
import { ShardProgress } from './shard-progress.ts';
import type { ShardTarget } from './shard-target.ts';
import { ShardWriter } from './shard-writer.ts';
import { hasReached, type SourceBarrier } from './source-barrier.ts';
import { StreamSession } from './stream-session.ts';
import { TargetBatch } from './target-batch.ts';

/** How often a shard in which nothing happens tells the source how far it is durable: 10,000 must not shout (S20). */
const TELL_CARRIED_MS = 30_000;

/** A comparison that brought nothing is asked for again after this. */
const COMPARE_AGAIN_MS = 30_000;

/** What all shards of one synchronization on this worker share. */
export interface ReceiverParts extends CheckpointScope {
  readonly deployment: ArangoDeployment;
  readonly directory: TargetDirectory;
  readonly store: CheckpointStore;
  readonly rounds: CheckpointRounds;
  readonly watch: ServerWatch;
  readonly links: LinkPool;
  readonly gate: Gate;
  /** Resolves when it is recorded that an old write to the shard may still land (S4). */
  readonly onDoubt: (shard: ShardRef, reason: string) => Promise<void>;
  readonly environment: Environment;
  readonly limits: TargetLimits;
}

interface Stored {
  readonly document: ShardDocument | undefined;
}

interface OpenStream {
  readonly id: string;
  readonly target: ShardTarget;
  readonly link: LinkSession;
  readonly inbox: Inbox;
  readonly session: StreamSession;
  readonly servedBy: ServedBy;
  /** Ends what the stream is doing. */
  readonly ending: AbortController;
}

/**
 * Keeps one shard of the target following the source, as long as it runs: opens a stream from the shard's checkpoint,
 * applies it, and when that ends, says why and opens the next one. Nothing that happens to a shard ends it.
 *
 * ```
 *   initializing ──► initial-sync ──► running
 *        ▲  ▲             │              │
 *        │  └─────────────┴──────────────┤ reopen: from the checkpoint, or with a copy
 *        └──────────── failed ◄──────────┘ shown, and tried again after a pause
 * ```
 */
export class ShardReceiver implements Progressing, Sheddable {
  readonly ref: ShardRef;
  readonly #task: WorkerTask;
  readonly #parts: ReceiverParts;
  readonly #progress = new ShardProgress();
  #open: OpenStream | undefined;
  #durableWrites = 0;
  /** The document that was read at the last opening; undefined before it was read. */
  #stored: Stored | undefined;
  #copyBecause: string | undefined;
  #verify = false;
  #waiting: string | undefined;
  #failures = 0;
  #toldDurableAt = 0;
  /** The suspicion that is to be looked into: the quiet time is over, what landed late has landed (S4). */
  #suspicion: number | undefined;
  #settled: ShardReport['settled'];
  #comparisonAskedAt = -Infinity;

  constructor(task: WorkerTask, ref: ShardRef, parts: ReceiverParts) {
    this.#task = task;
    this.ref = ref;
    this.#parts = parts;
  }

  get stream(): string | undefined {
    return this.#open?.ending.signal.aborted === false ? this.#open.id : undefined;
  }

  get stalled(): boolean {
    return this.#waiting !== undefined;
  }

  get target(): ShardTarget | undefined {
    return this.#open?.target;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        const open = this.#open;
        this.#open = undefined;
        this.#waiting = undefined;
        const reason: unknown = open?.ending.signal.aborted === true ? open.ending.signal.reason : error;
        if (!signal.aborted) await this.#recover(reason, open?.target, signal).catch(() => undefined);
      }
    }
  }

  /** The shard is to be compared with the source for the sake of this suspicion; undefined: there is none, or it is early. */
  lookInto(suspicion: number | undefined): void {
    if (suspicion === this.#suspicion) return;
    this.#suspicion = suspicion;
    this.#settled = undefined;
    this.#comparisonAskedAt = -Infinity;
  }

  report(barrier?: SourceBarrier): ShardReport {
    this.#progress.lastMessageAt = this.#open?.inbox.lastMessageAt ?? this.#progress.lastMessageAt;
    const settled = this.#settled === undefined ? {} : { settled: this.#settled };
    const report = { ...this.#progress.report(this.#task.id, this.ref, this.#delayMs()), ...settled };
    const progress = barrier === undefined || this.#verify ? undefined : this.progress();
    if (barrier === undefined || progress === undefined || !hasReached(progress, barrier)) return report;
    return { ...report, reachedBarrier: barrier.epoch };
  }

  progress(): Progress | undefined {
    const open = this.#open;
    const checkpoint = open?.session.checkpoint;
    if (open === undefined || open.ending.signal.aborted || checkpoint === undefined) return undefined;
    return {
      ref: this.ref,
      key: shardKey(open.target.collectionId, this.ref.shardIndex),
      stream: open.id,
      checkpoint,
      group: open.session.group,
      leader: open.target.leader,
      servedBy: this.#verify ? undefined : open.servedBy,
      writes: open.session.writes,
      durableWrites: this.#durableWrites,
    };
  }

  durable(progress: Progress): void {
    if (this.#open?.id !== progress.stream) return;
    this.#durableWrites = progress.writes;
    this.#toldDurableAt = this.#parts.environment.now();
    this.#open.session.acknowledgeDurable(progress.checkpoint.tick);
  }

  carried(tick: Tick): void {
    const now = this.#parts.environment.now();
    if (this.#open === undefined || now - this.#toldDurableAt < TELL_CARRIED_MS) return;
    this.#toldDurableAt = now;
    this.#open.session.acknowledgeDurable(tick);
  }

  superseded(): void {
    this.#stored = undefined;
    this.#end(new ReopenStream('another worker stored a checkpoint of the shard'));
  }

  serverRebooted(serverId: string): void {
    const open = this.#open;
    if (open === undefined) return;
    if (open.target.leader === serverId) this.#compareAgain(open, `the target's server ${serverId} started anew`);
    else this.#checkLeader(open);
  }

  leaderSilent(): void {
    if (this.#open !== undefined) this.#checkLeader(this.#open);
  }

  /** Asks who leads the shard: a new leader may lack what the old one had acknowledged. */
  #checkLeader(open: OpenStream): void {
    const { directory } = this.#parts;
    directory.expire(this.ref.database);
    directory.shard(this.ref).then(
      ({ leader }) => {
        if (leader !== open.target.leader)
          this.#compareAgain(open, `the target's server ${leader} leads the shard now`);
      },
      // Whoever opens the shard next is told.
      () => undefined,
    );
  }

  /** Back to the stored checkpoint, which names the server's start before: so trees are compared from there (S6). */
  #compareAgain(open: OpenStream, reason: string): void {
    if (this.#open !== open) return;
    this.#parts.directory.expire(this.ref.database);
    // Without a tree there is nothing to compare by.
    this.#end(new ReopenStream(reason, open.target.revisionOrder ? {} : { copyBecause: reason }));
  }

  shed(reason: Error): void {
    this.#end(reason);
  }

  /** Called about once a second: ends a stream from which nothing comes, or in which documents are held back too long. */
  tick(now: number): void {
    const open = this.#open;
    if (open === undefined) return;
    open.session.checkDeferred(now);
    this.#compareSuspect(open, now);
    const silence = open.inbox.silence(now, this.#parts.limits);
    if (silence !== undefined) this.#end(new ReopenStream(silence));
  }

  /** Asks for the source's tree at a place of the stream; a shard without trees is copied. */
  #compareSuspect(open: OpenStream, now: number): void {
    if (this.#suspicion === undefined || this.#settled?.suspicion === this.#suspicion) return;
    if (this.#progress.status !== 'running' || now - this.#comparisonAskedAt < COMPARE_AGAIN_MS) return;
    this.#comparisonAskedAt = now;
    const reason = 'an old write may have landed late: compared after the quiet time';
    if (open.target.revisionOrder) open.session.askForTree();
    else this.#end(new ReopenStream(reason, { copyBecause: reason }));
  }

  #verified(how: 'equal' | 'copied', suspicion: number | undefined): void {
    this.#verify = false;
    if (suspicion !== undefined && suspicion === this.#suspicion) this.#settled = { suspicion, how };
  }

  /** Ends the open stream, also when it is waiting for the target. */
  #end(reason: Error): void {
    const open = this.#open;
    if (open === undefined) return;
    open.link.close(open.inbox, reason);
    open.ending.abort(reason);
  }

  /** Opens a stream and applies it until it ends; always rejects. */
  async #follow(signal: AbortSignal): Promise<never> {
    const { directory, watch, links, limits, environment } = this.#parts;
    this.#progress.leaderKnown = false;
    const target = await directory.shard(this.ref);
    this.#progress.ledBy(target.leader, environment.now());
    const servedBy = { server: target.leader, ...(await watch.meet(target.leader, signal)) };
    const { checkpoint, forkRevision } = await this.#readCheckpoint(target, servedBy);
    const link = await links.linkFor(this.#task.channels.data);
    signal.throwIfAborted();
    const id = environment.newId();
    const inbox = link.open(
      {
        kind: 'open',
        channel: this.#task.channels.data,
        stream: id,
        ...(checkpoint === undefined ? {} : { checkpoint }),
        ...(this.#copyBecause === undefined ? {} : { copyBecause: this.#copyBecause }),
        credit: limits.shardCreditBytes,
      },
      this,
    );
    const ending = new AbortController();
    const session = this.#sessionFor({ target, link, inbox, checkpoint, forkRevision });
    this.#durableWrites = 0;
    this.#comparisonAskedAt = -Infinity;
    this.#open = { id, target, link, inbox, session, servedBy, ending };
    return session.run(AbortSignal.any([signal, ending.signal]));
  }

  async #readCheckpoint(
    target: ShardTarget,
    servedBy: ServedBy,
  ): Promise<{ checkpoint: Checkpoint | undefined; forkRevision: string }> {
    const { rounds, store } = this.#parts;
    const key = shardKey(target.collectionId, this.ref.shardIndex);
    const known = this.#stored === undefined ? undefined : rounds.stored(key);
    const document = known === undefined ? await store.shard(key) : known.document;
    const floorKey = known === undefined ? document?.floor : undefined;
    const floor = floorKey === undefined ? known?.floor : await store.floor(floorKey);
    this.#stored = { document };
    if (document === undefined) return { checkpoint: undefined, forkRevision: '' };
    // A copy that was begun under this epoch and not ended is wanted still.
    if (document.epoch === this.#parts.epoch) this.#copyBecause ??= document.copyBecause;
    const checkpoint = checkpointIn(document, floor, this.#parts, target.collectionId);
    // Also after a restart that no worker saw. What the checkpoint covers was synced: without a tree that has to do.
    if (checkpoint !== undefined && target.revisionOrder && !isServedStill(document, servedBy)) this.#verify = true;
    return {
      checkpoint: this.#copyBecause === undefined ? checkpoint : undefined,
      forkRevision: document.forkRevision,
    };
  }

  #sessionFor(stream: {
    readonly target: ShardTarget;
    readonly link: LinkSession;
    readonly inbox: Inbox;
    readonly checkpoint: Checkpoint | undefined;
    readonly forkRevision: string;
  }): StreamSession {
    const { deployment, gate, environment, limits, epoch, sourceDeployment, onDoubt } = this.#parts;
    const { target } = stream;
    const onWait = (reason: string | undefined) => {
      this.#waiting = reason;
      this.#progress.statusMessage = reason === undefined ? '' : `waiting: ${reason}`;
      if (reason !== undefined) stream.link.stallsChanged();
    };
    return new StreamSession({
      ...stream,
      epoch,
      sourceDeployment,
      verify: this.#verify,
      writer: new ShardWriter({
        deployment,
        target,
        gate,
        environment,
        limits,
        onWait,
        onDoubt: (why) => onDoubt(this.ref, why),
      }),
      openBatch: (signal) => TargetBatch.open(deployment, target, signal),
      beforeCopy: (reason) => this.#withdraw(target, reason),
      suspicion: () => this.#suspicion,
      onVerified: (how, suspicion) => this.#verified(how, suspicion),
      onProgress: () => this.#progressed(),
      progress: this.#progress,
      environment,
      limits,
    });
  }

  /** The stored position is not valid any longer: a copy begins, or is wanted. */
  async #withdraw(target: ShardTarget | undefined, reason: string): Promise<void> {
    const { rounds, epoch } = this.#parts;
    const key = target === undefined ? undefined : shardKey(target.collectionId, this.ref.shardIndex);
    const document = (key === undefined ? undefined : rounds.stored(key)?.document) ?? this.#stored?.document;
    if (document === undefined || document.epoch !== epoch || document.copyBecause !== undefined) return;
    await rounds.mark(document, reason);
  }

  #progressed(): void {
    if (this.#progress.status !== 'running') return;
    // That the stream opened is no progress yet: what failed before may come behind.
    if ((this.#open?.session.lastSeq ?? 0) > 1) this.#failures = 0;
    this.#progress.statusMessage = '';
    this.#copyBecause = undefined;
  }

  async #recover(error: unknown, target: ShardTarget | undefined, signal: AbortSignal): Promise<void> {
    const { environment } = this.#parts;
    this.#failures += 1;
    const text = error instanceof Error ? error.message : String(error);
    const shard = `${this.ref.database}/${this.ref.collection}[${this.ref.shardIndex}]`;
    if (endsByItself(error)) {
      this.#progress.status = 'initializing';
      if (error instanceof TargetChanged) this.#parts.directory.forget(this.ref.database);
      if (error instanceof ReopenStream && error.copyBecause !== undefined) {
        this.#copyBecause = error.copyBecause;
        await this.#withdraw(target, error.copyBecause);
      }
      environment.log.info('a shard opens its stream again', { shard, reason: text });
    } else {
      this.#progress.status = 'failed';
      environment.log.error('a shard failed', { shard, reason: text, ...(isExplained(error) ? {} : { error }) });
    }
    this.#progress.statusMessage = text;
    await environment.sleep(pauseAfter(error, this.#failures), signal);
  }

  /** Age of what the target shows, by the source's clock; undefined unless the shard streams and the clocks are known. */
  #delayMs(): number | undefined {
    const open = this.#open;
    if (open === undefined || this.#progress.status !== 'running') return undefined;
    // Lets a floor that was reached since count.
    void open.session.checkpoint;
    const offset = open.link.link.clockOffsetMs;
    if (offset === undefined || this.#progress.readAt === undefined) return undefined;
    return Math.max(0, this.#parts.environment.now() + offset - this.#progress.readAt);
  }
}
