import { createHash } from 'node:crypto';
import type { ComparisonRequest, ComparisonResult, StructureDifference } from '../../wire/comparisons.ts';
import type { StructureReport, WorkerTask } from '../../wire/worker.ts';
import { Inventory } from '../inventory.ts';
import type { StructureRules } from './align-options.ts';
import type { Alignment, StructureAligner } from './align-structure.ts';
import type { TargetDirectory } from './directory.ts';
import type { Environment, TargetLimits } from './environment.ts';
import { ReopenStream } from './failures.ts';
import type { Arrival, Inbox } from './inbox.ts';
import type { LinkPool } from './link-pool.ts';
import type { LinkSession, Sheddable } from './link-session.ts';
import { StructureCheck } from './structure-check.ts';

/** After it another inventory is asked for, when a drop waits for one that agrees, or a step failed. */
const ASK_AGAIN_MS = 2_000;
const REOPEN_MAX_MS = 15_000;

export interface InventoryReceiverOptions {
  readonly sourceDeployment: string;
  readonly links: LinkPool;
  readonly aligner: StructureAligner;
  readonly directory: TargetDirectory;
  readonly rules: () => StructureRules;
  /** Takes what was found and done; a rejection has it sent again. */
  readonly onStructure: (report: StructureReport) => Promise<void>;
  readonly environment: Environment;
  readonly limits: TargetLimits;
}

interface InventoryStream {
  readonly link: LinkSession;
  /** Epoch of the barrier that was known when it was opened. */
  readonly barrier: string | undefined;
}

/** Follows the source's structure as long as it runs: every inventory that comes is made true on the target. */
export class InventoryReceiver implements Sheddable {
  readonly stalled = false;
  readonly #task: WorkerTask;
  readonly #options: InventoryReceiverOptions;
  /** Another inventory was asked for, for the sake of a user of the target. */
  #hasAsked = false;
  #open: { readonly link: LinkSession; readonly inbox: Inbox } | undefined;
  #failures = 0;
  /** An inventory was asked for so that indexes that failed are tried again. */
  #isAwaited = false;
  #askLaterAt = Infinity;
  /** Changes that were made and are not reported yet. */
  #unreported: readonly string[] = [];
  /** Epoch of the source's barrier; undefined while there is none. */
  #barrier: string | undefined;
  /** Inventories of streams that were opened behind the barrier, over one link. */
  #behind: { readonly link: LinkSession; readonly inventories: number } | undefined;
  #reachedBarrier: string | undefined;
  readonly #check = new StructureCheck();
  /** Inventories that are on their way for a check. */
  #asked = 0;
  /** The last inventory that was made true, with nothing left to do. */
  #settled: string | undefined;
  /** One after the other: each tells what those before it could not. */
  #reporting: Promise<void> = Promise.resolve();

  constructor(task: WorkerTask, options: InventoryReceiverOptions) {
    this.#task = task;
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const watching = this.#watchUsers(AbortSignal.any([signal, over.signal]));
    try {
      await this.#followAll(signal);
    } finally {
      over.abort(new Error('the inventory is followed no longer'));
      await watching;
    }
  }

  /** Users of the target change without the source, too. */
  async #watchUsers(signal: AbortSignal): Promise<void> {
    const { environment, aligner, limits } = this.#options;
    let failing: string | undefined;
    while (!signal.aborted) {
      await environment.sleep(limits.usersEveryMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        const report = await aligner.alignUsers(signal);
        if (report !== undefined) await this.#report(report);
        if (aligner.needsInventory && !this.#hasAsked) this.refresh();
        // Once, until it came: asking again would only call off the answer.
        this.#hasAsked = aligner.needsInventory;
        failing = undefined;
      } catch (error) {
        if (signal.aborted) return;
        const reason = error instanceof Error ? error.message : String(error);
        if (reason !== failing) environment.log.warn('the users of the target cannot be watched', { reason });
        failing = reason;
      }
    }
  }

  async #followAll(signal: AbortSignal): Promise<void> {
    const { environment } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#failures += 1;
        const reason = error instanceof Error ? error.message : String(error);
        const isExpected = error instanceof ReopenStream;
        if (!isExpected) environment.log.error('the structure could not be followed', { error, reason });
        const afterMs = isExpected ? error.afterMs : 0;
        const ms = Math.max(afterMs, Math.min(REOPEN_MAX_MS, 200 * 2 ** Math.min(this.#failures, 10)));
        await environment.sleep(ms, signal).catch(() => undefined);
      }
    }
  }

  /** Asks for the inventory again: an operator wants something else of it. */
  refresh(): void {
    this.#close(new ReopenStream('the structure is to be looked at again'));
  }

  /** Somebody wants to know whether structure and users are as the source's; undefined: nobody any longer. */
  compare(request: ComparisonRequest | undefined): void {
    if (this.#check.follow(request, this.#options.environment.now())) this.#askAgain();
  }

  /** How that fares; undefined when nobody asked. */
  get compared(): ComparisonResult | undefined {
    return this.#check.result;
  }

  /** Has the source send its structure as it is now, once. A stream that opens later begins with it anyway. */
  #askAgain(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#asked += 1;
    open.link.send({ kind: 'verify', channel: this.#task.channels.data, stream: open.inbox.stream, check: 'tree' });
  }

  /**
   * S8: what the source had behind the barrier is to be there before the target stops. The first inventory of a stream that
   * was opened behind it may have been taken before; those that are taken after it was sent are not.
   */
  setBarrier(epoch: string | undefined): void {
    if (epoch === this.#barrier) return;
    this.#barrier = epoch;
    this.#behind = undefined;
    if (epoch !== undefined) this.#close(new ReopenStream('the structure is to be looked at behind the barrier'));
  }

  shed(reason: Error): void {
    this.#close(reason);
  }

  /** Called about once a second. */
  tick(now: number): void {
    if (this.#check.isDue(now)) this.#askAgain();
    const silence = this.#open?.inbox.silence(now, this.#options.limits);
    if (silence !== undefined) this.#close(new ReopenStream(silence));
    else if (now >= this.#askLaterAt) this.#close(new ReopenStream('what could not be made is tried again'));
    else if (!this.#isAwaited && this.#options.aligner.isDue(now)) {
      this.#isAwaited = true;
      this.refresh();
    }
  }

  #close(reason: Error): void {
    this.#open?.link.close(this.#open.inbox, reason);
  }

  async #follow(signal: AbortSignal): Promise<never> {
    const { links, environment, limits } = this.#options;
    const channel = this.#task.channels.data;
    const link = await links.linkFor(channel);
    signal.throwIfAborted();
    const barrier = this.#barrier;
    const credit = limits.shardCreditBytes;
    this.#askLaterAt = Infinity;
    const inbox = link.open({ kind: 'open', channel, stream: environment.newId(), credit }, this);
    this.#open = { link, inbox };
    this.#asked = 0;
    try {
      for (;;) {
        for (const arrival of await inbox.take(signal)) {
          const again = await this.#take(arrival, { link, barrier }, signal);
          inbox.applied([arrival]);
          link.send({ kind: 'ack', channel, stream: inbox.stream, seq: arrival.header.seq });
          if (again === 'soon') throw new ReopenStream('another inventory is needed', { afterMs: ASK_AGAIN_MS });
          this.#askLaterAt = again === 'later' ? environment.now() + limits.lookAgainMs : Infinity;
        }
      }
    } finally {
      this.#open = undefined;
      link.close(inbox, new ReopenStream('the inventory stream ended'));
    }
  }

  /** Whether another inventory is needed. */
  async #take({ header, body }: Arrival, stream: InventoryStream, signal: AbortSignal): Promise<Alignment['again']> {
    if (header.kind === 'broken') {
      const afterMs = header.retryAfterMs === undefined ? {} : { afterMs: header.retryAfterMs };
      throw new ReopenStream(`${header.code}: ${header.reason}`, afterMs);
    }
    if (header.kind !== 'inventory') return undefined;
    const inventory = Inventory.parse(JSON.parse(Buffer.from(body).toString('utf8')));
    const { sourceDeployment } = this.#options;
    if (inventory.deploymentId !== sourceDeployment) {
      throw new Error(
        `the source is deployment ${inventory.deploymentId}, but ${sourceDeployment} is replicated: nothing is changed`,
      );
    }
    this.#hasAsked = false;
    const isBehind = this.#countBehind(stream);
    const name = nameOf(inventory, this.#options.rules());
    const check = this.#check.wanted;
    // A check that is not to repair changes nothing: what is to be done for this inventory was done.
    const isForCheck = (check !== undefined || this.#asked > 0) && !this.#check.repairs;
    this.#asked = Math.max(0, this.#asked - 1);
    const isToAlign = !isForCheck || isBehind || this.#isAwaited || name !== this.#settled;
    if (this.#check.repairs) await this.#look(inventory, (found) => this.#check.foundBefore(found), signal);
    const again = isToAlign ? await this.#align(inventory, isBehind ? stream.barrier : undefined, signal) : undefined;
    if (isToAlign) this.#settled = again === undefined ? name : undefined;
    if (check === undefined || check !== this.#check.wanted) return again;
    const now = () => this.#options.environment.now();
    await this.#look(inventory, (found) => this.#check.looked(found, now(), again === 'soon'), signal);
    if (this.#check.isDue(now())) this.#askAgain();
    return again;
  }

  /** Holds the target against an inventory, for a check. */
  async #look(
    inventory: Inventory,
    take: (found: readonly StructureDifference[]) => void,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      take(await this.#options.aligner.differences(inventory, this.#options.rules(), signal));
    } catch (error) {
      signal.throwIfAborted();
      this.#check.failed(error instanceof Error ? error.message : String(error));
    }
  }

  /** Makes an inventory true; `barrier`: behind which it was taken. Whether another one is needed. */
  async #align(inventory: Inventory, barrier: string | undefined, signal: AbortSignal): Promise<Alignment['again']> {
    const { aligner, directory, rules } = this.#options;
    this.#isAwaited = false;
    const alignment = await aligner.align(inventory, rules, signal);
    for (const database of alignment.changedDatabases) directory.forget(database);
    if (barrier !== undefined) this.#reachedBarrier = barrier;
    await this.#report(alignment.report);
    this.#failures = 0;
    return alignment.again;
  }

  /** Whether the source took this inventory behind the barrier that holds. */
  #countBehind({ link, barrier }: InventoryStream): boolean {
    if (barrier === undefined || barrier !== this.#barrier) return false;
    const inventories = (this.#behind?.link === link ? this.#behind.inventories : 0) + 1;
    this.#behind = { link, inventories };
    return inventories > 1;
  }

  #report(report: StructureReport): Promise<void> {
    const done = this.#reporting.then(() => this.#tell(report));
    this.#reporting = done.catch(() => undefined);
    return done;
  }

  async #tell(report: StructureReport): Promise<void> {
    this.#unreported = [...this.#unreported, ...report.changes];
    const reachedBarrier = this.#reachedBarrier;
    const told = { ...report, changes: [...this.#unreported], ...(reachedBarrier !== undefined && { reachedBarrier }) };
    await this.#options.onStructure(told);
    this.#unreported = [];
  }
}

/** Tells inventories that ask for something else apart; keeps nothing of what they hold. */
function nameOf({ takenAt: _, ...inventory }: Inventory, rules: StructureRules): string {
  const wanted = { ...rules, confirmedDrops: [...rules.confirmedDrops] };
  return createHash('sha256')
    .update(JSON.stringify([inventory, wanted]))
    .digest('hex');
}
