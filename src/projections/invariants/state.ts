import type { Control } from '../../domain/control.ts';
import { must, type Violation } from './rule.ts';

/** What must hold of a state as a whole between two commits. Costs what the state costs: for the end of a replay. */
export function stateViolations({
  leadership,
  masters,
  workers,
  synchronization,
  tasks,
}: Control): readonly Violation[] {
  return [
    ...oneEach([...masters.values()], 'master'),
    ...oneEach([...workers.byId.values()], 'worker'),
    ...[...tasks.values()].flatMap(({ taskId, workerId }) =>
      must(
        workerId === null || workers.byId.has(workerId),
        'owner-registered',
        `task ${taskId} belongs to ${workerId}, which is not registered`,
      ),
    ),
    ...[...workers.byId.values()].flatMap(({ workerId, serverId }) =>
      must(serverId <= workers.highestServerId, 'server-id-once', `${workerId} has a server id above the highest`),
    ),
    ...must(leadership.leader === null || leadership.term > 0, 'leader-has-term', 'a leader without a term'),
    ...must(
      (synchronization.phase === 'inactive') === (synchronization.configuration === null),
      'configured-unless-inactive',
      `the synchronization is ${synchronization.phase}, its configuration does not fit that`,
    ),
  ];
}

/** Two processes cannot listen at one endpoint: the one of before has ended, and must have left. */
function oneEach(members: readonly { readonly endpoint: string }[], what: string): readonly Violation[] {
  const seen = new Set<string>();
  return members.flatMap(({ endpoint }) => {
    const isNew = !seen.has(endpoint);
    seen.add(endpoint);
    return must(isNew, 'one-per-endpoint', `two registered ${what}s have the endpoint ${endpoint}`);
  });
}
