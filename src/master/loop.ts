import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

export interface LoopOptions {
  /** For the log. */
  readonly name: string;
  /** One level-triggered round: running it twice changes nothing. */
  readonly step: (signal: AbortSignal) => Promise<void>;
  /** Waits for the next round: a change, or a time. */
  readonly wait: (signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Pause after a failed round. */
const pauseAfterFailureMs = 500;

/** Runs rounds until the signal fires. A failing round is logged once, and once more when it works again. */
export async function runLoop({ name, step, wait, log, clock }: LoopOptions, signal: AbortSignal): Promise<void> {
  let failure: string | undefined;
  while (!signal.aborted) {
    try {
      await step(signal);
      if (failure !== undefined) log.info(`${name} works again`);
      failure = undefined;
    } catch (error) {
      if (signal.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      if (message !== failure) log.warn(`${name} failed: ${message}`, { error });
      failure = message;
      await clock.sleep(pauseAfterFailureMs, signal);
    }
    await wait(signal);
  }
}
