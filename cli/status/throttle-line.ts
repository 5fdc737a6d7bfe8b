import { type RateLimit, THROTTLED, type Throttled, type ThrottleInfo } from '../../src/wire/throttle.ts';
import { formatRate } from '../rate.ts';

/** What each limit holds back, as a person reads it. */
export const THROTTLE_NAMES: Readonly<Record<Throttled, string>> = {
  sourceRead: 'source read',
  link: 'link',
  targetWrite: 'target write',
};

/** The limits that there are: `Limits: source read 50 MiB/s, target write 1,000 operations/s`. */
export function throttleLine(info: ThrottleInfo): string {
  const limits = THROTTLED.filter((kind) => isLimited(info[kind]));
  return `Limits: ${limits.map((kind) => `${THROTTLE_NAMES[kind]} ${formatRate(info[kind])}`).join(', ')}`;
}

export function isLimited({ bytesPerSecond, operationsPerSecond }: RateLimit): boolean {
  return bytesPerSecond !== null || operationsPerSecond !== null;
}
