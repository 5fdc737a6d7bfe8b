/** Time as the master sees it; tests move it by hand. */
export interface Clock {
  /** Wall clock, for what people read. Never compared across processes. */
  now(): Date;
  /** Milliseconds that only go forward, for everything that is waited for. */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once when the signal fires. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
