import { shardKey } from '../../../events/types/parts.ts';
import { vocabulary } from '../../../events/vocabulary.ts';
import type { Master } from '../../../master/master.ts';
import type { EventFilter } from '../../../projections/event-filter.ts';
import type { LogPlace } from '../../../projections/replay.ts';
import { ApiError } from '../../../wire/api-error.ts';
import { toMilliseconds } from '../../../wire/durations.ts';
import { COMMITS_PAGE_MAX, EVENTS_PAGE_MAX } from '../../../wire/events.ts';
import type { Route, RouteRequest } from '../routes.ts';
import { streamLines } from '../stream-lines.ts';

const PAGE_DEFAULT = 100;

/** The event log for operators: read-only, in pages; every master answers. */
export function eventsRoutes({ events }: Master): Route[] {
  const read = { method: 'GET', rights: 'operator', at: 'any' } as const;
  return [
    {
      ...read,
      path: '/_api/events',
      handle: (request) => {
        const query = { filter: filterOf(request), limit: limitOf(request, EVENTS_PAGE_MAX) };
        if (request.query('order') === 'newest')
          return events.before(numberOf(request, 'before'), query, request.signal);
        return events.after(numberOf(request, 'after') ?? 0, query, waitMsOf(request), request.signal);
      },
    },
    {
      ...read,
      path: '/_api/events/commits',
      handle: (request) =>
        events.commits(numberOf(request, 'after') ?? 0, limitOf(request, COMMITS_PAGE_MAX), request.signal),
    },
    {
      ...read,
      path: '/_api/events/commit/:position',
      handle: (request) => events.commit(digits(request.param('position'), 'the position'), request.signal),
    },
    {
      ...read,
      path: '/_api/events/replay',
      handle: (request) => {
        const to = placeOf(request, 'to');
        if (to === undefined) throw new ApiError(400, 'bad request: to is required: a position or a time');
        return events.replay(request.query('projection') ?? 'all', to, placeOf(request, 'from'), request.signal);
      },
    },
    {
      method: 'POST',
      path: '/_api/events/verify',
      rights: 'operator',
      at: 'any',
      reads: true,
      handle: ({ signal }) => streamLines((tell, stop) => events.verify(tell, stop), signal),
    },
  ];
}

function filterOf(request: RouteRequest): EventFilter {
  const [types, shard, task, worker] = ['types', 'shard', 'task', 'worker'].map((name) => request.query(name));
  const [sinceMs, untilMs] = [timeOf(request, 'since'), timeOf(request, 'until')];
  return {
    ...(types === undefined ? {} : { types: knownTypes(types) }),
    ...(shard === undefined ? {} : { shard: shardOf(shard) }),
    ...(task === undefined ? {} : { task }),
    ...(worker === undefined ? {} : { worker }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(untilMs === undefined ? {} : { untilMs }),
  };
}

/** A type that is misspelt would find nothing, which reads like "it never happened". */
function knownTypes(given: string): ReadonlySet<string> {
  const types = given.split(',').map((type) => type.trim());
  const unknown = types.find((type) => !Object.hasOwn(vocabulary, type));
  if (unknown === undefined) return new Set(types);
  throw new ApiError(
    400,
    `bad request: no event type ${unknown}; there are ${Object.keys(vocabulary).sort().join(', ')}`,
  );
}

/** `database/collection/index`; the parts may be percent-encoded, as they must be where they hold a slash. */
function shardOf(given: string): string {
  const [database, collection, index, ...rest] = given.split('/');
  if (!database || !collection || index === undefined || !/^\d{1,9}$/.test(index) || rest.length > 0) {
    throw new ApiError(400, 'bad request: shard must be database/collection/index');
  }
  return shardKey({ database: decoded(database), collection: decoded(collection), shardIndex: Number(index) });
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function placeOf(request: RouteRequest, name: string): LogPlace | undefined {
  const given = request.query(name);
  if (given === undefined) return undefined;
  if (/^\d{1,15}$/.test(given)) return { position: Number(given) };
  return { timeMs: time(given, name) };
}

function timeOf(request: RouteRequest, name: string): number | undefined {
  const given = request.query(name);
  return given === undefined ? undefined : time(given, name);
}

const RFC_3339 = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i;

function time(given: string, name: string): number {
  const timeMs = RFC_3339.test(given) ? Date.parse(given) : Number.NaN;
  if (!Number.isNaN(timeMs)) return timeMs;
  throw new ApiError(400, `bad request: ${name} must be a time such as 2024-05-06T07:08:09Z, not ${given}`);
}

function limitOf(request: RouteRequest, max: number): number {
  const limit = numberOf(request, 'limit') ?? PAGE_DEFAULT;
  return Math.min(Math.max(1, limit), max);
}

/** How long the caller lets us hold its request, in nanoseconds; absent: not at all. */
function waitMsOf(request: RouteRequest): number {
  const wait = request.query('wait') ?? '0';
  return toMilliseconds(digits(wait, 'wait'));
}

function numberOf(request: RouteRequest, name: string): number | undefined {
  const given = request.query(name);
  return given === undefined ? undefined : digits(given, name);
}

function digits(given: string, name: string): number {
  if (/^\d{1,15}$/.test(given)) return Number(given);
  throw new ApiError(400, `bad request: ${name} must be a whole number, not ${given}`);
}
