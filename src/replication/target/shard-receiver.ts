import type { ComparisonRequest, ComparisonResult, Repair } from '../../wire/comparisons.ts';
import type { ShardRef } from '../../wire/shards.ts';
import type { ShardReport, WorkerTask } from '../../wire/worker.ts';
import type { Tick } from '../queue.ts';
import { shardKey } from './checkpoint-documents.ts';
import type { Progress, Progressing } from './checkpoint-rounds.ts';
import { ReopenStream } from './failures.ts';
import type { LinkSession } from './link-session.ts';
import { type OpenedBy, type OpenStream, openStream } from './open-stream.ts';
import { type Beginning, Opening } from './opening.ts';
import type { ReceiverParts } from './receiver-parts.ts';
import type { ReceivedLag } from './server-lags.ts';
import { ShardComparisons } from './shard-comparisons.ts';
import { ShardProgress } from './shard-progress.ts';
import { ShardRecovery } from './shard-recovery.ts';
import { leadersOf, type ShardTarget } from './shard-target.ts';
import { hasReached, type SourceBarrier } from './source-barrier.ts';
import { StoredPosition } from './stored-position.ts';
import type { Settlement } from './suspect-comparison.ts';

/** How often a shard in which nothing happens tells the source how far it is durable: 10,000 must not shout (S20). */
const TELL_CARRIED_MS = 30_000;

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
export class ShardReceiver implements Progressing, OpenedBy {
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
  readonly #comparisons: ShardComparisons;

  constructor(task: WorkerTask, ref: ShardRef, parts: ReceiverParts) {
    this.#task = task;
    this.ref = ref;
    this.#parts = parts;
    this.#position = new StoredPosition(ref, parts);
    this.#opening = new Opening(ref, parts, this.#position, this.#progress);
    this.#recovery = new ShardRecovery(ref, parts, this.#position, this.#progress);
    this.#comparisons = new ShardComparisons({
      progress: this.#progress,
      now: () => parts.environment.now(),
      compareContents: (reason) => this.compareContents(reason),
    });
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
    this.#comparisons.lookInto(suspicion);
  }

  /** How old what the target shows is, for the sum over all shards. */
  lag(): ReceivedLag {
    const now = this.#lookNow();
    const { dbServer, lag } = this.#progress;
    return { dbServer, ageMs: lag.ageMs(now), behindBytes: lag.behindBytes(now) };
  }

  /** The barrier of the source behind which a shard without comparable trees is compared; undefined: there is none (S8). */
  lookBehind(barrier: SourceBarrier | undefined): void {
    this.#comparisons.lookBehind(barrier);
  }

  /** Somebody wants to know whether the shard is as the source's; undefined: nobody any longer. */
  compare(request: ComparisonRequest | undefined): void {
    this.#comparisons.follow(request);
    this.#askForCheck();
  }

  /** How that fares; undefined when nobody asked. */
  get compared(): ComparisonResult | undefined {
    return this.#comparisons.compared;
  }

  report(barrier?: SourceBarrier): ShardReport {
    this.#progress.lastMessageAt = this.#open?.inbox.lastMessageAt ?? this.#progress.lastMessageAt;
    const { settled, equalBehind } = this.#comparisons;
    const own = this.#progress.report(this.#task.id, this.ref, this.#lookNow());
    const report = settled === undefined ? own : { ...own, settled };
    const progress = barrier === undefined || this.#verify ? undefined : this.progress();
    if (barrier === undefined || progress === undefined || !hasReached(progress, barrier)) return report;
    return { ...report, reachedBarrier: barrier.epoch, ...(equalBehind === undefined ? {} : { equalBehind }) };
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
      leaders: leadersOf(open.target),
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
    if (leadersOf(open.target).includes(serverId))
      this.#compareAgain(open, `the target's server ${serverId} started anew`);
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
      (target) => {
        const before = new Set(leadersOf(open.target));
        const other = leadersOf(target).find((leader) => !before.has(leader));
        if (other !== undefined) this.#compareAgain(open, `the target's server ${other} leads the shard now`);
      },
      // Whoever opens the shard next is told.
      () => undefined,
    );
  }

  /** Back to the stored checkpoint, which names the server's start before: so trees are compared from there (S6). */
  #compareAgain(open: OpenStream, reason: string): void {
    if (this.#open !== open) return;
    // What was applied and not synced may be gone.
    this.#progress.lag.forget();
    this.#parts.directory.expire(this.ref.database);
    // Without trees contents are compared.
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
    this.#comparisons.tick(open, this.progress());
    open.session.keepAlive(now).catch((error: unknown) => this.#snapshotLost(open, error));
    this.#askForCheck();
    const silence = open.inbox.silence(now, this.#parts.limits);
    if (silence !== undefined) this.#end(new ReopenStream(silence));
  }

  #snapshotLost(open: OpenStream, error: unknown): void {
    if (this.#open !== open) return;
    const why = error instanceof Error ? error.message : String(error);
    this.#end(new ReopenStream(`the snapshot of the target was lost: ${why}`));
  }

  #askForCheck(): void {
    const open = this.#open;
    if (open !== undefined && !open.ending.signal.aborted) this.#comparisons.askForCheck(open);
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
    const shard = {
      ref: this.ref,
      channel: this.#task.channels.data,
      parts: this.#parts,
      position: this.#position,
      progress: this.#progress,
      comparisons: this.#comparisons,
    };
    const open = openStream(shard, link, beginning, this);
    this.#durableWrites = 0;
    this.#comparisons.streamOpens();
    this.#open = open;
    return open.session
      .run(AbortSignal.any([signal, open.ending.signal]))
      .finally(() => open.contents.follow(undefined));
  }

  get verify(): boolean {
    return this.#verify;
  }

  waits(reason: string | undefined): void {
    this.#waiting = reason;
    this.#progress.statusMessage = reason === undefined ? '' : `waiting: ${reason}`;
  }

  verified(how: Settlement, suspicion: number | undefined, target: ShardTarget): void {
    this.#verify = false;
    this.#comparisons.verified(how, suspicion, target, this.#moved());
    this.#parts.onCaughtUp(target);
  }

  compareContents(reason: string): void {
    this.#end(new ReopenStream(reason, { catchUpBecause: reason, copy: true }));
  }

  progressed(): void {
    this.#opening.progressed();
    if (this.#progress.status !== 'running') return;
    // That the stream opened is no progress yet: what failed before may come behind.
    if ((this.#open?.session.lastSeq ?? 0) > 1) this.#recovery.progressed();
    this.#progress.statusMessage = '';
    this.#position.caughtUp();
    this.#askForCheck();
  }

  #moved(): Repair {
    const { way, documentsCopied, documentsRemoved } = this.#progress;
    return { way: way === 'none' ? 'tail' : way, documentsFetched: documentsCopied, documentsRemoved };
  }

  /** The time, with every floor that was reached until then counted. */
  #lookNow(): number {
    void this.#open?.session.checkpoint;
    return this.#parts.environment.now();
  }
}
