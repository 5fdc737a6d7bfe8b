import { EngineError } from '../engine/errors.ts';
import type { IndexDefinition, Json, JsonObject } from '../engine/types.ts';
import type { Features } from '../versions/features.ts';
import { badParameter, indexFields, MANY_FIELDS, ONE_FIELD, STORED_FIELDS } from './index-fields.ts';
import { type AnalyzerFeatures, invertedAttributes } from './inverted-index.ts';
import { booleanOr, isJsonArray, isJsonObject, jsonEqual, type MutableJson, numberOr, sortedByName } from './json.ts';
import { indexName } from './names.ts';

/** What making a definition needs of the world around it. */
export interface IndexSurroundings {
  /** A name for an index without one: a clock's value (reference 3.3). */
  defaultName(): string;
  /** The features of an analyzer, undefined when there is no such analyzer. */
  analyzerFeatures: AnalyzerFeatures;
  /** What the server's version does. */
  readonly features: Features;
}

/** An index definition before it has an id. */
export type UnnumberedIndex = Omit<IndexDefinition, 'id'> &
  JsonObject & { readonly name: string; readonly type: string };

const WORD_LENGTH_MIN = 2;

/**
 * What a server stores of a request to make an index (reference 3.3), without its id: every attribute completed,
 * unknown ones dropped. Throws 400/10 and its kind for what the server refuses.
 */
export function normaliseIndex(request: Json, surroundings: IndexSurroundings): UnnumberedIndex {
  if (!isJsonObject(request)) throw badParameter('expecting object for index definition');
  const type = request.type;
  if (typeof type !== 'string') throw badParameter('invalid index type');
  const name = indexName(request.name, surroundings.defaultName);
  const attributes = attributesOf(type, request, surroundings);
  return { ...sortedByName({ ...attributes, name, type: storedType(type, surroundings.features) }) } as UnnumberedIndex;
}

function storedType(type: string, { mdiIndex }: Features): string {
  return type === 'zkd' && mdiIndex ? 'mdi' : type;
}

function attributesOf(type: string, request: JsonObject, surroundings: IndexSurroundings): JsonObject {
  const { features, analyzerFeatures } = surroundings;
  if (!isKnownType(type, features)) throw unknownType(type);
  switch (type) {
    case 'persistent':
    case 'hash':
    case 'skiplist':
      return persistent(request, features);
    case 'ttl':
      return ttl(request);
    case 'geo':
      return geo(request, features);
    case 'fulltext':
      return fulltext(request);
    case 'mdi':
    case 'zkd':
      return mdi(request, features);
    case 'mdi-prefixed':
      return mdiPrefixed(request, features);
    case 'inverted':
      return invertedAttributes(request, analyzerFeatures, features);
    case 'primary':
    case 'edge':
      throw new EngineError(11, `cannot create index of type ${type}`);
    default:
      throw unknownType(type);
  }
}

function isKnownType(type: string, { mdiIndex, invertedIndex }: Features): boolean {
  if (type === 'inverted') return invertedIndex;
  return mdiIndex || (type !== 'mdi' && type !== 'mdi-prefixed');
}

function unknownType(type: string): EngineError {
  return badParameter(`invalid index type '${type}'`);
}

function persistent(request: JsonObject, { persistentIndexCache, colonInIndexFieldRefused }: Features): JsonObject {
  const allowColon = !colonInIndexFieldRefused;
  const fields = indexFields(request.fields, { ...MANY_FIELDS, allowExpansion: true, allowColon });
  return {
    ...(persistentIndexCache ? { cacheEnabled: booleanOr(request.cacheEnabled, false) } : {}),
    deduplicate: booleanOr(request.deduplicate, true),
    estimates: booleanOr(request.unique, false) || booleanOr(request.estimates, true),
    fields,
    sparse: booleanOr(request.sparse, false),
    ...(persistentIndexCache ? storedValues(request, fields) : {}),
    unique: booleanOr(request.unique, false),
  };
}

function ttl(request: JsonObject): JsonObject {
  const fields = indexFields(request.fields, { ...ONE_FIELD, allowSubAttributes: false });
  if (request.unique === true) throw badParameter('a TTL index cannot be unique');
  const expireAfter = request.expireAfter;
  if (typeof expireAfter !== 'number') throw badParameter('expireAfter attribute must be a number');
  if (expireAfter < 0) throw badParameter('expireAfter attribute must greater equal to zero');
  return { estimates: false, expireAfter, fields, sparse: true, unique: false };
}

function geo(request: JsonObject, { legacyPolygons }: Features): JsonObject {
  const fields = indexFields(request.fields, { ...ONE_FIELD, max: 2 });
  return {
    bestIndexedLevel: 17,
    fields,
    geoJson: fields.length === 1 && booleanOr(request.geoJson, false),
    ...(legacyPolygons ? { legacyPolygons: booleanOr(request.legacyPolygons, false) } : {}),
    maxNumCoverCells: 8,
    sparse: true,
    unique: false,
    worstIndexedLevel: 4,
  };
}

function fulltext(request: JsonObject): JsonObject {
  const fields = indexFields(request.fields, ONE_FIELD);
  const given = request.minLength;
  if (given !== undefined && given !== null && typeof given !== 'number') throw badParameter();
  const minLength = Math.max(1, Math.trunc(numberOr(given, WORD_LENGTH_MIN)));
  return { fields, minLength, sparse: true, unique: false };
}

function mdi(request: JsonObject, { mdiIndex }: Features, estimatesByDefault = false): JsonObject {
  if (request.fieldValueTypes !== 'double') {
    throw badParameter(
      'mdi requires `fieldValueTypes` to be set to `double` - future releases might lift this requirement',
    );
  }
  return {
    ...(mdiIndex ? { estimates: estimatesByDefault && booleanOr(request.estimates, true) } : {}),
    fieldValueTypes: 'double',
    fields: indexFields(request.fields, MANY_FIELDS),
    sparse: booleanOr(request.sparse, false),
    ...(mdiIndex ? storedValues(request, []) : {}),
    unique: booleanOr(request.unique, false),
  };
}

function mdiPrefixed(request: JsonObject, features: Features): JsonObject {
  const attributes = mdi(request, features, true);
  const given = request.prefixFields;
  if (!isJsonArray(given) || given.length === 0) {
    throw badParameter('when parsing prefix fields: prefixFields is required for `mdi-prefixed`');
  }
  const prefixFields = prefixed('when parsing prefix fields: ', () => indexFields(given, STORED_FIELDS));
  const stored = attributes.storedValues;
  if (isJsonArray(stored) && stored.some((field) => typeof field === 'string' && prefixFields.includes(field))) {
    throw badParameter(
      'when parsing prefix fields: duplicate attribute name (overlap between index sorted prefix fields and index stored values list)',
    );
  }
  return { ...attributes, prefixFields };
}

function storedValues(request: JsonObject, fields: readonly string[]): JsonObject {
  const given = request.storedValues;
  if (given === undefined) return {};
  return prefixed('when parsing fields for stored values: ', () => {
    if (!isJsonArray(given)) throw badParameter('storedValues must be an array');
    const stored = indexFields(given, STORED_FIELDS);
    if (stored.some((field) => fields.includes(field))) {
      throw badParameter('duplicate attribute name (overlap between index fields and index stored values list)');
    }
    return { storedValues: stored };
  });
}

function prefixed<T>(prefix: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof EngineError) throw new EngineError(error.errorNum, prefix + error.message, error.status);
    throw error;
  }
}

/**
 * Whether the server would call them one index (reference 3.3): the same kind over the same fields with the same flags,
 * under whatever name.
 */
export function isSameIndex(left: JsonObject, right: JsonObject): boolean {
  if (left.type !== right.type) return false;
  return comparedBy(String(left.type)).every((attribute) => jsonEqual(left[attribute], right[attribute]));
}

function comparedBy(type: string): readonly string[] {
  switch (type) {
    case 'geo':
      return ['unique', 'geoJson', 'fields'];
    case 'fulltext':
      return ['unique', 'minLength', 'fields'];
    case 'ttl':
      return ['unique', 'sparse', 'expireAfter', 'fields'];
    case 'mdi-prefixed':
      return ['unique', 'sparse', 'prefixFields', 'fields'];
    case 'inverted':
      return INVERTED_IDENTITY;
    default:
      return ['unique', 'sparse', 'fields'];
  }
}

const INVERTED_IDENTITY = [
  'fields',
  'analyzer',
  'features',
  'includeAllFields',
  'searchField',
  'trackListPositions',
  'primarySort',
  'storedValues',
];

/** How answers tell an index's id: `products/73870`. */
export function indexHandle(collection: string, id: string): string {
  return `${collection}/${id}`;
}

/** An index as answers show it: its handle as `id`, its estimate, attributes in alphabetical order. */
export function describeIndex(
  collection: string,
  definition: IndexDefinition,
  selectivityEstimate: number,
  extra: JsonObject = {},
): JsonObject {
  const estimate: MutableJson = hasEstimate(definition) ? { selectivityEstimate } : {};
  const shown: MutableJson = { ...definition, ...estimate, ...extra, id: indexHandle(collection, definition.id) };
  for (const internal of ['objectId', 'inBackground', 'parallelism']) delete shown[internal];
  return sortedByName(shown);
}

function hasEstimate(definition: JsonObject): boolean {
  return definition.estimates === true || (definition.unique === true && definition.type !== 'inverted');
}

/** The primary index of every collection. */
export const PRIMARY_INDEX: IndexDefinition = {
  id: '0',
  type: 'primary',
  name: 'primary',
  fields: ['_key'],
  unique: true,
  sparse: false,
};

/** The edge index as single servers and coordinators tell it; a DB-Server lists its two halves. */
export const EDGE_INDEX: IndexDefinition = {
  id: '2',
  type: 'edge',
  name: 'edge',
  fields: ['_from', '_to'],
  unique: false,
  sparse: false,
};

/** Primary and edge indexes have an estimate, and no attribute that says so. */
export function describeBuiltInIndex(
  collection: string,
  definition: IndexDefinition,
  selectivityEstimate: number,
): JsonObject {
  return describeIndex(collection, definition, selectivityEstimate, { selectivityEstimate });
}
