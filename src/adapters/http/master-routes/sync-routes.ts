import type { Master } from '../../../master/master.ts';
import { ApiError } from '../../../wire/api-error.ts';
import { CheckRequest } from '../../../wire/check.ts';
import { ChecksumOptions, ChecksumsRequest } from '../../../wire/checksums.ts';
import { PauseSync } from '../../../wire/kept-log.ts';
import type { ShardRef } from '../../../wire/shards.ts';
import { CancelSync, ConfigureSync, ConfirmDrops, MessageTimeout } from '../../../wire/sync-commands.ts';
import { SetThrottle } from '../../../wire/throttle.ts';
import { bulkBodyBytesMax } from '../body.ts';
import type { Route, RouteRequest } from '../routes.ts';
import { streamLines } from '../stream-lines.ts';

const shardPath = '/_api/sync/database/:database/collection/:collection/shard/:index';

/** Commands and questions of operators about synchronizations (master-api §3). */
export function syncRoutes(master: Master): Route[] {
  const { configuration, sync, checksums, barrier, status, verification } = master;
  const command = { rights: 'operator', at: 'leader' } as const;
  return [
    {
      method: 'GET',
      path: '/_api/sync',
      rights: 'operator',
      at: 'leader-if-possible',
      handle: async (request) => {
        await master.refresh(request.signal);
        return sync.info(detailsOf(request));
      },
    },
    {
      method: 'GET',
      path: '/_api/sync/both',
      rights: 'operator',
      at: 'leader-if-possible',
      handle: async (request) => {
        await master.refresh(request.signal);
        return status.both(detailsOf(request), request.signal);
      },
    },
    {
      method: 'POST',
      path: '/_api/sync',
      ...command,
      handle: async (request) =>
        configuration.configure(await request.body(ConfigureSync), request.caller, request.signal).then(nothing),
    },
    {
      method: 'POST',
      path: '/_api/sync/plan',
      ...command,
      reads: true,
      handle: async (request) => configuration.plan(await request.body(ConfigureSync), request.signal),
    },
    {
      method: 'DELETE',
      path: '/_api/sync',
      ...command,
      handle: async (request) => sync.cancel(await request.body(CancelSync), request.caller, request.signal),
    },
    {
      method: 'POST',
      path: '/_api/sync/barrier',
      ...command,
      handle: (request) => barrier.set(request.caller, request.signal).then(nothing),
    },
    { method: 'GET', path: '/_api/sync/barrier', ...command, handle: async () => barrier.info() },
    {
      method: 'DELETE',
      path: '/_api/sync/barrier',
      ...command,
      handle: (request) => barrier.lift(request.caller, request.signal).then(nothing),
    },
    {
      method: 'POST',
      path: '/_api/sync/pause',
      ...command,
      handle: async (request) =>
        sync.pause(await request.body(PauseSync), request.caller, request.signal).then(nothing),
    },
    {
      method: 'DELETE',
      path: '/_api/sync/pause',
      ...command,
      handle: (request) => sync.resume(request.caller, request.signal).then(nothing),
    },
    {
      method: 'PUT',
      path: `${shardPath}/reset`,
      ...command,
      handle: (request) => sync.resetShards(shardOf(request), request.caller, request.signal).then(nothing),
    },
    {
      method: 'PUT',
      path: '/_api/sync/database/:database/collection/:collection/reset',
      ...command,
      handle: (request) => {
        const [database, collection] = [request.param('database'), request.param('collection')];
        return sync.resetShards({ database, collection }, request.caller, request.signal).then(nothing);
      },
    },
    {
      method: 'GET',
      path: `${shardPath}/checksum`,
      ...command,
      handle: async (request) =>
        checksums.compareOne(shardOf(request), await request.body(ChecksumOptions), request.signal),
    },
    {
      method: 'POST',
      path: '/_api/sync/checksums',
      ...command,
      reads: true,
      bodyBytesMax: bulkBodyBytesMax,
      handle: async (request) => ({
        results: await checksums.compare(await request.body(ChecksumsRequest), request.signal),
      }),
    },
    {
      method: 'POST',
      path: '/_api/sync/check',
      ...command,
      handle: async (request) => {
        const wish = await request.body(CheckRequest);
        const { caller } = request;
        return streamLines((tell, stop) => verification.check(wish, caller, tell, stop), request.signal);
      },
    },
    { method: 'GET', path: '/_api/sync/shards', ...command, handle: (request) => checksums.listing(request.signal) },
    {
      method: 'POST',
      path: '/_api/sync/drops/confirm',
      ...command,
      handle: async (request) => {
        const { collections } = await request.body(ConfirmDrops);
        await sync.confirmDrops(collections, request.caller, request.signal);
        return {};
      },
    },
    {
      method: 'GET',
      path: '/_api/message-timeout',
      rights: 'operator',
      at: 'any',
      handle: async (request) => {
        await master.refresh(request.signal);
        return sync.messageTimeout();
      },
    },
    {
      method: 'GET',
      path: '/_api/throttle',
      rights: 'operator',
      at: 'any',
      handle: async (request) => {
        await master.refresh(request.signal);
        return sync.throttle();
      },
    },
    {
      method: 'PUT',
      path: '/_api/throttle',
      ...command,
      handle: async (request) =>
        sync.setThrottle(await request.body(SetThrottle), request.caller, request.signal).then(nothing),
    },
    {
      method: 'PUT',
      path: '/_api/message-timeout',
      ...command,
      handle: async (request) =>
        sync.setMessageTimeout(await request.body(MessageTimeout), request.caller, request.signal).then(nothing),
    },
  ];
}

function nothing(): object {
  return {};
}

/** Also of the calls of targets' masters. */
export function detailsOf(request: RouteRequest): 'full' | 'short' {
  const details = request.query('details') ?? 'full';
  if (details === 'full' || details === 'short') return details;
  throw new ApiError(400, `bad request: details must be full or short, not ${details}`);
}

function shardOf(request: RouteRequest): ShardRef {
  const index = request.param('index');
  if (!/^\d{1,9}$/.test(index)) throw new ApiError(400, `bad request: ${index} is no index of a shard`);
  return {
    database: request.param('database'),
    collection: request.param('collection'),
    shardIndex: Number(index),
  };
}
