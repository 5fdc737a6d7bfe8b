import { type Decision, decided, rejected } from '../decision.ts';
import type { Settings } from './state.ts';

/** Of the whole datacenter; null: none. */
export interface RateLimit {
  readonly bytesPerSecond: number | null;
  readonly operationsPerSecond: number | null;
}

export interface Throttle {
  readonly sourceRead: RateLimit;
  /** Of what this datacenter sends to others. */
  readonly link: RateLimit;
  readonly targetWrite: RateLimit;
}

/** What is left out stays as it is. */
export interface SetThrottle {
  readonly kind: 'set-throttle';
  readonly sourceRead?: LimitChange | undefined;
  readonly link?: LimitChange | undefined;
  readonly targetWrite?: LimitChange | undefined;
}

type LimitChange = { readonly [Part in keyof RateLimit]?: RateLimit[Part] | undefined };

/** Below it one document can hold everything up for longer than shards may be silent. */
export const BYTES_PER_SECOND_MIN = 64 * 1024;
export const OPERATIONS_PER_SECOND_MIN = 100;

const NONE: RateLimit = { bytesPerSecond: null, operationsPerSecond: null };
export const unlimited: Throttle = { sourceRead: NONE, link: NONE, targetWrite: NONE };

export function setThrottle({ throttle }: Settings, { sourceRead, link, targetWrite }: SetThrottle): Decision {
  const after: Throttle = {
    sourceRead: changed(throttle.sourceRead, sourceRead),
    link: changed(throttle.link, link),
    targetWrite: changed(throttle.targetWrite, targetWrite),
  };
  const limits = [after.sourceRead, after.link, after.targetWrite];
  if (!limits.every(({ bytesPerSecond }) => isAtLeast(bytesPerSecond, BYTES_PER_SECOND_MIN))) {
    return rejected(400, 'bad-throttle', 'a limit in bytes must be 64 KiB/s or more: to stop everything, pause');
  }
  if (!limits.every(({ operationsPerSecond }) => isAtLeast(operationsPerSecond, OPERATIONS_PER_SECOND_MIN))) {
    return rejected(
      400,
      'bad-throttle',
      'a limit in operations must be 100 a second or more: to stop everything, pause',
    );
  }
  return isSameThrottle(throttle, after) ? decided() : decided({ type: 'ThrottleSet', data: after });
}

export function isSameThrottle(a: Throttle, b: Throttle): boolean {
  return isSame(a.sourceRead, b.sourceRead) && isSame(a.link, b.link) && isSame(a.targetWrite, b.targetWrite);
}

function changed(before: RateLimit, change: LimitChange = {}): RateLimit {
  const { bytesPerSecond = before.bytesPerSecond, operationsPerSecond = before.operationsPerSecond } = change;
  return { bytesPerSecond, operationsPerSecond };
}

function isSame(a: RateLimit, b: RateLimit): boolean {
  return a.bytesPerSecond === b.bytesPerSecond && a.operationsPerSecond === b.operationsPerSecond;
}

function isAtLeast(perSecond: number | null, least: number): boolean {
  return perSecond === null || (Number.isSafeInteger(perSecond) && perSecond >= least);
}
