import { SourceEngine } from '../replication/source/engine.ts';
import { TargetEngine } from '../replication/target/engine.ts';
import type { Clock } from '../worker/clock.ts';
import type { TargetRole } from '../worker/ports.ts';
import { newUlid } from './crypto/new-ulid.ts';
import type { EnginesContext } from './worker-process.ts';
import type { Engines, SendingEngine, TargetConnections } from './worker-roles.ts';

/** What an operator may set. */
export interface EngineLimits {
  /** Shards that are copied at the same time, sent and received each. */
  readonly copiesAtOnce?: number;
  /** A lag marker is written into each followed server's log so often; 0: never. */
  readonly markerEveryMs?: number;
}

/** Both engines of a worker, on its own deployment. */
export function openEngines(context: EnginesContext, limits: EngineLimits = {}): Engines {
  return {
    source: () => sendingEngine(context, limits),
    target: (connections) => receivingEngine(context, connections, limits),
  };
}

/** The sending engine on the worker's own deployment. */
export function sendingEngine(
  { deployment, endpoint, clock, log }: EnginesContext,
  limits: EngineLimits = {},
): SendingEngine {
  const engine = new SourceEngine({
    deployment,
    syncerSeed: endpoint,
    limits,
    log,
    now: () => clock.wallMs(),
    sleep: (ms, signal) => sleepOrThrow(clock, ms, signal),
  });
  return {
    // A link that fails is opened again by the target; here it only must not go unheard.
    serve: (link) => void engine.serve(link).catch((error) => log.warn('serving a link failed', { error })),
    setTasks: (tasks) => engine.setTasks(tasks),
    setThrottle: ({ sourceRead }) => engine.setReadLimit(sourceRead ?? {}),
    reports: () => engine.reports(),
    stop: () => engine.stop(),
  };
}

/** The receiving engine on the worker's own deployment. */
export function receivingEngine(
  { deployment, clock, log, onLag }: EnginesContext,
  connections: TargetConnections,
  limits: EngineLimits = {},
): TargetRole {
  return new TargetEngine({
    deployment,
    limits,
    log,
    now: () => clock.wallMs(),
    sleep: (ms, signal) => sleepOrThrow(clock, ms, signal),
    newId: newUlid,
    connect: (workerId) => connections.connect(workerId),
    routes: () => connections.routes(),
    onStructure: (report) => connections.structure(report),
    onDoubt: (shard, reason) => connections.doubt(shard, reason),
    ...(onLag === undefined ? {} : { onLag }),
  });
}

/** As the engines want it: rejects with the signal's reason. */
async function sleepOrThrow(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(ms, signal);
  signal.throwIfAborted();
}
