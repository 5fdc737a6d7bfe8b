import type { ApiRequest, Handler, Method, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import type { Reply } from '../http/reply.ts';
import { createBatch, deleteBatch, extendBatch, getLoggerState } from './replication-batch.ts';
import { dumpCollection } from './replication-dump.ts';
import { getInventory } from './replication-inventory.ts';
import { followLog, getFirstTick, getServerId, getTickRanges, refuseApplier } from './replication-logger.ts';
import { getDocuments, getTree, listRanges, rebuildTree } from './replication-revisions.ts';
import { restoreCollection } from './restore-collection.ts';
import { restoreData } from './restore-data.ts';
import { restoreIndexes } from './restore-indexes.ts';
import { restoreView } from './restore-view.ts';

type Command = { readonly [M in Method]?: Handler };

/**
 * `/_api/replication/*` (part 5 and 7). `logger-follow`, `server-id`, `applier-*` and their like are unknown commands from
 * 3.12.10 on. One prefix for all, so that longer paths registered elsewhere
 * (`clusterInventory` of a coordinator) win. Of a coordinator only restoring comes here: the rest is passed on, or refused,
 * before (5.0).
 */
export function registerReplication(router: Router): void {
  const answer: Handler = (request) => dispatch(request);
  router.prefix('/_api/replication', { GET: answer, POST: answer, PUT: answer, PATCH: answer, DELETE: answer });
}

const restoring: Readonly<Record<string, Command>> = {
  'restore-collection': { PUT: restoreCollection },
  'restore-indexes': { PUT: restoreIndexes },
  'restore-view': { PUT: restoreView },
  'restore-data': { PUT: restoreData },
};

const withData: Readonly<Record<string, Command>> = {
  batch: { POST: createBatch, PUT: extendBatch, DELETE: deleteBatch },
  inventory: { GET: getInventory },
  dump: { GET: dumpCollection },
  'logger-state': { GET: getLoggerState },
  'revisions/tree': { GET: getTree, POST: rebuildTree },
  'revisions/ranges': { PUT: listRanges },
  'revisions/documents': { PUT: getDocuments },
};

const ofFollowers: Readonly<Record<string, Command>> = {
  'logger-follow': { GET: followLog },
  'logger-first-tick': { GET: getFirstTick },
  'logger-tick-ranges': { GET: getTickRanges },
  'server-id': { GET: getServerId },
  'applier-config': { GET: refuseApplier, PUT: refuseApplier },
  'applier-start': { PUT: refuseApplier },
  'applier-stop': { PUT: refuseApplier },
  'applier-state': { GET: refuseApplier, DELETE: refuseApplier },
  'make-follower': { PUT: refuseApplier },
  sync: { PUT: refuseApplier },
};

function dispatch(request: ApiRequest): Reply | Promise<Reply> {
  const { role } = request.server;
  const [first = '', second = ''] = request.suffix;
  const name = first === 'revisions' ? `${first}/${second}` : first;
  if (Object.hasOwn(restoring, first)) {
    if (role === 'dbserver') throw new ArangoApiError(1471);
    return run(request, restoring[first] as Command, 1);
  }
  if (first === 'clusterInventory') throw new ArangoApiError(1471, undefined, 403);
  if (first === 'keys') {
    throw new ArangoApiError(9, 'the embedded server has revision trees for every collection and no keys API');
  }
  const { loggerCalls } = request.server.features;
  if (loggerCalls && Object.hasOwn(ofFollowers, first)) return run(request, ofFollowers[first] as Command, 1);
  if (!Object.hasOwn(withData, name)) throw unknownCommand();
  return run(request, withData[name] as Command, name === first ? 1 : 2);
}

function run(request: ApiRequest, command: Command, depth: number): Reply | Promise<Reply> {
  const handler = command[request.method] ?? (request.method === 'HEAD' ? command.GET : undefined);
  if (handler === undefined) throw new ArangoApiError(405);
  return handler({ ...request, suffix: request.suffix.slice(depth) });
}

function unknownCommand(): ArangoApiError {
  return new ArangoApiError(400, 'invalid command');
}
