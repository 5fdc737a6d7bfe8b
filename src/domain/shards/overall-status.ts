import type { SyncStatus } from '../../events/types/parts.ts';

/**
 * The status of a set of shards: the one that most needs attention. A failed shard makes the whole `failed`, else the
 * shard that is least far on decides. `''` of nothing known is the caller's affair: no shards count as `running`.
 */
export function overallStatus(statuses: Iterable<SyncStatus>): SyncStatus {
  let worst: SyncStatus = 'running';
  for (const status of statuses) if (urgency[status] > urgency[worst]) worst = status;
  return worst;
}

const urgency: Readonly<Record<SyncStatus, number>> = {
  running: 0,
  'initial-sync': 1,
  initializing: 2,
  inactive: 3,
  cancelling: 4,
  failed: 5,
};
