import { EngineError } from '../engine/errors.ts';
import type { Json, JsonObject } from '../engine/types.ts';
import type { Features } from '../versions/features.ts';
import { badParameter } from './index-fields.ts';
import { booleanOr, isJsonArray, isJsonObject, jsonEqual, type MutableJson, textOr } from './json.ts';
import { searchFeatures } from './search-features.ts';
import { primarySort, searchDefaults, searchStorage, searchStoredValues, topKOf } from './search-storage.ts';

/** The features of an analyzer as its definition lists them; undefined when it is unknown. */
export type AnalyzerFeatures = (name: string) => readonly string[] | undefined;

/** What a field takes from the index around it, and says itself only where it differs. */
interface FieldDefaults {
  readonly analyzer: string;
  readonly features: readonly string[];
  readonly includeAllFields: boolean;
  readonly searchField: boolean;
  readonly trackListPositions: boolean;
}

/** The attributes of an inverted index (reference 3.3). */
export function invertedAttributes(request: JsonObject, featuresOf: AnalyzerFeatures, ofVersion: Features): JsonObject {
  const analyzer = textOr(request.analyzer, 'identity');
  const defaults: FieldDefaults = {
    analyzer,
    features: searchFeatures(request.features) ?? featuresOfKnown(analyzer, featuresOf),
    includeAllFields: booleanOr(request.includeAllFields, false),
    searchField: booleanOr(request.searchField, false),
    trackListPositions: booleanOr(request.trackListPositions, false),
  };
  return {
    ...defaults,
    ...searchStorage(request, searchDefaults(ofVersion), ofVersion),
    fields: fieldsOf(request.fields, defaults, featuresOf),
    ...(ofVersion.optimizeTopK ? { optimizeTopK: topKOf(request.optimizeTopK) } : {}),
    primarySort: invertedSort(request.primarySort),
    sparse: true,
    storedValues: searchStoredValues(request.storedValues),
    unique: false,
    version: 1,
    ...cacheFlags(request),
  };
}

function featuresOfKnown(analyzer: string, featuresOf: AnalyzerFeatures): readonly string[] {
  const features = featuresOf(analyzer);
  if (features === undefined) throw badParameter(`unknown analyzer '${analyzer}'`);
  return features;
}

function fieldsOf(
  value: Json | undefined,
  defaults: FieldDefaults,
  featuresOf: AnalyzerFeatures,
): readonly JsonObject[] {
  const given = isJsonArray(value) ? value : [];
  if (given.length === 0 && !defaults.includeAllFields) {
    throw badParameter("'fields' attribute must be non-empty, or 'includeAllFields' must be set");
  }
  const seen = new Set<string>();
  return given.map((item) => {
    const field = isJsonObject(item) ? item : { name: item };
    const name = field.name;
    if (typeof name !== 'string' || name === '') throw badParameter('index field names must be non-empty strings');
    if (seen.has(name)) throw badParameter('duplicate attribute name in index fields list');
    if (/^(.+\.)?_id$/.test(name)) throw new EngineError(10, '_id attribute cannot be indexed');
    seen.add(name);
    return fieldOf(name, field, defaults, featuresOf);
  });
}

function fieldOf(name: string, given: JsonObject, defaults: FieldDefaults, featuresOf: AnalyzerFeatures): JsonObject {
  const analyzer = textOr(given.analyzer, defaults.analyzer);
  const isOwnAnalyzer = analyzer !== defaults.analyzer;
  const features =
    searchFeatures(given.features) ?? (isOwnAnalyzer ? featuresOfKnown(analyzer, featuresOf) : defaults.features);
  const field: MutableJson = {};
  if (!jsonEqual([...features], [...defaults.features])) field.features = features;
  for (const flag of ['trackListPositions', 'includeAllFields', 'searchField'] as const) {
    const value = booleanOr(given[flag], defaults[flag]);
    if (value !== defaults[flag]) field[flag] = value;
  }
  if (isOwnAnalyzer) field.analyzer = analyzer;
  field.name = name;
  const nested = given.nested;
  if (isJsonArray(nested) && nested.length > 0)
    field.nested = fieldsOf(nested, { ...defaults, analyzer, features }, featuresOf);
  if (given.cache === true) field.cache = true;
  return field;
}

/** `{fields:[{field,asc}],compression}`; a direction may come as text or as `asc`. */
function invertedSort(value: Json | undefined): JsonObject {
  const given = isJsonObject(value) ? value : {};
  const fields = primarySort(given.fields);
  const compression = given.compression === 'none' ? 'none' : 'lz4';
  return given.cache === true ? { fields, compression, cache: true } : { fields, compression };
}

function cacheFlags(request: JsonObject): JsonObject {
  const flags: MutableJson = {};
  for (const flag of ['cache', 'primaryKeyCache']) if (request[flag] === true) flags[flag] = true;
  return flags;
}
