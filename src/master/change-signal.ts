/** Wakes whoever waits for the next change; a change between asking and waiting is not missed by a caller that compares first. */
export class ChangeSignal {
  readonly #waiting = new Set<() => void>();

  /** Wakes all that wait now. */
  notify(): void {
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
      const done = new AbortController();
      const wake = () => {
        this.#waiting.delete(wake);
        done.abort();
        resolve();
      };
      this.#waiting.add(wake);
      sleep(timeoutMs, AbortSignal.any([signal, done.signal])).then(wake, wake);
    });
  }
}
