import { z } from 'zod';
import type { Master } from '../../../master/master.ts';
import type { ForgetTarget } from '../../../master/source-masters.ts';
import { ApiError } from '../../../wire/api-error.ts';
import { ChecksumsRequest } from '../../../wire/checksums.ts';
import { OutgoingHeartbeat, OutgoingRegistration, OutgoingShards } from '../../../wire/outgoing.ts';
import { ServerMode } from '../../../wire/sync-commands.ts';
import { bulkBodyBytesMax } from '../body.ts';
import type { Route, RouteRequest } from '../routes.ts';
import { detailsOf } from './sync-routes.ts';

/** Calls of targets' masters at their source, and an operator's way to forget targets. */
export function outgoingRoutes(master: Master): Route[] {
  const { outgoing, status } = master;
  const target = { rights: 'peer', at: 'leader' } as const;
  return [
    {
      method: 'POST',
      path: '/_api/sync/outgoing',
      ...target,
      handle: async ({ body, caller, signal }) => outgoing.register(await body(OutgoingRegistration), caller, signal),
    },
    {
      method: 'POST',
      path: '/_api/sync/outgoing/:id/heartbeat',
      ...target,
      handle: async ({ param, body, caller, signal }) =>
        outgoing.heartbeat(param('id'), await body(OutgoingHeartbeat), caller, signal),
    },
    {
      method: 'GET',
      path: '/_api/sync/outgoing/:id',
      ...target,
      handle: ({ param, caller, signal }) => outgoing.look(param('id'), caller, signal),
    },
    {
      method: 'GET',
      path: '/_api/sync/outgoing/:id/status',
      rights: 'peer',
      at: 'leader-if-possible',
      handle: async (request) => {
        await master.refresh(request.signal);
        return status.atSource(request.param('id'), detailsOf(request), request.caller);
      },
    },
    {
      method: 'PUT',
      path: '/_api/sync/outgoing/:id/shards',
      ...target,
      bodyBytesMax: bulkBodyBytesMax,
      handle: async ({ param, body, caller, signal }) => {
        await outgoing.putShards(param('id'), await body(OutgoingShards), caller, signal);
        return {};
      },
    },
    {
      method: 'POST',
      path: '/_api/sync/outgoing/:id/checksums',
      rights: 'peer',
      reads: true,
      at: 'any',
      bodyBytesMax: bulkBodyBytesMax,
      handle: async ({ param, body, caller, signal }) => ({
        checksums: await outgoing.checksums(param('id'), await body(ChecksumsRequest), caller, signal),
      }),
    },
    {
      method: 'PUT',
      path: '/_api/sync/outgoing/:id/barrier',
      ...target,
      handle: ({ param, caller, signal }) => outgoing.setBarrier(param('id'), caller, signal),
    },
    {
      method: 'DELETE',
      path: '/_api/sync/outgoing/:id/barrier',
      ...target,
      handle: async ({ param, caller, signal }) => {
        await outgoing.liftBarrier(param('id'), caller, signal);
        return {};
      },
    },
    {
      method: 'GET',
      path: '/_api/sync/outgoing/:id/listing',
      rights: 'peer',
      at: 'any',
      handle: ({ param, caller, signal }) => outgoing.listing(param('id'), caller, signal),
    },
    {
      method: 'DELETE',
      path: '/_api/sync/outgoing/:id',
      rights: 'operator',
      at: 'leader',
      handle: async (request) => {
        await outgoing.stop(request.param('id'), howOf(request), request.caller, request.signal);
        return {};
      },
    },
    {
      method: 'DELETE',
      path: '/_api/sync/outgoing',
      rights: 'operator',
      at: 'leader',
      handle: async (request) => {
        await outgoing.stopAll(howOf(request), request.caller, request.signal);
        return {};
      },
    },
  ];
}

/** Absent and empty are the same, as with the other parameters. */
const Count = z.preprocess((text) => text || undefined, z.coerce.number().int().nonnegative().optional());

function howOf(request: RouteRequest): ForgetTarget {
  const mode = ServerMode.safeParse(request.query('server_mode'));
  if (!mode.success) throw new ApiError(400, 'bad request: server_mode must be default or readonly');
  const barrierEpoch = request.query('barrier');
  const [asOf, epoch] = ['as_of', 'epoch'].map((name) => countOf(request, name));
  return {
    ...(mode.data === undefined ? {} : { serverMode: mode.data }),
    ...(barrierEpoch ? { barrierEpoch } : {}),
    ...(asOf === undefined ? {} : { asOf }),
    ...(epoch ? { epoch } : {}),
  };
}

/** A position in the target's log. */
function countOf(request: RouteRequest, name: string): number | undefined {
  const count = Count.safeParse(request.query(name));
  if (!count.success) throw new ApiError(400, `bad request: ${name} must be a position in a log`);
  return count.data;
}
