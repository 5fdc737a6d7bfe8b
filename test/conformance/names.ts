import { randomBytes } from 'node:crypto';

const RUN = randomBytes(4).toString('hex');
let count = 0;

/** A name nobody used on the server before, so that checks can run on a shared one. */
export function fresh(kind: string): string {
  count += 1;
  return `conformance_${RUN}_${kind}${count}`;
}
