import type { ShardRef } from '../../wire/shards.ts';
import type { ShardReport, WorkerTask } from '../../wire/worker.ts';
import type { Tick } from '../queue.ts';
import { type ServedBy, shardKey } from './checkpoint-documents.ts';
import type { Progress, Progressing } from './checkpoint-rounds.ts';
import { ReopenStream } from './failures.ts';
import type { Inbox } from './inbox.ts';
import type { LinkSession, StreamOwner } from './link-session.ts';
import { type Beginning, Opening } from './opening.ts';
import type { ReceiverParts } from './receiver-parts.ts';
import { ShardProgress } from './shard-progress.ts';
import { ShardRecovery } from './shard-recovery.ts';
import type { ShardTarget } from './shard-target.ts';
import { ShardWriter } from './shard-writer.ts';
import { hasReached, type SourceBarrier } from './source-barrier.ts';
import { StoredPosition } from './stored-position.ts';
import { isEmpty } from './stored-revision.ts';
import type { StreamOptions } from './stream-options.ts';
import { StreamSession } from './stream-session.ts';
import { SuspectComparison } from './suspect-comparison.ts';
import { TargetBatch } from './target-batch.ts';

/** How often a shard in which nothing happens tells the source how far it is durable: 10,000 must not shout (S20). */
const TELL_CARRIED_MS = 30_000;

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
export class ShardReceiver implements Progressing, StreamOwner {
  readonly ref: ShardRef;
  readonly #task: WorkerTask;
  readonly #parts: ReceiverParts;
  readonly #progress = new ShardProgress();
  readonly #position: StoredPosition;
  readonly #opening: Opening;
  readonly #recovery: ShardRecovery;
  #open: OpenStream | undefined;
  #durableWrites = 0;
  #verify = false;
  #waiting: string | undefined;
  #toldDurableAt = 0;
  readonly #comparison = new SuspectComparison();

  constructor(task: WorkerTask, ref: ShardRef, parts: ReceiverParts) {
    this.#task = task;
    this.ref = ref;
    this.#parts = parts;
    this.#position = new StoredPosition(ref, parts);
    this.#opening = new Opening(ref, parts, this.#position, this.#progress);
    this.#recovery = new ShardRecovery(ref, parts, this.#position, this.#progress);
  }

  get stream(): string | undefined {
    return this.#open?.ending.signal.aborted === false ? this.#open.id : undefined;
  }

  get stalled(): boolean {
    return this.#waiting !== undefined;
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
        if (!signal.aborted) await this.#recovery.after(reason, open?.target, signal).catch(() => undefined);
      }
    }
  }

  /** The shard is to be compared with the source for the sake of this suspicion; undefined: there is none, or it is early. */
  lookInto(suspicion: number | undefined): void {
    this.#comparison.lookInto(suspicion);
  }

  report(barrier?: SourceBarrier): ShardReport {
    this.#progress.lastMessageAt = this.#open?.inbox.lastMessageAt ?? this.#progress.lastMessageAt;
    const { settled } = this.#comparison;
    const own = this.#progress.report(this.#task.id, this.ref, this.#delayMs());
    const report = settled === undefined ? own : { ...own, settled };
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
    this.#position.forget();
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
    this.#end(new ReopenStream(reason, open.target.revisionOrder ? {} : { catchUpBecause: reason, copy: true }));
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
    if (this.#progress.status !== 'running' || !this.#comparison.isDue(now)) return;
    const reason = 'an old write may have landed late: compared after the quiet time';
    if (open.target.revisionOrder) open.session.askForTree();
    else this.#end(new ReopenStream(reason, { catchUpBecause: reason, copy: true }));
  }

  /** Also when the stream is waiting for the target. */
  #end(reason: Error): void {
    const open = this.#open;
    if (open === undefined) return;
    open.link.close(open.inbox, reason);
    open.ending.abort(reason);
  }

  queued(reason: string): void {
    this.#opening.queued(reason);
  }

  /** Opens a stream and applies it until it ends; always rejects. */
  async #follow(signal: AbortSignal): Promise<never> {
    const { links } = this.#parts;
    this.#progress.leaderKnown = false;
    // Nobody takes a place whom nobody serves.
    const link = await links.linkFor(this.#task.channels.data);
    try {
      const beginning = await this.#opening.begin(signal);
      signal.throwIfAborted();
      if (beginning.isDoubtful) this.#verify = true;
      return await this.#stream(link, beginning, signal);
    } finally {
      this.#opening.end();
    }
  }

  #stream(link: LinkSession, beginning: Beginning, signal: AbortSignal): Promise<never> {
    const { limits, environment } = this.#parts;
    const { target, servedBy, checkpoint, compare, forkRevision } = beginning;
    const { catchUpBecause } = this.#position;
    const id = environment.newId();
    const inbox = link.open(
      {
        kind: 'open',
        channel: this.#task.channels.data,
        stream: id,
        ...(checkpoint === undefined ? {} : { checkpoint }),
        ...(catchUpBecause === undefined ? {} : { catchUpBecause }),
        ...(compare === undefined ? {} : { compare }),
        credit: limits.shardCreditBytes,
      },
      this,
    );
    const ending = new AbortController();
    const session = this.#sessionFor({ target, link, inbox, checkpoint, compare, forkRevision });
    this.#durableWrites = 0;
    this.#comparison.streamOpens();
    this.#open = { id, target, link, inbox, session, servedBy, ending };
    return session.run(AbortSignal.any([signal, ending.signal]));
  }

  #sessionFor(
    stream: Pick<StreamOptions, 'target' | 'link' | 'inbox' | 'checkpoint' | 'compare' | 'forkRevision'>,
  ): StreamSession {
    const { deployment, gate, environment, lines, limits, epoch, sourceDeployment } = this.#parts;
    const { target } = stream;
    const onDoubt = (why: string) => this.#parts.onDoubt(this.ref, why);
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
      writer: new ShardWriter({ deployment, target, gate, environment, limits, onWait, onDoubt }),
      openBatch: (signal) => TargetBatch.open(deployment, target, signal),
      beforeCatchUp: (reason, signal) =>
        this.#position.begin(target, reason, () => isEmpty(deployment, target, signal), signal),
      suspicion: () => this.#comparison.suspicion,
      onVerified: (how, suspicion) => {
        this.#verify = false;
        this.#comparison.verified(how, suspicion);
      },
      onProgress: () => this.#progressed(),
      progress: this.#progress,
      environment,
      lines,
      limits,
    });
  }

  #progressed(): void {
    this.#opening.progressed();
    if (this.#progress.status !== 'running') return;
    // That the stream opened is no progress yet: what failed before may come behind.
    if ((this.#open?.session.lastSeq ?? 0) > 1) this.#recovery.progressed();
    this.#progress.statusMessage = '';
    this.#position.caughtUp();
  }

  /** Age of what the target shows, by the source's clock; undefined unless the shard streams and the clocks are known. */
  #delayMs(): number | undefined {
    const open = this.#open;
    if (open === undefined || this.#progress.status !== 'running') return undefined;
    // Lets a floor that was reached since count.
    void open.session.checkpoint;
    return this.#progress.delayMs(this.#parts.environment.now(), open.link.link.clockOffsetMs);
  }
}
