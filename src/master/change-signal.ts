/** Wakes whoever waits for the next change. */
export class ChangeSignal {
  readonly #waiting = new Set<() => void>();
  #count = 0;

  /** How many changes there were: whoever acted on this count need not wait for what came since. */
  get count(): number {
    return this.#count;
  }

  /** Wakes all that wait now. */
  notify(): void {
    this.#count += 1;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** Resolves at the next change, after `timeoutMs`, or when the signal fires. Never rejects. */
  wait(
    sleep: (ms: number, signal: AbortSignal) => Promise<void>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = new AbortController();
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        done.abort();
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
      sleep(timeoutMs, done.signal).then(wake, wake);
    });
  }
}
