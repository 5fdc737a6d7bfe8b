import type { WorkerInstructions } from '../../wire/worker.ts';
import { compareTicks } from '../queue.ts';
import type { Progress } from './checkpoint-rounds.ts';

/** A barrier of the source (S8): the ends of its servers' logs, behind which nothing was written. */
export type SourceBarrier = NonNullable<NonNullable<WorkerInstructions['incoming']>['barrier']>;

/** Whether everything of a shard up to the barrier is applied and durable. */
export function hasReached(progress: Progress, { ticks }: SourceBarrier): boolean {
  if (progress.writes !== progress.durableWrites) return false;
  const { dbServer, serverId, tick } = progress.checkpoint;
  const end = ticks.find((server) => server.dbServer === dbServer && server.serverId === serverId);
  return end !== undefined && compareTicks(tick, end.tick) >= 0;
}
