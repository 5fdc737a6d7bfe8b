import { EngineError } from '../engine/errors.ts';
import type { Json, JsonObject } from '../engine/types.ts';
import type { Features } from '../versions/features.ts';
import { badParameter } from './index-fields.ts';
import { isJsonArray, isJsonObject, jsonEqual, type MutableJson, textOr } from './json.ts';
import { checkViewName } from './names.ts';
import { primarySort, searchDefaults, searchStorage, searchStoredValues, topKOf } from './search-storage.ts';
import { type KnowsAnalyzer, normaliseLink } from './view-link.ts';

/** What a view's definition refers to. */
export interface ViewSurroundings {
  /** The current name of a collection told by name or id; undefined when there is none. */
  collectionName(nameOrId: string): string | undefined;
  /** The type and name of an index of a collection, by name or id. */
  index(collection: string, nameOrId: string): { readonly type: string; readonly name: string } | undefined;
  knowsAnalyzer: KnowsAnalyzer;
  /** What the server's version does. */
  readonly features: Features;
}

/** What names a view; everything else are its properties. */
export interface ViewIdentity {
  readonly globallyUniqueId: string;
  readonly id: string;
}

const TYPES = ['arangosearch', 'search-alias'] as const;

/** Name and type of a request to make a view; throws as the server does for what is none. */
export function viewHead(request: Json, features: Features): { readonly name: string; readonly type: string } {
  if (!isJsonObject(request)) throw badParameter('request body is not an object');
  if (Object.keys(request).length === 0) throw new EngineError(600, 'invalid JSON object');
  const { name, type } = request as MutableJson;
  if (typeof name !== 'string') throw badParameter('expecting name parameter to be of the form of "name: <string>"');
  if (typeof type !== 'string') throw badParameter('expecting type parameter to be of the form of "type: <string>"');
  checkViewName(name, features);
  const isKnown = type !== 'search-alias' || features.searchAlias;
  if (!isKnown || !TYPES.some((known) => known === type))
    throw badParameter(`no handler found for view type '${type}'`);
  return { name, type };
}

/** The whole definition of a new view (reference 3.4), attributes in the order of answers. */
export function newView(request: JsonObject, identity: ViewIdentity, surroundings: ViewSurroundings): JsonObject {
  const { name, type } = viewHead(request, surroundings.features);
  const head = { globallyUniqueId: identity.globallyUniqueId, id: identity.id, name, type };
  return type === 'arangosearch'
    ? { ...head, ...searchProperties(request, searchDefaults(surroundings.features), request, {}, surroundings) }
    : { ...head, indexes: replacedIndexes(request.indexes, surroundings) };
}

/** A view with other properties: merged into what it has (`PATCH`), or in their place, the rest by default (`PUT`). */
export function changedView(
  view: JsonObject,
  change: JsonObject,
  isPartial: boolean,
  surroundings: ViewSurroundings,
): JsonObject {
  const head = headOf(view);
  if (view.type === 'search-alias') {
    const indexes = isPartial
      ? mergedIndexes(view.indexes, change.indexes, surroundings)
      : replacedIndexes(change.indexes, surroundings);
    return { ...head, indexes };
  }
  const links = isPartial && isJsonObject(view.links) ? view.links : {};
  const before = isPartial ? view : searchDefaults(surroundings.features);
  return { ...head, ...searchProperties(change, before, view, links, surroundings) };
}

export function renamedView(view: JsonObject, name: string, features: Features): JsonObject {
  checkViewName(name, features);
  return { ...view, name };
}

function headOf(view: JsonObject): JsonObject {
  return { globallyUniqueId: view.globallyUniqueId, id: view.id, name: view.name, type: view.type };
}

/**
 * @param given what the request says
 * @param before where storage settings come from that it does not give
 * @param fixed the request that made the view, or the view: what cannot change later
 * @param links the links that stay unless the request says otherwise
 */
function searchProperties(
  given: JsonObject,
  before: JsonObject,
  fixed: JsonObject,
  links: JsonObject,
  surroundings: ViewSurroundings,
): JsonObject {
  const { features } = surroundings;
  const storage = searchStorage(given, before, features);
  const properties: MutableJson = {
    cleanupIntervalStep: storage.cleanupIntervalStep,
    commitIntervalMsec: storage.commitIntervalMsec,
    consolidationIntervalMsec: storage.consolidationIntervalMsec,
    consolidationPolicy: storage.consolidationPolicy,
    ...(features.optimizeTopK ? { optimizeTopK: topKOf(fixed.optimizeTopK) } : {}),
    primarySort: primarySort(fixed.primarySort),
    primarySortCompression: fixed.primarySortCompression === 'none' ? 'none' : 'lz4',
    storedValues: searchStoredValues(fixed.storedValues),
    ...fixedStorage(fixed, features),
    links: mergedLinks(given.links, links, surroundings),
  };
  for (const flag of ['primarySortCache', 'primaryKeyCache']) if (fixed[flag] === true) properties[flag] = true;
  return properties;
}

/** Write buffers are set when the view is made, once. */
function fixedStorage(fixed: JsonObject, features: Features): JsonObject {
  const storage = searchStorage(fixed, searchDefaults(features), features);
  return {
    writebufferActive: storage.writebufferActive,
    writebufferIdle: storage.writebufferIdle,
    writebufferSizeMax: storage.writebufferSizeMax,
  };
}

function mergedLinks(given: Json | undefined, before: JsonObject, surroundings: ViewSurroundings): JsonObject {
  const links: MutableJson = { ...before };
  if (given === undefined) return links;
  if (!isJsonObject(given)) throw badParameter("error parsing properties: failed to parse 'links'");
  for (const nameOrId of Object.keys(given)) {
    const name = surroundings.collectionName(nameOrId);
    if (name === undefined)
      throw new EngineError(1203, `while updating arangosearch definition, error: collection '${nameOrId}' not found`);
    const link = given[nameOrId] ?? null;
    if (link === null) delete links[name];
    else links[name] = normaliseLink(link, surroundings.knowsAnalyzer);
  }
  return links;
}

interface AliasEntry {
  readonly collection: string;
  readonly index: string;
  readonly isRemoval: boolean;
}

function aliasEntries(given: Json | undefined, surroundings: ViewSurroundings): readonly AliasEntry[] {
  if (given === undefined) return [];
  if (!isJsonArray(given)) throw badParameter("error parsing properties: failed to parse 'indexes'");
  return given.map((item) => {
    const entry = isJsonObject(item) ? item : {};
    const { collection, index } = entry as MutableJson;
    if (typeof collection !== 'string' || typeof index !== 'string') {
      throw badParameter('expecting objects of the form { collection: <string>, index: <string> } in indexes');
    }
    const operation = textOr(entry.operation, 'add');
    if (operation !== 'add' && operation !== 'del') throw badParameter(`invalid operation '${operation}' in indexes`);
    const isRemoval = operation === 'del';
    return { ...resolvedEntry(collection, index, isRemoval, surroundings), isRemoval };
  });
}

function resolvedEntry(collection: string, index: string, isRemoval: boolean, surroundings: ViewSurroundings) {
  const name = surroundings.collectionName(collection);
  if (name === undefined) throw new EngineError(1203, `Cannot find collection ${collection}`);
  const found = surroundings.index(name, index);
  if (found === undefined && !isRemoval)
    throw new EngineError(1212, `Cannot find index ${index} in collection ${collection}`);
  if (found !== undefined && found.type !== 'inverted') throw badParameter(`Index ${index} is not an inverted index`);
  return { collection: name, index: found?.name ?? index };
}

function replacedIndexes(given: Json | undefined, surroundings: ViewSurroundings): readonly JsonObject[] {
  return mergedIndexes([], given, surroundings);
}

function mergedIndexes(
  before: Json | undefined,
  given: Json | undefined,
  surroundings: ViewSurroundings,
): readonly JsonObject[] {
  const indexes = new Map<string, JsonObject>();
  const keyOf = (collection: Json | undefined, index: Json | undefined) => JSON.stringify([collection, index]);
  for (const entry of isJsonArray(before) ? before : []) {
    if (isJsonObject(entry)) indexes.set(keyOf(entry.collection, entry.index), entry);
  }
  for (const { collection, index, isRemoval } of aliasEntries(given, surroundings)) {
    if (isRemoval) indexes.delete(keyOf(collection, index));
    else indexes.set(keyOf(collection, index), { collection, index });
  }
  return [...indexes.values()];
}

/** The order in which answers to `GET …/properties` name the attributes: the one of the server's hash table [E 3.12]. */
const PROPERTIES_ORDER = [
  'writebufferSizeMax',
  'writebufferIdle',
  'id',
  'storedValues',
  'name',
  'type',
  'consolidationPolicy',
  'writebufferActive',
  'links',
  'commitIntervalMsec',
  'consolidationIntervalMsec',
  'optimizeTopK',
  'globallyUniqueId',
  'cleanupIntervalStep',
  'primarySort',
  'primarySortCompression',
];

/** A view as `GET /_api/view/{name}/properties` tells it, without `error` and `code`. */
export function viewPropertiesAnswer(view: JsonObject): JsonObject {
  if (view.type === 'search-alias') {
    return {
      type: view.type,
      name: view.name,
      indexes: view.indexes,
      id: view.id,
      globallyUniqueId: view.globallyUniqueId,
    };
  }
  const answer: MutableJson = {};
  for (const name of PROPERTIES_ORDER) if (name in view) answer[name] = view[name];
  return { ...answer, ...view, ...answer };
}

/** A view as `GET /_api/view/{name}` tells it, without `error` and `code`. */
export function viewAnswer(view: JsonObject): JsonObject {
  return { type: view.type, name: view.name, id: view.id, globallyUniqueId: view.globallyUniqueId };
}

/** A view in the list of `GET /_api/view`. */
export function viewListEntry(view: JsonObject): JsonObject {
  return headOf(view);
}

/** The view without what pointed to a collection that is dropped; undefined when nothing did. */
export function viewWithoutCollection(view: JsonObject, collection: string): JsonObject | undefined {
  if (isJsonObject(view.links) && collection in view.links) {
    const { [collection]: _dropped, ...links } = view.links as MutableJson;
    return { ...view, links };
  }
  if (!isJsonArray(view.indexes)) return undefined;
  const indexes = view.indexes.filter((entry) => !isJsonObject(entry) || entry.collection !== collection);
  return indexes.length === view.indexes.length ? undefined : { ...view, indexes };
}

/** The view with a collection under its new name; undefined when it does not point to it. */
export function viewWithRenamedCollection(view: JsonObject, from: string, to: string): JsonObject | undefined {
  const renamed = (name: string) => (name === from ? to : name);
  if (isJsonObject(view.links)) {
    if (!(from in view.links)) return undefined;
    return {
      ...view,
      links: Object.fromEntries(Object.entries(view.links).map(([name, link]) => [renamed(name), link])),
    };
  }
  if (!isJsonArray(view.indexes)) return undefined;
  const indexes = view.indexes.map((entry) =>
    isJsonObject(entry) ? { ...entry, collection: renamed(String(entry.collection)) } : entry,
  );
  return jsonEqual(indexes, view.indexes) ? undefined : { ...view, indexes };
}
