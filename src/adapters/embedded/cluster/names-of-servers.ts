import type { Environment } from '../engine/types.ts';

/** `PRMR-85cea042-59e3-…`, as a server names itself when nobody gave it a name [E 3.12]. */
export function drawServerId(prefix: 'PRMR' | 'CRDN' | 'AGNT' | 'SNGL', environment: Environment): string {
  return `${prefix}-${drawUuid(environment)}`;
}

/** `DBServer0003`. */
export function shortName(kind: 'DBServer' | 'Coordinator' | 'Agent', index: number): string {
  return `${kind}${String(index + 1).padStart(4, '0')}`;
}

/** A random uuid of version 4. */
export function drawUuid(environment: Environment): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(environment.random() * 16).toString(16));
  digits[12] = '4';
  digits[16] = environment.random() < 0.5 ? 'a' : 'b';
  const text = digits.join('');
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
}
