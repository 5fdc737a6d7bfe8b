import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;

/** Waits until the condition holds; resolves with the milliseconds it took. Says what was waited for when it does not. */
export async function eventually(what: string, timeoutMs: number, holds: () => Promise<boolean>): Promise<number> {
  const startedAt = performance.now();
  let last = '';
  while (performance.now() - startedAt < timeoutMs) {
    try {
      if (await holds()) return performance.now() - startedAt;
      last = '';
    } catch (error) {
      last = `: ${error instanceof Error ? error.message : String(error)}`;
    }
    await sleep(POLL_MS);
  }
  throw new Error(`waited ${timeoutMs / 1_000} s in vain for ${what}${last}`);
}
