import type { StructureReport, WorkerTask } from '../../wire/worker.ts';
import { Inventory } from '../inventory.ts';
import type { Alignment, StructureAligner } from './align-structure.ts';
import type { TargetDirectory } from './directory.ts';
import type { Environment, TargetLimits } from './environment.ts';
import { ReopenStream } from './failures.ts';
import type { Arrival, Inbox } from './inbox.ts';
import type { LinkPool } from './link-pool.ts';
import type { LinkSession, Sheddable } from './link-session.ts';

/** After it another inventory is asked for, when a drop waits for one that agrees, or a step failed. */
const ASK_AGAIN_MS = 2_000;
const REOPEN_MAX_MS = 15_000;

export interface InventoryReceiverOptions {
  readonly sourceDeployment: string;
  readonly links: LinkPool;
  readonly aligner: StructureAligner;
  readonly directory: TargetDirectory;
  /** Collections whose held drop an operator confirmed: `database/collection`. */
  readonly confirmedDrops: () => ReadonlySet<string>;
  /** Takes what was found and done; a rejection has it sent again. */
  readonly onStructure: (report: StructureReport) => Promise<void>;
  readonly environment: Environment;
  readonly limits: TargetLimits;
}

/** Follows the source's structure as long as it runs: every inventory that comes is made true on the target. */
export class InventoryReceiver implements Sheddable {
  readonly stalled = false;
  readonly #task: WorkerTask;
  readonly #options: InventoryReceiverOptions;
  #open: { readonly link: LinkSession; readonly inbox: Inbox } | undefined;
  #failures = 0;
  /** Changes that were made and are not reported yet. */
  #unreported: readonly string[] = [];

  constructor(task: WorkerTask, options: InventoryReceiverOptions) {
    this.#task = task;
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
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

  /** Asks for the inventory again: an operator confirmed something. */
  refresh(): void {
    this.#close(new ReopenStream('the structure is to be looked at again'));
  }

  shed(reason: Error): void {
    this.#close(reason);
  }

  /** Called about once a second. */
  tick(now: number): void {
    const silence = this.#open?.inbox.silence(now, this.#options.limits);
    if (silence !== undefined) this.#close(new ReopenStream(silence));
  }

  #close(reason: Error): void {
    this.#open?.link.close(this.#open.inbox, reason);
  }

  async #follow(signal: AbortSignal): Promise<never> {
    const { links, environment, limits } = this.#options;
    const channel = this.#task.channels.data;
    const link = await links.linkFor(channel);
    signal.throwIfAborted();
    const credit = limits.shardCreditBytes;
    const inbox = link.open({ kind: 'open', channel, stream: environment.newId(), credit }, this);
    this.#open = { link, inbox };
    try {
      for (;;) {
        for (const arrival of await inbox.take(signal)) {
          const unfinished = await this.#take(arrival, signal);
          inbox.applied([arrival]);
          link.send({ kind: 'ack', channel, stream: inbox.stream, seq: arrival.header.seq });
          if (unfinished) throw new ReopenStream('another inventory is needed', { afterMs: ASK_AGAIN_MS });
        }
      }
    } finally {
      this.#open = undefined;
      link.close(inbox, new ReopenStream('the inventory stream ended'));
    }
  }

  /** True when another inventory is needed. */
  async #take({ header, body }: Arrival, signal: AbortSignal): Promise<boolean> {
    if (header.kind === 'broken') {
      const afterMs = header.retryAfterMs === undefined ? {} : { afterMs: header.retryAfterMs };
      throw new ReopenStream(`${header.code}: ${header.reason}`, afterMs);
    }
    if (header.kind !== 'inventory') return false;
    const inventory = Inventory.parse(JSON.parse(Buffer.from(body).toString('utf8')));
    const { sourceDeployment, aligner, directory, confirmedDrops } = this.#options;
    if (inventory.deploymentId !== sourceDeployment) {
      throw new Error(
        `the source is deployment ${inventory.deploymentId}, but ${sourceDeployment} is replicated: nothing is changed`,
      );
    }
    const alignment = await aligner.align(inventory, confirmedDrops(), signal);
    for (const database of alignment.changedDatabases) directory.forget(database);
    await this.#report(alignment);
    this.#failures = 0;
    return alignment.unfinished;
  }

  async #report({ report }: Alignment): Promise<void> {
    this.#unreported = [...this.#unreported, ...report.changes];
    await this.#options.onStructure({ ...report, changes: [...this.#unreported] });
    this.#unreported = [];
  }
}
