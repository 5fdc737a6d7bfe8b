import { setTimeout as sleepFor } from 'node:timers/promises';
import { ulid } from 'ulid';
import type { EmbeddedOptions } from '../../../src/adapters/embedded/index.ts';
import { memoryLink } from '../../../src/replication/memory-link.ts';
import type { Frame, ReceiverLink } from '../../../src/replication/queue.ts';
import { SourceEngine } from '../../../src/replication/source/engine.ts';
import type { SourceLimits } from '../../../src/replication/source/limits.ts';
import { MARKER_COLLECTION } from '../../../src/replication/source/marker-collection.ts';
import { TargetEngine } from '../../../src/replication/target/engine.ts';
import type { ShardReport, WorkerTask } from '../../../src/wire/worker.ts';
import { QUICK, TestSource, until } from '../source/harness.ts';
import { TestTarget } from '../target/harness.ts';

const TARGET_ID = 'target-deployment';
const SHARD = { database: '_system', collection: 'c', shardIndex: 0 };
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

interface Acknowledged {
  readonly key: string;
  /** When the source had acknowledged it, by the time of the test. */
  readonly at: number;
}

/** What is shown of the lag of `c`. */
export interface Shown {
  readonly status: string;
  readonly ageMs: number | undefined;
  readonly behindBytes: number | undefined;
  /** Whether the source keeps the log: as its worker says. */
  readonly kept: string;
}

/**
 * Two embedded deployments, of which one's collection `c` follows the other's, with a clock for each worker that the test sets and
 * a link between them that it cuts; and every document that the source acknowledged, so that what is shown can be held against
 * the truth.
 */
export class LagPair {
  readonly source: TestSource;
  readonly target: TestTarget;
  /** Added to the time of the whole test: what it passes. */
  #passedMs = 0;
  /** How far the clocks of the workers are off. */
  readonly skewMs = { source: 0, target: 0 };
  /** What the link takes for the difference of the clocks; `true`: as it is. */
  offset: number | undefined | 'true' = 'true';
  readonly acknowledged: Acknowledged[] = [];
  readonly #limits: Partial<SourceLimits>;
  #sourceEngine: SourceEngine;
  #targetEngine: TargetEngine | undefined;
  readonly #links = new Set<ReceiverLink>();
  #cut: PromiseWithResolvers<void> | undefined;

  private constructor(source: TestSource, target: TestTarget, limits: Partial<SourceLimits>) {
    this.source = source;
    this.target = target;
    this.#limits = { ...QUICK, markerEveryMs: 100, ...limits };
    this.#sourceEngine = this.#newSourceEngine();
  }

  static async start(options: EmbeddedOptions = { mode: 'single' }, limits: Partial<SourceLimits> = {}) {
    const source = await TestSource.start(options);
    const target = await TestTarget.start({ mode: 'single' });
    await source.createCollection('c');
    await target.createCollection('c');
    return new LagPair(source, target, limits);
  }

  async stop(): Promise<void> {
    this.heal();
    await this.#targetEngine?.stop();
    await this.#sourceEngine.stop();
    await this.target.stop();
    await this.source.stop();
  }

  /** The time of the test, ms since 1970. */
  get now(): number {
    return Date.now() + this.#passedMs;
  }

  /** An hour can pass at once. */
  pass(ms: number): void {
    this.#passedMs += ms;
  }

  /** Nothing gets over the link any more, until {@link heal}. */
  cut(): void {
    this.#cut ??= Promise.withResolvers();
  }

  heal(): void {
    this.#cut?.resolve();
    this.#cut = undefined;
  }

  async restartSource(): Promise<void> {
    for (const link of this.#links) link.close();
    this.#links.clear();
    await this.#sourceEngine.stop();
    this.#sourceEngine = this.#newSourceEngine();
    await this.#send();
  }

  /** A target worker begins; the one before is stopped. */
  async follow(): Promise<void> {
    await this.unfollow();
    await this.#send();
    const engine = new TargetEngine({
      deployment: this.target.deployment,
      routes: async () => new Map([['c', 'worker']]),
      connect: async () => this.#connect(),
      onStructure: async () => undefined,
      onDoubt: async () => undefined,
      now: () => this.now + this.skewMs.target,
      sleep,
      newId: ulid,
      log: quiet,
      limits: { checkpointEveryMs: 10 },
    });
    this.#targetEngine = engine;
    const peerId = this.source.deployment.id;
    const task: WorkerTask = { id: 'c', type: 'receive-shard', channels: { data: 'c' }, peerId, shard: SHARD };
    const remote = { endpoints: [], caCertificate: '', token: '' };
    const incoming = { epoch: 'epoch', sourceDeployment: peerId, remote, confirmedDrops: [] };
    await engine.setInstructions({ incoming, tasks: [task] });
  }

  async unfollow(): Promise<void> {
    await this.#targetEngine?.stop();
    this.#targetEngine = undefined;
  }

  async write(key: string): Promise<void> {
    await this.source.write('c', [{ _key: key }]);
    this.acknowledged.push({ key, at: this.now });
  }

  async arrives(key: string): Promise<void> {
    const isThere = async () => (await this.target.documents('c', [key]))[key] !== undefined;
    await until(`${key} arriving`, isThere).catch((error: Error) => {
      throw new Error(`${error.message}; last ${JSON.stringify(this.#report())}`);
    });
  }

  /** What is shown now, once it fits. Throws when more is claimed than is true. */
  async shows(what: string, fits: (shown: Shown) => boolean): Promise<Shown> {
    let last: Shown | undefined;
    try {
      return await until(what, async () => {
        last = await this.look();
        return fits(last) && last;
      });
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : error}; last ${JSON.stringify(last)}`);
    }
  }

  /** What is shown now. Throws when it says that a document is there which is not. */
  async look(): Promise<Shown> {
    const at = this.now;
    const report = this.#report();
    const kept = this.#sourceEngine.reports()[0]?.logKept;
    const shown: Shown = {
      status: report?.status ?? 'nobody follows',
      ageMs: report?.delay === undefined ? undefined : report.delay / 1e6,
      behindBytes: report?.logBehindBytes,
      kept: kept === undefined ? 'unknown' : `${kept.state}${kept.until === undefined ? '' : ` until ${kept.until}`}`,
    };
    if (shown.ageMs !== undefined) await this.#hold(shown.ageMs, at);
    return shown;
  }

  async #hold(ageMs: number, at: number): Promise<void> {
    const last = this.acknowledged.findLast((each) => each.at < at - ageMs);
    if (last === undefined) return;
    const found = (await this.target.documents('c', [last.key]))[last.key];
    if (found === undefined) {
      throw new Lie(
        `an age of ${ageMs} ms is shown, and ${last.key}, acknowledged ${at - last.at} ms ago, is not there`,
      );
    }
  }

  /** Numbers of the markers that are on a server (default: the only one). */
  async markers(shard = MARKER_COLLECTION, leader?: string): Promise<number[]> {
    const path = `/_api/collection/${MARKER_COLLECTION}`;
    if ((await this.source.deployment.front.request({ method: 'GET', path })).status === 404) return [];
    const documents = await this.source.documents(shard, leader);
    return [...documents.values()].map((text) => (JSON.parse(text) as { number: number }).number);
  }

  /** Waits until so many more markers were written, and are there. */
  async moreMarkers(count: number): Promise<void> {
    const before = Math.max(0, ...(await this.markers()));
    await until('more markers', async () => Math.max(0, ...(await this.markers())) >= before + count);
  }

  #report(): ShardReport | undefined {
    return this.#targetEngine?.reports()[0];
  }

  #newSourceEngine(): SourceEngine {
    return new SourceEngine({
      deployment: this.source.deployment,
      syncerSeed: 'lag',
      now: () => this.now + this.skewMs.source,
      sleep,
      log: quiet,
      limits: this.#limits,
    });
  }

  async #send(): Promise<void> {
    const channels = { data: 'c' };
    await this.#sourceEngine.setTasks([{ id: 's', type: 'send-shard', channels, peerId: TARGET_ID, shard: SHARD }]);
  }

  #connect(): ReceiverLink {
    const { sender, receiver } = memoryLink({ targetId: TARGET_ID });
    this.#links.add(receiver);
    void this.#sourceEngine.serve(sender).catch(() => receiver.close());
    const pair = this;
    return {
      frames: pair.#through(receiver),
      closed: receiver.closed,
      send: (control) => receiver.send(control),
      close: () => receiver.close(),
      get clockOffsetMs() {
        return pair.offset === 'true' ? pair.skewMs.source - pair.skewMs.target : pair.offset;
      },
    };
  }

  async *#through(receiver: ReceiverLink): AsyncIterable<Frame> {
    for await (const frame of receiver.frames) {
      await this.#cut?.promise;
      if (receiver.closed.aborted) return;
      yield frame;
    }
  }
}

/** More was claimed than is true. */
export class Lie extends Error {
  override readonly name = 'Lie';
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await sleepFor(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}
