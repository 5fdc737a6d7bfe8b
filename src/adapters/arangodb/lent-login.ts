/** A token that was refused is looked at so often, until another one is there. */
const LOOK_EVERY_MS = 100;
/**
 * After so many looks the refusal stands. A token ends at most a second before its lease: whoever gets no other one by then
 * has no lease either, and is to end what it does, which must not wait for a token that comes only behind that end.
 */
const LOOKS_MAX = 20;

export interface LentLoginOptions {
  /** The `authorization` header as of now. */
  readonly authorization: () => string | undefined;
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** Told when a token is refused, and when one is taken again; once each. */
  readonly onLogin: (isRefused: boolean) => void;
}

/**
 * Login by tokens that are lent, end, and are followed by others (S4). One that was refused is not sent thousands of times
 * again: all requests wait for the next one together.
 */
export class LentLogin {
  readonly #options: LentLoginOptions;
  #refused: string | undefined;
  #looks = 0;
  #isClosed = false;
  #looking: Promise<void> | undefined;

  constructor(options: LentLoginOptions) {
    this.#options = options;
  }

  /** Whether a request that went out with this header is to be sent again, behind {@link ready}. */
  refused(header: string | undefined): boolean {
    if (header === undefined) return false;
    if (header === this.#options.authorization()) {
      if (this.#refused === undefined) this.#options.onLogin(true);
      if (this.#refused !== header) this.#looks = 0;
      this.#refused = header;
    }
    return this.#looks < LOOKS_MAX;
  }

  taken(): void {
    if (this.#refused === undefined) return;
    this.#refused = undefined;
    this.#looks = 0;
    this.#options.onLogin(false);
  }

  /** Nobody waits any longer. */
  close(): void {
    this.#isClosed = true;
  }

  /** Resolves when there is another token than the refused one, or when it is time to give up. */
  async ready(signal: AbortSignal | undefined): Promise<void> {
    if (this.#refused === undefined) return;
    // One who looks for all: none of them may call it off.
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    await orAborted(this.#looking, signal);
  }

  async #look(): Promise<void> {
    const { authorization, sleep } = this.#options;
    while (!this.#isClosed && this.#looks < LOOKS_MAX && authorization() === this.#refused) {
      await sleep(LOOK_EVERY_MS, undefined);
      this.#looks += 1;
    }
  }
}

function orAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const giveUp = () => reject(signal.reason);
  signal.addEventListener('abort', giveUp, { once: true });
  void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  return promise;
}
