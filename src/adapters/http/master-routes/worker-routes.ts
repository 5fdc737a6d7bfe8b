import type { Master } from '../../../master/master.ts';
import { ApiError } from '../../../wire/api-error.ts';
import { ComparisonReport } from '../../../wire/comparisons.ts';
import { toMilliseconds } from '../../../wire/durations.ts';
import { ConfigureWorker, StructureReport, WorkerRegistration, WorkerReport } from '../../../wire/worker.ts';
import { bulkBodyBytesMax } from '../body.ts';
import type { Route, RouteRequest } from '../routes.ts';

/** Keys that a worker may say to accept. */
const keysMax = 16;

/** Calls of this datacenter's workers, and the list of them. */
export function workerRoutes(master: Master): Route[] {
  const { workers, instructions, reports } = master;
  const internal = { rights: 'internal', at: 'leader' } as const;
  return [
    {
      method: 'GET',
      path: '/_api/worker',
      rights: 'operator',
      at: 'leader-if-possible',
      handle: async ({ signal }) => {
        await master.refresh(signal);
        return { workers: workers.list() };
      },
    },
    {
      method: 'GET',
      path: '/_api/worker/:id',
      rights: 'operator',
      at: 'leader-if-possible',
      handle: async ({ param, signal }) => {
        await master.refresh(signal);
        return workers.get(param('id'));
      },
    },
    {
      method: 'PUT',
      path: '/_api/worker',
      ...internal,
      handle: async ({ body, caller, signal }) => workers.register(await body(WorkerRegistration), signal, caller),
    },
    {
      method: 'POST',
      path: '/_api/worker/configure',
      ...internal,
      handle: async ({ body, caller, signal }) => {
        const { endpoint, renew } = await body(ConfigureWorker);
        return workers.configure(endpoint, renew === true ? caller.name : undefined, signal);
      },
    },
    {
      method: 'DELETE',
      path: '/_api/worker/:id',
      rights: 'operator',
      at: 'leader',
      handle: async ({ param, caller, signal }) => {
        await workers.remove(param('id'), caller, signal);
        return {};
      },
    },
    {
      method: 'POST',
      path: '/_api/worker/:id/drain',
      ...internal,
      handle: async ({ param, caller, signal }) => {
        await workers.drain(param('id'), caller, signal);
        return {};
      },
    },
    {
      method: 'GET',
      path: '/_api/worker/:id/tasks',
      ...internal,
      handle: (request) =>
        instructions.next(
          request.param('id'),
          request.query('after'),
          waitMsOf(request),
          request.signal,
          (request.query('keys') ?? '').split(',').slice(0, keysMax),
        ),
    },
    {
      method: 'PUT',
      path: '/_api/worker/:id/report',
      ...internal,
      bodyBytesMax: bulkBodyBytesMax,
      handle: async ({ param, body, caller, signal }) => {
        await reports.shards(param('id'), await body(WorkerReport), signal, caller);
        return {};
      },
    },
    {
      method: 'POST',
      path: '/_api/worker/:id/comparisons',
      ...internal,
      bodyBytesMax: bulkBodyBytesMax,
      handle: async (request) =>
        master.verification.comparisons(
          request.param('id'),
          await request.body(ComparisonReport),
          waitMsOf(request),
          request.signal,
        ),
    },
    {
      method: 'PUT',
      path: '/_api/sync/structure',
      ...internal,
      bodyBytesMax: bulkBodyBytesMax,
      handle: async ({ caller, body, signal }) => {
        await reports.structure(caller.name, await body(StructureReport), signal, caller);
        return {};
      },
    },
  ];
}

/** How long the caller lets us hold its request, in nanoseconds; absent: not at all. */
function waitMsOf(request: RouteRequest): number {
  const wait = request.query('wait') ?? '0';
  if (!/^\d{1,16}$/.test(wait)) throw new ApiError(400, 'bad request: wait must be a number of nanoseconds');
  return toMilliseconds(Number(wait));
}
