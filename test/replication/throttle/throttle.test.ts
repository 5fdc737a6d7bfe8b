import { expect, test } from 'vitest';
import { COPY_SHARE, Throttle, type Urgency } from '../../../src/replication/throttle/throttle.ts';
import { BURST_MS } from '../../../src/replication/throttle/token-bucket.ts';

const KIB = 1024;
const never = new AbortController().signal;

/** A clock that stands until it is moved; sleeps end when it passes them. */
class Clock {
  time = 0;
  readonly #sleeping = new Set<{ readonly until: number; readonly wake: () => void }>();

  readonly now = () => this.time;
  readonly sleep = (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      const sleeper = { until: this.time + ms, wake: resolve };
      this.#sleeping.add(sleeper);
      signal.addEventListener('abort', () => {
        this.#sleeping.delete(sleeper);
        resolve();
      });
    });

  get sleepers(): number {
    return this.#sleeping.size;
  }

  /** Moves on in the steps in which somebody wakes. */
  async move(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      await settled();
      const next = Math.min(...[...this.#sleeping].map(({ until }) => until));
      if (next > end) break;
      this.time = Math.max(this.time, next);
      for (const sleeper of this.#sleeping) {
        if (sleeper.until > this.time) continue;
        this.#sleeping.delete(sleeper);
        sleeper.wake();
      }
    }
    this.time = end;
    await settled();
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Passes pieces without end; counts what passed. */
function running(throttle: Throttle, urgency: Urgency, bytes: number, signal = never): { bytes: number } {
  const passed = { bytes: 0 };
  const run = async () => {
    while (!signal.aborted) {
      await throttle.pass({ bytes, operations: 1 }, urgency, signal);
      passed.bytes += bytes;
    }
  };
  run().catch(() => undefined);
  return passed;
}

test('without a limit everything passes at once', async () => {
  const throttle = new Throttle(new Clock());
  for (let time = 0; time < 100; time += 1) await throttle.pass({ bytes: 1e9, operations: 1e9 }, 'copy', never);
  expect(throttle.pieceBytes(7)).toBe(7);
});

test('in the long run exactly the rate passes, with one burst and one piece more at the most', async () => {
  const clock = new Clock();
  const throttle = new Throttle(clock);
  throttle.setRate({ bytesPerS: 100 * KIB });
  const passed = running(throttle, 'copy', 40 * KIB);
  await clock.move(60_000);
  const rate = 60 * 100 * KIB;
  expect(passed.bytes).toBeGreaterThanOrEqual(rate);
  expect(passed.bytes).toBeLessThanOrEqual(rate + (100 * KIB * BURST_MS) / 1_000 + 40 * KIB);
});

test('the tighter of the two limits holds', async () => {
  const clock = new Clock();
  const throttle = new Throttle(clock);
  throttle.setRate({ bytesPerS: 1_000_000, operationsPerS: 10 });
  const passed = running(throttle, 'log', 1);
  await clock.move(10_000);
  expect(passed.bytes).toBeGreaterThanOrEqual(100);
  expect(passed.bytes).toBeLessThanOrEqual(104);
});

test('a change holds at once for those who wait, and taking the limit away lets all of them go', async () => {
  const clock = new Clock();
  const throttle = new Throttle(clock);
  throttle.setRate({ bytesPerS: 1 });
  const done: string[] = [];
  await throttle.pass({ bytes: 1_000_000, operations: 0 }, 'copy', never);
  void throttle.pass({ bytes: 1, operations: 0 }, 'copy', never).then(() => done.push('first'));
  void throttle.pass({ bytes: 1_000_000, operations: 0 }, 'log', never).then(() => done.push('log'));
  await clock.move(1_000);
  expect(done).toEqual([]);
  throttle.setRate({ bytesPerS: 1_000_000 });
  await clock.move(1_000);
  expect(done).toEqual(['log']);
  throttle.setRate({});
  await settled();
  expect(done).toEqual(['log', 'first']);
  expect(clock.sleepers).toBe(0);
});

test('who gives up while waiting takes nothing, and nothing runs for it any longer', async () => {
  const clock = new Clock();
  const throttle = new Throttle(clock);
  throttle.setRate({ bytesPerS: 1_000 });
  await throttle.pass({ bytes: 1_250, operations: 0 }, 'log', never);
  const stop = new AbortController();
  const waiting = throttle.pass({ bytes: 1_000_000, operations: 0 }, 'log', stop.signal);
  stop.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
  await settled();
  expect(clock.sleepers).toBe(0);
  expect(throttle.waitMs).toBe(1_000);
});

test('S7: the log goes first, and copies get their share all the same', async () => {
  const clock = new Clock();
  const throttle = new Throttle(clock);
  throttle.setRate({ bytesPerS: 1_000 * KIB });
  const copies = [running(throttle, 'copy', 64 * KIB), running(throttle, 'copy', 64 * KIB)];
  const log = running(throttle, 'log', 16 * KIB);
  await clock.move(100_000);
  const copied = copies.reduce((sum, { bytes }) => sum + bytes, 0);
  const all = copied + log.bytes;
  expect(copied / all).toBeGreaterThan(COPY_SHARE - 0.01);
  expect(copied / all).toBeLessThan(COPY_SHARE + 0.01);
});

test('S7: a log that takes little of the limit waits for one piece of the copies at the most', async () => {
  const clock = new Clock();
  const throttle = new Throttle(clock);
  throttle.setRate({ bytesPerS: 1_000 * KIB });
  const piece = throttle.pieceBytes(2_048 * KIB);
  for (let copy = 0; copy < 16; copy += 1) running(throttle, 'copy', piece);
  let longestMs = 0;
  for (let time = 0; time < 50; time += 1) {
    await clock.move(97);
    const began = clock.time;
    let isDone = false;
    const passing = throttle.pass({ bytes: 100, operations: 1 }, 'log', never).then(() => {
      isDone = true;
      longestMs = Math.max(longestMs, clock.time - began);
    });
    while (!isDone) await clock.move(1);
    await passing;
  }
  expect(longestMs).toBeLessThanOrEqual(BURST_MS + 2);
});
