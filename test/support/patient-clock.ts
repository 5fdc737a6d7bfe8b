import { systemClock } from '../../src/adapters/system-clock.ts';
import type { Clock as MasterClock } from '../../src/master/clock.ts';
import type { Clock as WorkerClock } from '../../src/worker/clock.ts';

/** How often time is counted, and the most that one count adds, however long ago the last one was. */
const EVERY_MS = 5;
const AT_ONCE_MS = 20;

const startedAtMs = Date.now();
let countedMs = 0;
let countedAtMs = performance.now();

const sinceCountMs = () => Math.min(performance.now() - countedAtMs, AT_ONCE_MS);

setInterval(() => {
  countedMs += sinceCountMs();
  countedAtMs = performance.now();
}, EVERY_MS).unref();

const monotonicMs = () => countedMs + sinceCountMs();
const wallMs = () => Math.floor(startedAtMs + monotonicMs());

/**
 * The time in which this process was let run. On a machine that holds it up for seconds next to no time passes, so that
 * short leases last as long as those who renew them in the same process had to do so. It is never ahead of real time.
 */
export const patientClock: MasterClock & WorkerClock = {
  now: () => new Date(wallMs()),
  wallMs,
  monotonicMs,
  async sleep(ms, signal) {
    const endMs = monotonicMs() + ms;
    let leftMs = ms;
    do {
      await systemClock.sleep(leftMs, signal);
      leftMs = endMs - monotonicMs();
    } while (leftMs > 0 && signal?.aborted !== true);
  },
};
