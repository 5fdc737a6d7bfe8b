/** Lets a number of holders in at once; who waits is let in in order of arrival. */
export class Gate {
  /** In order of arrival: thousands may wait, and any of them give up. */
  readonly #waiting = new Set<() => void>();
  readonly places: number;
  #free: number;

  constructor(places: number) {
    this.places = places;
    this.#free = places;
  }

  get isFull(): boolean {
    return this.#free === 0;
  }

  /** Runs `work` inside. Rejects with the signal's reason when it fires before there is a place. */
  async within<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const leave = await this.enter(signal);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /** Takes a place; resolves with what gives it back, once however often it is called. */
  async enter(signal: AbortSignal): Promise<() => void> {
    await this.#place(signal);
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      this.#leave();
    };
  }

  #place(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const give = () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        this.#waiting.delete(give);
        reject(signal.reason);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.add(give);
    });
  }

  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
