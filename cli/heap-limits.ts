import { setFlagsFromString } from 'node:v8';

/** Of Node 24. Later ones do so by default, and complain of the flag, which they have no more. */
const V8_WITH_FLAG = 13;

/**
 * Has what buffers hold count where the heap's own memory counts. By default V8 marks the whole heap anew for each 64 MiB
 * that went through buffers, however few of them live: for who passes bytes on, a third of all the processor time.
 */
export function countBuffersWithHeap(): void {
  if (Number.parseInt(process.versions.v8, 10) !== V8_WITH_FLAG) return;
  setFlagsFromString('--external-memory-accounted-in-global-limit');
}
