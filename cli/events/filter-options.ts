import { parseDuration } from '../duration.ts';
import { UsageError } from '../errors.ts';
import { list, type OptionValues, text } from '../options.ts';

/** Which events to show. */
export const filterOptions = {
  types: list('type', { placeholder: 'type', description: 'Only events of this type; may be repeated' }),
  shard: text('shard', { placeholder: 'database/collection/index', description: 'Only events that name this shard' }),
  task: text('task', { placeholder: 'id', description: 'Only events that name this task' }),
  worker: text('worker', {
    placeholder: 'id',
    description: 'Only events that name this worker, or are of its reports',
  }),
  since: text('since', {
    placeholder: 'time',
    description: 'Only from this time on: RFC 3339, or a duration ago (1h)',
  }),
  until: text('until', { placeholder: 'time', description: 'Only up to this time' }),
};

/** The filter as query parameters. Throws {@link UsageError} naming what is wrong. */
export function filterQuery(values: OptionValues<typeof filterOptions>): Record<string, string> {
  const { types, shard, task, worker, since, until } = values;
  if (shard !== undefined && !/^[^/]+\/[^/]+\/\d{1,9}$/.test(shard)) {
    throw new UsageError(`--shard must be database/collection/index, not '${shard}'`);
  }
  return {
    ...(types.length === 0 ? {} : { types: types.join(',') }),
    ...(shard === undefined ? {} : { shard }),
    ...(task === undefined ? {} : { task }),
    ...(worker === undefined ? {} : { worker }),
    ...(since === undefined ? {} : { since: timeText(since, '--since') }),
    ...(until === undefined ? {} : { until: timeText(until, '--until') }),
  };
}

const RFC_3339 = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i;

/** A time as RFC 3339; `1h` is an hour ago by this machine's clock. */
export function timeText(given: string, flag: string, nowMs: number = Date.now()): string {
  const agoMs = parseDuration(given);
  if (agoMs !== undefined) return new Date(nowMs - agoMs).toISOString();
  if (RFC_3339.test(given) && !Number.isNaN(Date.parse(given))) return new Date(given).toISOString();
  throw new UsageError(
    `${flag} must be a time such as 2024-05-06T07:08:09Z, or a duration ago such as 1h, not '${given}'`,
  );
}

/** A place in the log: a position, or a time. */
export function placeText(given: string, flag: string): string {
  if (/^\d{1,15}$/.test(given)) return given;
  try {
    return timeText(given, flag);
  } catch {
    throw new UsageError(
      `${flag} must be a position, a time such as 2024-05-06T07:08:09Z or a duration ago, not '${given}'`,
    );
  }
}

/** `?a=1&b=2` of what is given. */
export function queryText(parameters: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, String(value));
  return query.size === 0 ? '' : `?${query}`;
}
