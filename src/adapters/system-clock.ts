import type { Clock as MasterClock } from '../master/clock.ts';
import type { Clock as WorkerClock } from '../worker/clock.ts';

/** The time of this machine, for masters and workers. */
export const systemClock: MasterClock & WorkerClock = {
  now: () => new Date(),
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done, { once: true });
    }),
};
