import { objectOrEmpty } from '../http/body.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import type { Reply } from '../http/reply.ts';
import { nameOf, needCollection } from '../http/rights.ts';
import { forward } from './forward.ts';

const forwarded: ReadonlySet<string> = new Set(['batch', 'dump']);
const needServer: ReadonlySet<string> = new Set(['batch', 'inventory', 'dump']);
const acted = /^(clusterInventory|restore-(collection|indexes|view|data))$/;

/**
 * What a coordinator does with replication calls before any handler (reference 5.0): passes those that name a DB-Server
 * on. Undefined: the handlers go on, and refuse what a coordinator does not do.
 */
export function interceptReplication(request: ApiRequest): Promise<Reply> | undefined {
  const { path } = request;
  if (path.startsWith('/_api/replication/')) return interceptCommand(request, path.split('/')[3] as string);
  if (/^\/_api\/dump(\/|$)/.test(path)) return interceptDump(request);
  return undefined;
}

function interceptCommand(request: ApiRequest, command: string): Promise<Reply> | undefined {
  const serverId = request.query.text('DBserver');
  if (acted.test(command)) return undefined;
  if (serverId === undefined || serverId === '') {
    if (needServer.has(command)) throw new ArangoApiError(400, "need 'DBserver' parameter");
    return undefined;
  }
  if (!forwarded.has(command) && !request.server.features.forwardsAll) throw new ArangoApiError(1470);
  if (command === 'dump') checkDumpRight(request);
  return forward(request, serverId);
}

/**
 * Shard names are what a forwarded dump takes, anything else is unknown: 404/1203 (5.4, 9.4 no. 2). The right is that of
 * the shard's collection. A missing name is for the DB-Server to refuse.
 */
function checkDumpRight(request: ApiRequest): void {
  const shard = request.query.text('collection') ?? '';
  if (shard === '') return;
  const collections = request.server.front.database(request.database)?.collections() ?? [];
  if (!collections.some((candidate) => candidate.shards()?.has(shard) === true)) {
    throw new ArangoApiError(1203, `collection or view not found: ${shard}`);
  }
  needShard(request, shard);
}

function needShard(request: ApiRequest, shard: string): void {
  const collection = request.server.front
    .database(request.database)
    ?.collections()
    .find((candidate) => candidate.name === shard || candidate.shards()?.has(shard) === true);
  if (collection !== undefined) needCollection(request, collection.name, 'ro');
}

function interceptDump(request: ApiRequest): Promise<Reply> {
  const serverId = request.query.text('dbserver');
  if (serverId === undefined || serverId === '') throw new ArangoApiError(10, "need 'dbserver' parameter");
  if (request.path === '/_api/dump/start') {
    const { shards } = objectOrEmpty(request);
    for (const shard of Array.isArray(shards) ? shards : []) needShard(request, String(shard));
  }
  // The DB-Server keeps a dump for the user that began it, and hears his name in a header (5.6).
  const name = nameOf(request.identity);
  return forward(request, serverId, { 'x-arango-dump-auth-user': name === '' ? 'root' : name });
}
