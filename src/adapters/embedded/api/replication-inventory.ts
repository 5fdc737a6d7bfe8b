import type { Collection } from '../engine/collection.ts';
import type { Database } from '../engine/database.ts';
import { collectionParameters } from '../engine/describe.ts';
import { isExcluded } from '../engine/exclusion.ts';
import type { IndexDefinition, JsonObject } from '../engine/types.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { json, type Reply } from '../http/reply.ts';
import { logPosition } from './replication-batch.ts';
import { demandEngine } from './replication-engine.ts';

/** `GET /_api/replication/inventory` of a server that holds data (5.2): on a DB-Server the collections are its shards. */
export function getInventory(request: ApiRequest): Reply {
  const engine = demandEngine(request);
  const { query } = request;
  const isGlobal = query.flag('global', false);
  if (isGlobal && request.database !== '_system')
    throw new ArangoApiError(11, 'global inventory can only be fetched from within _system database');
  const batch = engine.batches.demand(query.text('batchId') ?? '');
  const state = logPosition(engine, batch.lastTick);
  const tick = request.server.deployment.ids.next();
  const content = (database: Database) => databaseInventory(request, database);
  if (!isGlobal) return json(200, { ...content(engine.demandDatabase(request.database)), state, tick });
  const databases = Object.fromEntries(engine.databases().map((database) => [database.name, content(database)]));
  return json(200, { databases, state, tick });
}

function databaseInventory(request: ApiRequest, database: Database): JsonObject {
  const { query } = request;
  const includeSystem = query.flag('includeSystem', true);
  const includeFoxxQueues = query.flag('includeFoxxQueues', false);
  const only = query.text('collection');
  const collections = database
    .collections()
    .filter((collection) =>
      only === undefined
        ? !isExcluded(collection.name, includeSystem, includeFoxxQueues)
        : collection === database.collection(only),
    )
    .sort(byTypeAndName);
  return {
    properties: database.definition,
    collections: collections.map((collection) => ({
      indexes: collection.indexes.filter(isReplicated).map(definitionOnly),
      parameters: collectionParameters(collection, request.server.features),
    })),
    views: only === undefined ? database.views() : [],
  };
}

/** Document collections before edge collections, then by name. */
function byTypeAndName(a: Collection, b: Collection): number {
  if (a.type !== b.type) return a.type - b.type;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** Links of views are not among the indexes (9.4 no. 12). */
function isReplicated(index: IndexDefinition): boolean {
  return index.type !== 'arangosearch' && index.type !== 'primary' && index.type !== 'edge';
}

/** Without what is no definition (3.3). */
function definitionOnly(index: IndexDefinition): JsonObject {
  const { selectivityEstimate: _estimate, isNewlyCreated: _isNew, objectId: _objectId, ...definition } = index;
  return definition;
}
