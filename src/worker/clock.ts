/** Time as the worker and its links see it; injected, so that tests can move it. */
export interface Clock {
  /** Wall clock, ms since 1970: for what leaves the process. */
  wallMs(): number;
  /** Rises steadily, from anywhere: for leases, deadlines, durations. */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once with the signal's abort; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
