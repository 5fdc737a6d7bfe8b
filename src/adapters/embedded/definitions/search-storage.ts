import type { Json, JsonObject } from '../engine/types.ts';
import type { Features } from '../versions/features.ts';
import { badParameter } from './index-fields.ts';
import { booleanOr, isJsonArray, isJsonObject, numberOr, textsOf } from './json.ts';

/** Policies of consolidation by default, from 3.12.7 on and before (reference 3.3). */
const BY_SKEW = { segmentsBytesMax: 8589934592, maxSkewThreshold: 0.4, minDeletionRatio: 0.5 };
const BY_SEGMENTS = {
  segmentsBytesFloor: 2097152,
  segmentsBytesMax: 5368709120,
  segmentsMax: 10,
  segmentsMin: 1,
  minScore: 0,
};

/** The values of a search data store that can be told in a definition; views and inverted indexes share them. */
export function searchDefaults(features: Features): JsonObject {
  return {
    cleanupIntervalStep: 2,
    commitIntervalMsec: 1000,
    consolidationIntervalMsec: features.consolidationEverySecond ? 1000 : 5000,
    consolidationPolicy: { type: 'tier', ...tierOf(features) },
    writebufferActive: 0,
    writebufferIdle: 64,
    writebufferSizeMax: 33554432,
  };
}

function tierOf({ consolidationBySkew }: Features): Readonly<Record<string, number>> {
  return consolidationBySkew ? BY_SKEW : BY_SEGMENTS;
}

const NUMBERS = [
  'cleanupIntervalStep',
  'commitIntervalMsec',
  'consolidationIntervalMsec',
  'writebufferActive',
  'writebufferIdle',
  'writebufferSizeMax',
] as const;

/** How a search data store is kept: given values over the ones from before (or the defaults). Throws 400/10. */
export function searchStorage(given: JsonObject, before: JsonObject, features: Features): JsonObject {
  const storage: Record<string, Json> = {};
  for (const name of NUMBERS) {
    const value = given[name] ?? before[name];
    if (typeof value !== 'number' || value < 0 || !Number.isInteger(value)) {
      throw badParameter(`error parsing properties: failed to parse '${name}'`);
    }
    storage[name] = value;
  }
  storage.consolidationPolicy = consolidationPolicy(given.consolidationPolicy, before.consolidationPolicy, features);
  return storage;
}

/** What the version does not know of a policy is ignored. */
function consolidationPolicy(given: Json | undefined, before: Json | undefined, features: Features): JsonObject {
  if (given === undefined) return isJsonObject(before) ? before : {};
  if (!isJsonObject(given)) throw badParameter("error parsing properties: failed to parse 'consolidationPolicy'");
  const type = given.type ?? 'tier';
  if (type === 'bytes_accum') return { type, threshold: numberOr(given.threshold, 0) };
  if (type !== 'tier') throw badParameter("error parsing properties: failed to parse 'consolidationPolicy.type'");
  const numbers = Object.entries(tierOf(features)).map(([name, byDefault]) => [name, numberOr(given[name], byDefault)]);
  return { type, ...Object.fromEntries(numbers) };
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

/** The scorers whose best documents are kept at hand. */
export function topKOf(value: Json | undefined): readonly string[] {
  if (value === undefined) return [];
  const scorers = textsOf(value);
  if (scorers === undefined) throw badParameter("error parsing properties: failed to parse 'optimizeTopK'");
  return scorers;
}
