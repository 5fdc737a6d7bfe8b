import type { RateLimit } from '../src/wire/throttle.ts';
import { UsageError } from './errors.ts';

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};
const BYTES = new RegExp(`^(\\d+(?:\\.\\d+)?)(${Object.keys(UNITS).join('|')})(?:/s)?$`);
const OPERATIONS = /^(\d+)ops(?:\/s)?$/;

/**
 * Limits as an operator writes them: `50MiB/s`, `20000ops/s`, both with a comma between them, 0 of either for none of that
 * kind, `none` for no limit at all. What is not named is left out.
 */
export function parseRate(text: string): Partial<RateLimit> {
  if (text === 'none' || text === '0') return { bytesPerSecond: null, operationsPerSecond: null };
  return Object.assign({}, ...text.split(',').map((part) => parsePart(part.trim(), text))) as Partial<RateLimit>;
}

function parsePart(part: string, whole: string): Partial<RateLimit> {
  const [, amount, unit] = BYTES.exec(part) ?? [];
  if (amount !== undefined) return { bytesPerSecond: orNone(Math.round(Number(amount) * (UNITS[unit ?? ''] ?? 1))) };
  const [, operations] = OPERATIONS.exec(part) ?? [];
  if (operations !== undefined) return { operationsPerSecond: orNone(Number(operations)) };
  throw new UsageError(`must be such as 50MiB/s, 20000ops/s, 50MiB/s,20000ops/s or none, not '${whole}'`);
}

function orNone(perSecond: number): number | null {
  return perSecond === 0 ? null : perSecond;
}

/** `50 MiB/s and 20,000 operations/s`; `none` where nothing is limited. */
export function formatRate({ bytesPerSecond, operationsPerSecond }: RateLimit): string {
  const parts = [
    ...(bytesPerSecond === null ? [] : [`${formatBytes(bytesPerSecond)}/s`]),
    ...(operationsPerSecond === null ? [] : [`${operationsPerSecond.toLocaleString('en')} operations/s`]),
  ];
  return parts.length === 0 ? 'none' : parts.join(' and ');
}

/** `50 MiB`, `1.5 GiB`, `512 KiB`. */
export function formatBytes(bytes: number): string {
  const names = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let at = 0;
  for (; value >= 1024 && at < names.length - 1; at += 1) value /= 1024;
  const digits = at === 0 || value >= 100 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)} ${names[at]}`;
}
