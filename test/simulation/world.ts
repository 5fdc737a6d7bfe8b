import { createHash } from 'node:crypto';
import { Random } from './random.ts';

interface Planned {
  readonly atMs: number;
  /** Order among what is planned for the same moment. */
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

export interface Timer {
  cancel(): void;
}

/** So much of the trace is kept as text, to be shown with a failure. */
const linesKept = 40_000;

/** Ten times what the longest histories take: somebody waits for no time at all, again and again. */
const stepsMax = 500_000;

/** What the simulation found: the program broke a promise. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/**
 * Time and chance of one simulated history. Everything that happens is planned here, for a moment in simulated time, and
 * happens one after the other; between two happenings all promises that can go on do so. So a history follows from its
 * seed alone. `trace` is a hash over everything that happened: two runs of a seed are the same when their traces are.
 */
export class World {
  readonly random: Random;
  /** Violations found by a process between two steps; the first one ends the run. */
  violation: Violation | undefined;
  steps = 0;
  #nowMs = 0;
  #planned: Planned[] = [];
  #order = 0;
  readonly #hash = createHash('sha256');
  readonly #lines: string[] = [];

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Plans something; it happens outside of every process. */
  plan(delayMs: number, run: () => void): Timer {
    const planned: Planned = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, run, cancelled: false };
    this.#order += 1;
    push(this.#planned, planned);
    return {
      cancel: () => {
        planned.cancelled = true;
      },
    };
  }

  note(text: string): void {
    const line = `${this.#nowMs.toFixed(3)} ${text}`;
    this.#hash.update(line).update('\n');
    this.#lines.push(line);
    if (this.#lines.length >= 2 * linesKept) this.#lines.splice(0, linesKept);
  }

  fail(text: string): void {
    if (this.violation !== undefined) return;
    this.note(`VIOLATION ${text}`);
    this.violation = new Violation(`at ${(this.#nowMs / 1000).toFixed(3)} s: ${text}`);
  }

  /** Lets simulated time pass until `endMs`, or until `done` says so after a step. Throws the first violation. */
  async runUntil(endMs: number, afterStep: () => boolean): Promise<void> {
    await settle();
    for (;;) {
      if (this.violation !== undefined) throw this.violation;
      const next = this.#planned[0];
      if (next === undefined || next.atMs > endMs) break;
      pop(this.#planned);
      if (next.cancelled) continue;
      this.#nowMs = next.atMs;
      this.steps += 1;
      if (this.steps > stepsMax) this.fail(`after ${stepsMax} steps it goes on in circles`);
      next.run();
      await settle();
      if (afterStep()) return;
    }
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  /** The end of the trace so far: the hash of everything that happened. */
  traceHash(): string {
    return this.#hash.copy().update(`${this.steps}`).digest('hex').slice(0, 16);
  }

  lastLines(count: number): readonly string[] {
    return count === 0 ? [] : this.#lines.slice(-count);
  }
}

/** All promises that can go on do so before this one resolves: nothing in a simulated world waits for the real one. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function push(heap: Planned[], planned: Planned): void {
  let at = heap.length;
  heap.push(planned);
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above] as Planned;
    if (!isBefore(planned, parent)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = planned;
}

function pop(heap: Planned[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    if (below >= heap.length) break;
    if (below + 1 < heap.length && isBefore(heap[below + 1] as Planned, heap[below] as Planned)) below += 1;
    if (!isBefore(heap[below] as Planned, last)) break;
    heap[at] = heap[below] as Planned;
    at = below;
  }
  heap[at] = last;
}
