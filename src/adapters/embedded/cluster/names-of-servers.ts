import type { Environment } from '../engine/types.ts';

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** `PRMR-txsd4acm`, `CRDN-…`, `AGNT-…`, `SNGL-…`. */
export function drawServerId(prefix: 'PRMR' | 'CRDN' | 'AGNT' | 'SNGL', environment: Environment): string {
  let text = '';
  for (let index = 0; index < 8; index++) text += letters[Math.floor(environment.random() * letters.length)];
  return `${prefix}-${text}`;
}

/** `DBServer0003`. */
export function shortName(kind: 'DBServer' | 'Coordinator' | 'Agent', index: number): string {
  return `${kind}${String(index + 1).padStart(4, '0')}`;
}

/** A random uuid of version 4. */
export function drawUuid(environment: Environment): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(environment.random() * 16).toString(16));
  digits[12] = '4';
  digits[16] = letters.slice(0, 2)[Math.floor(environment.random() * 2)] as string;
  const text = digits.join('');
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
}
