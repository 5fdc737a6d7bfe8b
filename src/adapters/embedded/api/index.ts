import type { FrontCollection } from '../cluster/front.ts';
import {
  describeBuiltInIndex,
  describeIndex,
  EDGE_INDEX,
  indexHandle,
  isSameIndex,
  normaliseIndex,
  PRIMARY_INDEX,
  type UnnumberedIndex,
} from '../definitions/index-definition.ts';
import { isJsonObject } from '../definitions/json.ts';
import type { IndexDefinition, JsonObject } from '../engine/types.ts';
import { isObject, parseBody } from '../http/body.ts';
import type { ApiRequest, DeploymentView, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { json, merged, mergedLast, type Reply } from '../http/reply.ts';
import { needCollection, needDatabase } from '../http/rights.ts';
import { usableAnalyzers } from './analyzers-of.ts';
import { SelectivityEstimates } from './index-estimate.ts';
import { databaseOf } from './lookup.ts';

const INDEX_NOT_FOUND = 1212;
const DUPLICATE_IDENTIFIER = 1005;
const UNSUPPORTED_IN_CLUSTER = 1470;

/** `/_api/index` (reference 3.3). */
export function registerIndex(router: Router): void {
  router.prefix('/_api/index', { GET: readIndexes, POST: createIndex, DELETE: dropIndex });
}

async function readIndexes(request: ApiRequest): Promise<Reply> {
  if (request.suffix.length === 0) return listIndexes(request);
  if (request.suffix.length === 1 && request.suffix[0] === 'selectivity') return listSelectivity(request);
  if (request.suffix.length !== 2) throw new ArangoApiError(400);
  const [collectionName = '', nameOrId = ''] = request.suffix;
  const collection = needReadable(request, collectionName);
  const bareId = nameOrId.slice(nameOrId.indexOf('/') + 1);
  const index = (await shownIndexes(request, collection)).find(
    (shown) => shown.id === indexHandle(collection.name, bareId) || shown.name === bareId,
  );
  if (index === undefined) throw new ArangoApiError(INDEX_NOT_FOUND);
  if (index.type !== 'primary' || request.server.features.primaryEstimateInIndexAnswer)
    return oneIndex(request, 200, index);
  const { selectivityEstimate: _none, ...withoutEstimate } = index;
  return oneIndex(request, 200, withoutEstimate);
}

async function listIndexes(request: ApiRequest): Promise<Reply> {
  const collection = needReadable(request, collectionParameter(request));
  const indexes = [...(await shownIndexes(request, collection))];
  if (request.query.flag('withHidden', false)) indexes.push(...hiddenLinks(request, collection));
  const shown = request.query.flag('withStats', false) ? indexes.map(withFigures) : indexes;
  return merged(200, { indexes: shown, identifiers: Object.fromEntries(shown.map((index) => [index.id, index])) });
}

async function listSelectivity(request: ApiRequest): Promise<Reply> {
  const collection = needReadable(request, collectionParameter(request));
  const shown = (await shownIndexes(request, collection)).filter((index) => index.selectivityEstimate !== undefined);
  return merged(200, { indexes: Object.fromEntries(shown.map((index) => [index.id, index.selectivityEstimate])) });
}

async function shownIndexes(request: ApiRequest, collection: FrontCollection): Promise<readonly JsonObject[]> {
  const estimates = await SelectivityEstimates.of(collection);
  const secondary = collection.indexes.map((index) => describeIndex(collection.name, index, estimates.estimate(index)));
  const edge = collection.type === 3 ? edgeIndexes(request, collection, estimates) : [];
  return [describeBuiltInIndex(collection.name, PRIMARY_INDEX, 1), ...edge, ...secondary];
}

/** A DB-Server lists the two halves that others merge into one. */
function edgeIndexes(
  request: ApiRequest,
  collection: FrontCollection,
  estimates: SelectivityEstimates,
): readonly JsonObject[] {
  const halves = [
    { ...EDGE_INDEX, id: '1', fields: ['_from'] },
    { ...EDGE_INDEX, fields: ['_to'] },
  ];
  const stored = request.server.role === 'dbserver' ? halves : [EDGE_INDEX];
  return stored.map((index) => describeBuiltInIndex(collection.name, index, estimates.edgeEstimate()));
}

/** Links of views are indexes that only `withHidden` shows. */
function hiddenLinks(request: ApiRequest, collection: FrontCollection): readonly JsonObject[] {
  return databaseOf(request)
    .views()
    .flatMap((view) => {
      const link = isJsonObject(view.links) ? view.links[collection.name] : undefined;
      if (!isJsonObject(link)) return [];
      const { analyzers, fields, includeAllFields, storeValues, trackListPositions } = link;
      const id = indexHandle(collection.name, String(view.id));
      const type = 'arangosearch';
      const guid = view.globallyUniqueId;
      return [{ analyzers, fields, id, includeAllFields, storeValues, trackListPositions, type, view: guid }];
    });
}

function withFigures(index: JsonObject): JsonObject {
  const figures =
    index.type === 'inverted' || index.type === 'arangosearch'
      ? { numDocs: 0, numPrimaryDocs: 0, numLiveDocs: 0, numSegments: 0, numFiles: 0, indexSize: 0 }
      : { memory: 0, cacheInUse: false, cacheSize: 0, cacheUsage: 0 };
  return { ...index, figures };
}

export async function createIndex(request: ApiRequest): Promise<Reply> {
  const body = parseBody(request);
  if (request.suffix.length > 0) {
    throw new ArangoApiError(400, 'expecting POST /_api/index?collection=<collection-name>');
  }
  if (!isObject(body)) throw new ArangoApiError(10, 'expecting object for index definition');
  const collection = needChangeable(request, collectionParameter(request));
  const definition = await completed(request, body);
  const same = collection.indexes.find((index) => isSameIndex(index, definition));
  if (same !== undefined) return created(request, collection, same, false);
  refuseConflict(request, collection, definition);
  const index: IndexDefinition = { ...definition, id: request.server.deployment.ids.next() };
  await collection.createIndex(index);
  return created(request, collection, index, true);
}

async function completed(request: ApiRequest, body: JsonObject): Promise<UnnumberedIndex> {
  const analyzers = await usableAnalyzers(request);
  return normaliseIndex(body, {
    defaultName: () => defaultIndexName(request.server.deployment),
    analyzerFeatures: (name) => analyzers.find(name)?.features,
    features: request.server.features,
  });
}

/** `idx_` and a clock's value (reference 3.3): milliseconds above 20 bits, which the id fills. */
function defaultIndexName(deployment: DeploymentView): string {
  const ms = BigInt(Math.floor(deployment.environment.now()));
  return `idx_${(ms << 20n) | BigInt.asUintN(20, BigInt(deployment.ids.next()))}`;
}

async function created(
  request: ApiRequest,
  collection: FrontCollection,
  index: IndexDefinition,
  isNewlyCreated: boolean,
): Promise<Reply> {
  const estimate = (await SelectivityEstimates.of(collection)).estimate(index);
  const shown = describeIndex(collection.name, index, estimate, { isNewlyCreated });
  return oneIndex(request, isNewlyCreated ? 201 : 200, shown);
}

/** `code` and `error` stand at the end, in an order of the version's (1.3). */
function oneIndex({ server }: ApiRequest, code: number, index: JsonObject): Reply {
  return server.features.indexAnswerEndsWithError
    ? mergedLast(code, index)
    : json(code, { ...index, error: false, code });
}

function refuseConflict(request: ApiRequest, collection: FrontCollection, definition: UnnumberedIndex): void {
  const names = ['primary', ...(collection.type === 3 ? ['edge'] : []), ...collection.indexes.map(({ name }) => name)];
  if (names.includes(definition.name)) {
    throw new ArangoApiError(DUPLICATE_IDENTIFIER, `duplicate value for \`name\`: ${definition.name}`, 409);
  }
  if (definition.type === 'ttl' && collection.indexes.some(({ type }) => type === 'ttl')) {
    throw new ArangoApiError(10, 'there can only be one ttl index per collection');
  }
  if (request.server.role === 'coordinator') refuseUncoveredShardKey(collection, definition);
}

/** Over several shards a unique index must hold all shard keys: no shard sees the others' values. */
function refuseUncoveredShardKey(collection: FrontCollection, definition: UnnumberedIndex): void {
  if (definition.unique !== true || collection.numberOfShards <= 1) return;
  const fields = Array.isArray(definition.fields) ? definition.fields : [];
  const missing = collection.shardKeys.find((key) => !fields.includes(key));
  if (missing !== undefined) {
    throw new ArangoApiError(UNSUPPORTED_IN_CLUSTER, `shard key '${missing}' must be present in unique index`);
  }
}

async function dropIndex(request: ApiRequest): Promise<Reply> {
  if (request.suffix.length !== 2) {
    throw new ArangoApiError(400, 'expecting DELETE /<collection-name>/<index-identifier>');
  }
  const [collectionName = '', nameOrId = ''] = request.suffix;
  const collection = needChangeable(request, collectionName);
  const bare = nameOrId.slice(nameOrId.indexOf('/') + 1);
  if (isBuiltIn(collection, bare)) throw new ArangoApiError(11);
  const index = collection.indexes.find(({ id, name }) => id === bare || name === bare);
  if (index === undefined) throw new ArangoApiError(INDEX_NOT_FOUND);
  await collection.dropIndex(index.id);
  dropAliases(request, collection.name, index.name);
  return mergedLastInOrder(indexHandle(collectionName, bare));
}

function isBuiltIn(collection: FrontCollection, bare: string): boolean {
  return bare === '0' || bare === 'primary' || (collection.type === 3 && ['1', '2', 'edge'].includes(bare));
}

/** Alias views lose an index that is gone. */
function dropAliases(request: ApiRequest, collection: string, index: string): void {
  const database = databaseOf(request);
  for (const view of database.views()) {
    if (!Array.isArray(view.indexes)) continue;
    const indexes = view.indexes.filter(
      (entry) => !isJsonObject(entry) || entry.collection !== collection || entry.index !== index,
    );
    if (indexes.length !== view.indexes.length) database.putView({ ...view, indexes });
  }
}

function mergedLastInOrder(id: string): Reply {
  return { ...mergedLast(200, {}), body: [Buffer.from(JSON.stringify({ id, error: false, code: 200 }))] };
}

function collectionParameter(request: ApiRequest): string {
  const name = request.query.text('collection') ?? '';
  if (name === '') throw new ArangoApiError(1204);
  return name;
}

function needReadable(request: ApiRequest, nameOrId: string): FrontCollection {
  const collection = needKnown(request, nameOrId);
  needCollection(request, collection.name, 'ro');
  return collection;
}

function needChangeable(request: ApiRequest, nameOrId: string): FrontCollection {
  const collection = needKnown(request, nameOrId);
  needDatabase(request, 'rw');
  needCollection(request, collection.name, 'rw');
  return collection;
}

/** This handler tells its 404/1203 without a name. */
function needKnown(request: ApiRequest, nameOrId: string): FrontCollection {
  const collection = databaseOf(request).collection(nameOrId);
  if (collection === undefined) throw new ArangoApiError(1203);
  return collection;
}
