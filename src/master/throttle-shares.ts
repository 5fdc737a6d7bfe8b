import type { RateLimit, Throttle } from '../domain/settings/throttle.ts';
import type { Tasks } from '../domain/tasks/state.ts';
import type { Throttled, ThrottleInfo, WorkerThrottle } from '../wire/throttle.ts';

/** How many workers have tasks to which a limit applies. */
export type Sharers = Readonly<Record<Throttled, number>>;

/**
 * Limits are of the whole datacenter: each worker that has tasks of the kind gets an equal part, so that all together never
 * do more, whatever they have to do.
 */
export function shareOf({ sourceRead, link, targetWrite }: Throttle, sharers: Sharers): WorkerThrottle | undefined {
  const shares = {
    ...shared('sourceRead', sourceRead, sharers.sourceRead),
    ...shared('link', link, sharers.link),
    ...shared('targetWrite', targetWrite, sharers.targetWrite),
  };
  return Object.keys(shares).length === 0 ? undefined : shares;
}

function shared(kind: Throttled, { bytesPerSecond, operationsPerSecond }: RateLimit, sharers: number): WorkerThrottle {
  if (bytesPerSecond === null && operationsPerSecond === null) return {};
  const part = (total: number) => Math.max(1, Math.floor(total / Math.max(1, sharers)));
  return {
    [kind]: {
      ...(bytesPerSecond === null ? {} : { bytesPerS: part(bytesPerSecond) }),
      ...(operationsPerSecond === null ? {} : { operationsPerS: part(operationsPerSecond) }),
    },
  };
}

/** The limits, and among how many workers each is divided now. */
export function throttleInfo({ sourceRead, link, targetWrite }: Throttle, tasks: Tasks): ThrottleInfo {
  const sharers = sharersOf(tasks);
  return {
    sourceRead: { ...sourceRead, workers: sharers.sourceRead },
    link: { ...link, workers: sharers.link },
    targetWrite: { ...targetWrite, workers: sharers.targetWrite },
  };
}

/** Counted once per change of the tasks: there may be ten thousands, and every worker's poll asks. */
const known = new WeakMap<Tasks, Sharers>();

export function sharersOf(tasks: Tasks): Sharers {
  const found = known.get(tasks) ?? counted(tasks);
  known.set(tasks, found);
  return found;
}

function counted(tasks: Tasks): Sharers {
  const [sending, receiving] = [new Set<string>(), new Set<string>()];
  for (const { type, workerId } of tasks.values()) {
    if (workerId === null) continue;
    if (type === 'send-shard') sending.add(workerId);
    if (type === 'receive-shard') receiving.add(workerId);
  }
  return { sourceRead: sending.size, link: sending.size, targetWrite: receiving.size };
}
