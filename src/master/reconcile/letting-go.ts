import type { Core } from './core.ts';

/** Whether a worker may still write what this deployment received: tasks are only gone when their workers have said so. */
export function mayStillReceive({ control, memory, ports, settings }: Core): boolean {
  const tasks = [...control.state.tasks.values()];
  if (tasks.some(({ type }) => type.startsWith('receive-'))) return true;
  const running = memory.ledger.mayRunAnywhere();
  // Tasks that are gone from the log and may still run can only be ours to receive, or a target's that has ended.
  if ([...running].some((taskId) => !control.state.tasks.has(taskId))) return true;
  if (memory.ledger.hasStranger) return true;
  const isNewLeader = memory.leadingForMs(ports.clock.monotonicMs()) < settings.times.workerLeaseMs;
  return isNewLeader && memory.ledger.hasUnknown(control.state.workers.byId.keys());
}
