import type { Handler, Methods, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { createBatch, deleteBatch, extendBatch, getLoggerState } from './replication-batch.ts';
import { dumpCollection } from './replication-dump.ts';
import { getInventory } from './replication-inventory.ts';
import { getDocuments, getTree, listRanges, rebuildTree } from './replication-revisions.ts';

/**
 * `/_api/replication/*` of a server that holds data (part 5), as 3.12.10 answers: `logger-follow`, `server-id`,
 * `applier-*` and their like are gone with that version and are unknown commands (400/400).
 *
 * Restoring is registered by `restore.ts`, for coordinators too; what a coordinator does with the rest is not here.
 */
export function registerReplication(router: Router): void {
  router.prefix('/_api/replication', all(unknownCommand));
  router.prefix('/_api/replication/batch', { POST: createBatch, PUT: extendBatch, DELETE: deleteBatch });
  router.exact('/_api/replication/inventory', { GET: getInventory });
  router.exact('/_api/replication/dump', { GET: dumpCollection });
  router.exact('/_api/replication/logger-state', { GET: getLoggerState });
  router.prefix('/_api/replication/keys', all(notHere));
  router.prefix('/_api/replication/revisions', all(unknownCommand));
  router.exact('/_api/replication/revisions/tree', { GET: getTree, POST: rebuildTree });
  router.exact('/_api/replication/revisions/ranges', { PUT: listRanges });
  router.exact('/_api/replication/revisions/documents', { PUT: getDocuments });
  router.exact('/_api/replication/clusterInventory', { GET: onlyOnCoordinator });
}

/** One handler for every method. */
export function all(handler: Handler): Methods {
  return { GET: handler, POST: handler, PUT: handler, PATCH: handler, DELETE: handler };
}

export const unknownCommand: Handler = () => {
  throw new ArangoApiError(400, 'invalid command');
};

const notHere: Handler = () => {
  throw new ArangoApiError(9, 'the embedded server has revision trees for every collection and no keys API');
};

const onlyOnCoordinator: Handler = () => {
  throw new ArangoApiError(1471, undefined, 403);
};
