import type { Keys, WorkerCa } from './state.ts';

/** The CA that issues at this moment: the newest whose time has come. Undefined when none is valid. */
export function issuingCa({ workerCas }: Keys, nowMs: number): WorkerCa | undefined {
  const valid = workerCas.filter(({ validUntil }) => Date.parse(validUntil) > nowMs);
  return valid.findLast(({ issuesFrom }) => Date.parse(issuesFrom) <= nowMs) ?? valid[0];
}

/** Whether the next CA has to be made: none is valid, or the newest ends within `renewBeforeMs`. */
export function needsWorkerCa({ workerCas }: Keys, nowMs: number, renewBeforeMs: number): boolean {
  const newest = workerCas.at(-1);
  return newest === undefined || Date.parse(newest.validUntil) - nowMs <= renewBeforeMs;
}

/** PEM texts of all CAs that may be met, for whoever verifies a worker; `''` before there is one. */
export function trustedCas({ workerCas }: Keys): string {
  return workerCas.map(({ issuer }) => `${issuer.trimEnd()}\n`).join('');
}
