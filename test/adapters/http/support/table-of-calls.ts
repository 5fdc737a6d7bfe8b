/** The status of a call by each of `callers`, in their order. */
type Statuses = readonly [number, number, number, number, number, number, number];

export interface TableRow {
  readonly call: string;
  /** Empty for calls without one. */
  readonly body?: 'configure' | object;
  /** Where it is asked; the target by default. */
  readonly at?: 'source';
  readonly statuses: Statuses;
}

//                          nobody  wrong  JWT  user  reader  certificate  monitoring
const everyone: Statuses = [401, 401, 200, 200, 403, 200, 200];
const operator: Statuses = [401, 401, 200, 200, 403, 200, 403];
const unknown: Statuses = [401, 401, 404, 404, 403, 404, 403];
const conflict: Statuses = [401, 401, 412, 412, 403, 412, 403];
const wrong: Statuses = [401, 401, 400, 400, 403, 400, 403];
const secretOnly: Statuses = [401, 401, 200, 403, 403, 403, 403];
const certificateOnly: Statuses = [401, 401, 403, 403, 403, 200, 403];
const notServed: Statuses = [404, 404, 404, 404, 404, 404, 404];

const hour = 3_600_000_000_000;

/**
 * Every call of master-api §3 and what each caller gets, in an order in which none takes away what a later one needs: a
 * target that runs, then its stop, then what is left at the source. `{…}` stands for what the running pair has.
 */
export const tableOfCalls: readonly TableRow[] = [
  { call: 'GET /_api/version', statuses: everyone },
  { call: 'GET /_api/role', statuses: operator },
  { call: 'GET /_api/health', statuses: operator },
  { call: 'GET /metrics', statuses: everyone },
  { call: 'GET /metrics.json', statuses: everyone },
  { call: 'GET /_api/openapi.json', statuses: operator },
  { call: 'GET /_api/sync', statuses: operator },
  { call: 'GET /_api/sync?details=', statuses: operator },
  { call: 'GET /_api/sync?details=short', statuses: operator },
  { call: 'GET /_api/sync?details=full', statuses: operator },
  { call: 'GET /_api/sync?details=some', statuses: wrong },
  { call: 'GET /_api/sync', at: 'source', statuses: operator },
  { call: 'GET /_api/sync/both', statuses: operator },
  { call: 'GET /_api/sync/both?details=some', statuses: wrong },
  { call: 'POST /_api/sync', body: 'configure', statuses: operator },
  { call: 'POST /_api/sync', body: {}, statuses: wrong },
  { call: 'POST /_api/sync/barrier', statuses: operator },
  { call: 'GET /_api/sync/barrier', statuses: operator },
  { call: 'DELETE /_api/sync/barrier', statuses: operator },
  { call: 'POST /_api/sync/pause', body: { keep_log: hour }, statuses: operator },
  { call: 'POST /_api/sync/pause', body: { keep_log: '1h' }, statuses: wrong },
  { call: 'DELETE /_api/sync/pause', statuses: operator },
  { call: 'GET /_api/sync/database/d/collection/c/shard/0/checksum', body: { timeout: 60e9 }, statuses: operator },
  { call: 'GET /_api/sync/database/d/collection/none/shard/0/checksum', statuses: unknown },
  { call: 'GET /_api/sync/database/d/collection/c/shard/0/checksum', at: 'source', statuses: conflict },
  { call: 'POST /_api/sync/check', body: { timeout: 1e9 }, statuses: operator },
  { call: 'POST /_api/sync/check', body: { database: 'none' }, statuses: unknown },
  { call: 'POST /_api/sync/check', body: { timeout: '1m' }, statuses: wrong },
  { call: 'POST /_api/sync/check', at: 'source', statuses: conflict },
  { call: 'GET /_api/sync/shards', statuses: operator },
  { call: 'GET /_api/message-timeout', statuses: operator },
  { call: 'PUT /_api/message-timeout', body: { messageTimeout: 3 * hour }, statuses: operator },
  { call: 'PUT /_api/message-timeout', body: { messageTimeout: '3h' }, statuses: wrong },
  { call: 'GET /_api/throttle', statuses: operator },
  { call: 'PUT /_api/throttle', body: { sourceRead: { bytesPerSecond: 65_536 } }, statuses: operator },
  { call: 'PUT /_api/throttle', body: { sourceRead: { bytesPerSecond: '50MiB' } }, statuses: wrong },
  { call: 'GET /_api/endpoints', statuses: operator },
  { call: 'GET /_api/leader/endpoint', statuses: operator },
  { call: 'GET /_api/masters', statuses: operator },
  { call: 'GET /_api/worker', statuses: operator },
  { call: 'GET /_api/worker/{worker}', statuses: operator },
  { call: 'GET /_api/worker/nobody', statuses: unknown },
  { call: 'GET /_api/task', statuses: operator },
  { call: 'GET /_api/task/id/{task}', statuses: operator },
  { call: 'GET /_api/task/id/none', statuses: unknown },
  { call: 'GET /_api/task/channel/{channel}', statuses: operator },
  { call: 'GET /_api/mq/channel/{channel}/is-relevant', statuses: secretOnly },
  { call: 'PUT /_api/sync/database/d/collection/c/shard/0/reset', statuses: operator },
  { call: 'PUT /_api/sync/database/d/collection/c/shard/7/reset', statuses: unknown },
  { call: 'PUT /_api/sync/database/d/collection/c/shard/x/reset', statuses: wrong },
  { call: 'GET /_api/sync/outgoing/{target}/listing', at: 'source', statuses: [401, 401, 200, 403, 403, 200, 403] },
  { call: 'GET /_api/sync/outgoing/{target}/status', at: 'source', statuses: [401, 401, 200, 403, 403, 200, 403] },
  { call: 'POST /_api/sync/outgoing', at: 'source', body: { id: '' }, statuses: [401, 401, 400, 403, 403, 400, 403] },
  {
    call: 'POST /_api/sync/outgoing',
    at: 'source',
    body: { id: 'another', target: ['https://x:8629'], channels: { inventory: 'i' } },
    statuses: certificateOnly,
  },
  { call: 'POST /_api/worker/configure', body: { endpoint: 'https://127.0.0.1:8729' }, statuses: secretOnly },
  {
    call: 'POST /_api/worker/nobody/comparisons',
    body: { results: [] },
    statuses: [401, 401, 404, 403, 403, 403, 403],
  },
  { call: 'POST /_api/worker/nobody/drain', statuses: [401, 401, 404, 403, 403, 403, 403] },
  { call: 'DELETE /_api/sync', body: { wait_timeout: 0, target_server_mode: '' }, statuses: operator },
  { call: 'DELETE /_api/sync', body: { wait_timeout: '1s' }, statuses: wrong },
  { call: 'DELETE /_api/sync/outgoing/{target}', at: 'source', statuses: operator },
  { call: 'DELETE /_api/sync/outgoing?server_mode=', at: 'source', statuses: operator },
  { call: 'DELETE /_api/sync/outgoing?server_mode=x', at: 'source', statuses: wrong },
  { call: 'GET /_api/no-such-call', statuses: notServed },
];

/** What a worker answers. */
export const tableOfWorkerCalls: readonly TableRow[] = [
  { call: 'PUT /_api/worker/configure', body: {}, statuses: [401, 401, 400, 403, 403, 403, 403] },
  { call: 'GET /_api/version', statuses: everyone },
  { call: 'GET /_api/role', statuses: operator },
  { call: 'GET /_api/health', statuses: operator },
  { call: 'GET /metrics', statuses: everyone },
  { call: 'GET /metrics.json', statuses: everyone },
  { call: 'GET /_api/openapi.json', statuses: operator },
  { call: 'GET /_api/sync', statuses: notServed },
];
