import type { Master } from '../../../master/master.ts';
import { ApiError } from '../../../wire/api-error.ts';
import type { VersionInfo } from '../../../wire/cluster-members.ts';
import type { Route, RouteRequest } from '../routes.ts';

/** What this master is and who the others are; every master answers. */
export function memberRoutes(master: Master, version: VersionInfo): Route[] {
  const { members } = master;
  /** From the newest log: a master that lags must not answer from the past. */
  const fresh = (answer: (request: RouteRequest) => object) => async (request: RouteRequest) => {
    await master.refresh(request.signal);
    return answer(request);
  };
  const read = (path: string, answer: (request: RouteRequest) => object): Route => ({
    method: 'GET',
    path,
    rights: 'operator',
    at: 'any',
    handle: fresh(answer),
  });
  return [
    { method: 'GET', path: '/_api/version', rights: 'monitoring', at: 'any', handle: () => version },
    { method: 'GET', path: '/_api/role', rights: 'operator', at: 'any', handle: () => ({ role: 'master' }) },
    { method: 'GET', path: '/_api/health', rights: 'operator', at: 'any', handle: () => health(master) },
    read('/_api/endpoints', () => ({ endpoints: members.publicEndpoints() })),
    read('/_api/leader/endpoint', () => ({ endpoints: members.leaderEndpoints() })),
    read('/_api/masters', () => ({ masters: members.masters() })),
    read('/_api/task', () => ({ tasks: members.tasks() })),
    read('/_api/task/id/:id', ({ param }) => members.task(param('id'))),
    read('/_api/task/channel/:name', ({ param }) => ({ tasks: members.tasksOfChannel(param('name')) })),
    {
      ...read('/_api/mq/channel/:name/is-relevant', ({ param }) => ({
        isRelevant: members.isRelevant(unescapedAgain(param('name'))),
      })),
      rights: 'internal',
    },
  ];
}

/** Under `/_api/mq` names arrive escaped twice (master-api §1). */
function unescapedAgain(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new ApiError(400, 'bad request: the name of the channel is not escaped rightly');
  }
}

function health(master: Master): object {
  const ailment = master.ailment();
  if (ailment !== undefined) throw new ApiError(503, ailment);
  return {};
}
