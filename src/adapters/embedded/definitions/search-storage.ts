import type { Json, JsonObject } from '../engine/types.ts';
import { badParameter } from './index-fields.ts';
import { booleanOr, isJsonArray, isJsonObject, numberOr, textsOf } from './json.ts';

/** The values of a search data store that can be told in a definition; views and inverted indexes share them. */
export const SEARCH_DEFAULTS: JsonObject = {
  cleanupIntervalStep: 2,
  commitIntervalMsec: 1000,
  consolidationIntervalMsec: 5000,
  consolidationPolicy: { type: 'tier', segmentsBytesMax: 8589934592, maxSkewThreshold: 0.4, minDeletionRatio: 0.5 },
  writebufferActive: 0,
  writebufferIdle: 64,
  writebufferSizeMax: 33554432,
};

const NUMBERS = [
  'cleanupIntervalStep',
  'commitIntervalMsec',
  'consolidationIntervalMsec',
  'writebufferActive',
  'writebufferIdle',
  'writebufferSizeMax',
] as const;

/** How a search data store is kept: given values over the ones from before (or the defaults). Throws 400/10. */
export function searchStorage(given: JsonObject, before: JsonObject): JsonObject {
  const storage: Record<string, Json> = {};
  for (const name of NUMBERS) {
    const value = given[name] ?? before[name];
    if (typeof value !== 'number' || value < 0 || !Number.isInteger(value)) {
      throw badParameter(`error parsing properties: failed to parse '${name}'`);
    }
    storage[name] = value;
  }
  storage.consolidationPolicy = consolidationPolicy(given.consolidationPolicy, before.consolidationPolicy);
  return storage;
}

function consolidationPolicy(given: Json | undefined, before: Json | undefined): JsonObject {
  if (given === undefined) return isJsonObject(before) ? before : {};
  if (!isJsonObject(given)) throw badParameter("error parsing properties: failed to parse 'consolidationPolicy'");
  const type = given.type ?? 'tier';
  if (type === 'bytes_accum') return { type, threshold: numberOr(given.threshold, 0) };
  if (type !== 'tier') throw badParameter("error parsing properties: failed to parse 'consolidationPolicy.type'");
  const tier = SEARCH_DEFAULTS.consolidationPolicy as JsonObject;
  return {
    type,
    segmentsBytesMax: numberOr(given.segmentsBytesMax, tier.segmentsBytesMax as number),
    maxSkewThreshold: numberOr(given.maxSkewThreshold, tier.maxSkewThreshold as number),
    minDeletionRatio: numberOr(given.minDeletionRatio, tier.minDeletionRatio as number),
  };
}

/** Sort columns: `asc` or `direction` in, `asc` out (reference 3.4). */
export function primarySort(value: Json | undefined): readonly JsonObject[] {
  if (value === undefined) return [];
  if (!isJsonArray(value)) throw badParameter("error parsing properties: failed to parse 'primarySort'");
  return value.map((column) => {
    const field = isJsonObject(column) ? column.field : undefined;
    if (!isJsonObject(column) || typeof field !== 'string') {
      throw badParameter("error parsing properties: failed to parse 'primarySort'");
    }
    const direction = column.direction;
    const isAscending =
      typeof direction === 'string' ? direction.toLowerCase() !== 'desc' : booleanOr(column.asc, true);
    return { field, asc: isAscending };
  });
}

/** Stored columns: `{fields,compression}`, a list of fields, or one field. */
export function searchStoredValues(value: Json | undefined): readonly JsonObject[] {
  if (value === undefined) return [];
  if (!isJsonArray(value)) throw badParameter("error parsing properties: failed to parse 'storedValues'");
  return value.map(storedColumn);
}

function storedColumn(column: Json): JsonObject {
  if (typeof column === 'string') return { fields: [column], compression: 'lz4' };
  const fields = textsOf(isJsonObject(column) ? column.fields : column);
  if (fields === undefined || fields.length === 0) {
    throw badParameter("error parsing properties: failed to parse 'storedValues'");
  }
  if (!isJsonObject(column)) return { fields, compression: 'lz4' };
  const compression = column.compression === 'none' ? 'none' : 'lz4';
  return column.cache === true ? { fields, compression, cache: true } : { fields, compression };
}

/** The scorers whose best documents are kept at hand (3.12). */
export function topKOf(value: Json | undefined): readonly string[] {
  if (value === undefined) return [];
  const scorers = textsOf(value);
  if (scorers === undefined) throw badParameter("error parsing properties: failed to parse 'optimizeTopK'");
  return scorers;
}
