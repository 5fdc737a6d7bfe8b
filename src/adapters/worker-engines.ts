import { ulid } from 'ulid';
import { TargetEngine } from '../replication/target/engine.ts';
import type { Clock } from '../worker/clock.ts';
import type { TargetRole } from '../worker/ports.ts';
import type { EnginesContext } from './worker-process.ts';
import type { TargetConnections } from './worker-roles.ts';

/** The receiving engine on the worker's own deployment. */
export function receivingEngine(
  { deployment, clock, log }: EnginesContext,
  connections: TargetConnections,
): TargetRole {
  return new TargetEngine({
    deployment,
    log,
    now: () => clock.wallMs(),
    sleep: (ms, signal) => sleepOrThrow(clock, ms, signal),
    newId: () => ulid(),
    connect: (workerId) => connections.connect(workerId),
    routes: () => connections.routes(),
    onStructure: (report) => connections.structure(report),
  });
}

/** As the engines want it: rejects with the signal's reason. */
async function sleepOrThrow(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(ms, signal);
  signal.throwIfAborted();
}
