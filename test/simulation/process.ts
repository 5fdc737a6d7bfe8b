import type { Clock as MasterClock } from '../../src/master/clock.ts';
import type { Logger } from '../../src/master/logger.ts';
import type { Clock as WorkerClock } from '../../src/worker/clock.ts';
import type { World } from './world.ts';

/** Wall clocks of a simulation begin here. */
const epochMs = Date.UTC(2026, 0, 1);
/** Of the order in which a woken process finds what arrived meanwhile. */
const wakeSpreadMs = 2;
const roundingMs = 1e-6;

/**
 * A process of the simulated world: whatever reaches it, an answer, a request or the end of a sleep, comes through
 * {@link enter}. So it can stop between any two of its awaits: frozen (SIGSTOP; its monotonic clock runs on), suspended
 * with its machine (the clock stands still), or dead, when what it waits for never comes.
 */
export class SimProcess {
  readonly name: string;
  readonly clock: MasterClock & WorkerClock;
  readonly logger: Logger;
  readonly #world: World;
  #state: 'running' | 'frozen' | 'suspended' | 'dead' = 'running';
  #backlog: (() => void)[] = [];
  #entriesUntilCrash = Number.POSITIVE_INFINITY;
  #wallOffsetMs: number;
  readonly #bootMs: number;
  readonly startedAtMs: number;
  #runsSinceMs: number;
  #suspendedMs = 0;
  #suspendedAtMs = 0;
  #jumpedBack = false;
  readonly #onCrash = new Set<() => void>();

  constructor(world: World, name: string) {
    this.name = name;
    this.#world = world;
    // Clocks of machines do not agree: neither what the time is, nor since when it runs.
    this.#wallOffsetMs = world.random.between(-5_000, 5_000);
    this.startedAtMs = world.nowMs;
    this.#runsSinceMs = world.nowMs;
    this.#bootMs = world.random.between(0, 1_000_000);
    this.clock = {
      now: () => new Date(this.#wallMs()),
      wallMs: () => this.#wallMs(),
      monotonicMs: () => this.#monotonicMs(),
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
    const note = (level: string) => (message: string) => world.note(`${name} ${level} ${message}`);
    this.logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  }

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  /** Without a pause. */
  hasRunFor(ms: number): boolean {
    return this.isRunning && this.#world.nowMs - this.#runsSinceMs >= ms;
  }

  get #wasSuspended(): boolean {
    return this.#suspendedMs > 0 || this.#state === 'suspended';
  }

  /** Something reaches the process: at once, when it is woken, or never. */
  enter(run: () => void): void {
    if (this.#state === 'dead') return;
    if (this.#state !== 'running') {
      this.#backlog.push(run);
      return;
    }
    this.#entriesUntilCrash -= 1;
    if (this.#entriesUntilCrash <= 0) this.crash('at an await');
    else run();
  }

  /** Ends it, as `kill -9` does: nothing it waits for comes any more. */
  crash(why: string): void {
    if (this.#state === 'dead') return;
    this.#world.note(`${this.name} crashes ${why}`);
    this.#state = 'dead';
    this.#backlog = [];
    for (const crashed of [...this.#onCrash]) crashed();
    this.#onCrash.clear();
  }

  /** It ends when it would go on from its `entries`th await from now. */
  crashAfter(entries: number): void {
    this.#entriesUntilCrash = entries;
  }

  freeze(): void {
    if (this.#state !== 'running') return;
    this.#world.note(`${this.name} freezes`);
    this.#state = 'frozen';
  }

  /** With its machine. Not one whose wall clock jumped back: nothing would tell it how much time has passed. */
  suspend(): void {
    if (this.#state !== 'running' || this.#jumpedBack) return;
    this.#world.note(`${this.name} is suspended`);
    this.#state = 'suspended';
    this.#suspendedAtMs = this.#world.nowMs;
  }

  wake(): void {
    if (this.#state !== 'frozen' && this.#state !== 'suspended') return;
    if (this.#state === 'suspended') this.#suspendedMs += this.#world.nowMs - this.#suspendedAtMs;
    this.#world.note(`${this.name} wakes`);
    this.#runsSinceMs = this.#world.nowMs;
    this.#state = 'running';
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const run of backlog) this.#world.plan(this.#world.random.between(0, wakeSpreadMs), () => this.enter(run));
  }

  jumpWallClock(byMs: number): void {
    if (byMs < 0 && this.#wasSuspended) return;
    this.#jumpedBack ||= byMs < 0;
    this.#world.note(`${this.name}: the wall clock jumps by ${byMs.toFixed(0)} ms`);
    this.#wallOffsetMs += byMs;
  }

  /** Calls back when the process crashes; returns the way to forget that. */
  onCrash(crashed: () => void): () => void {
    this.#onCrash.add(crashed);
    return () => this.#onCrash.delete(crashed);
  }

  #wallMs(): number {
    return Math.round(epochMs + this.#wallOffsetMs + this.#world.nowMs);
  }

  #monotonicMs(): number {
    const standing = this.#state === 'suspended' ? this.#world.nowMs - this.#suspendedAtMs : 0;
    return this.#bootMs + this.#world.nowMs - this.#suspendedMs - standing;
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const endMs = this.#monotonicMs() + ms;
      const done = () => {
        timer.cancel();
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const due = () => {
        const leftMs = endMs - this.#monotonicMs();
        if (leftMs > roundingMs) timer = this.#world.plan(leftMs, () => this.enter(due));
        else done();
      };
      // What is less than the clocks can tell would not let time pass.
      let timer = this.#world.plan(ms > 0 ? Math.max(ms, roundingMs) : 0, () => this.enter(due));
      signal?.addEventListener('abort', done, { once: true });
    });
  }
}
