/** Time and logging, injected: tests move the clock and read the log. */
export interface Environment {
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
  /** Resolves after `ms`; when the signal fires it may resolve or reject, at once. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly log: SourceLog;
}

/** Where the source side writes its log to; a part of the process's logger. */
export interface SourceLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Sleeps; rejects with the signal's reason when it fired. */
export async function pause(environment: Environment, ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await environment.sleep(ms, signal);
  signal.throwIfAborted();
}

/** Rejects with the signal's reason once it fires; resolves never. Ends when `done` fires, so that nothing piles up. */
export function whenAborted(signal: AbortSignal, done: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: done });
  });
}

/** For requests whose answer several wait for: none of them may call it off, and the client's time-out ends it. */
export const UNINTERRUPTED: AbortSignal = new AbortController().signal;
