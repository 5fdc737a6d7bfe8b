import type { Json, JsonObject } from '../engine/types.ts';
import { booleanOr, isJsonArray, isJsonObject, type MutableJson, numberOr, textsOf } from './json.ts';

type Complete = (given: JsonObject) => JsonObject | undefined;

const MEMORY_BYTES_DEFAULT = 1_048_576;
const BATCH_DEFAULT = 10;

const completions: ReadonlyMap<string, Complete> = new Map<string, Complete>([
  ['identity', () => ({})],
  ['delimiter', (given) => withText(given, 'delimiter')],
  ['multi_delimiter', multiDelimiter],
  ['stem', (given) => withLocale(given)],
  ['collation', (given) => withLocale(given)],
  ['norm', norm],
  ['ngram', ngram],
  ['text', text],
  ['aql', aql],
  ['pipeline', pipeline],
  ['stopwords', stopwords],
  ['segmentation', segmentation],
  ['geojson', (given) => geo(given, {})],
  ['geo_s2', geoS2],
  ['geopoint', geoPoint],
  ['minhash', minhash],
  ['wildcard', wildcard],
]);

/** The properties of an analyzer with every default filled in (reference 3.4); undefined when they are no properties of this type, or the type is unknown. */
export function analyzerProperties(type: string, given: JsonObject): JsonObject | undefined {
  return completions.get(type)?.(given);
}

/** `en_US.utf-8` is told as `en_US`; keywords behind `@` stay. */
function normalisedLocale(value: Json | undefined): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  const parts = /^([A-Za-z]+)([_-][A-Za-z]+)*(\.[^@]*)?(@.*)?$/.exec(value);
  if (parts === null) return undefined;
  const [language = '', ...rest] = value.split(/[.@]/, 1)[0]?.split(/[_-]/) ?? [];
  return [language.toLowerCase(), ...rest].join('_') + (parts[4] ?? '');
}

function withLocale(given: JsonObject): JsonObject | undefined {
  const locale = normalisedLocale(given.locale);
  return locale === undefined ? undefined : { locale };
}

function withText(given: JsonObject, name: string): JsonObject | undefined {
  const value = given[name];
  return typeof value === 'string' ? { [name]: value } : undefined;
}

function multiDelimiter(given: JsonObject): JsonObject | undefined {
  const delimiters = textsOf(given.delimiters);
  return delimiters === undefined ? undefined : { delimiters };
}

function caseOr(value: Json | undefined, fallback: string): string | undefined {
  if (value === undefined) return fallback;
  return value === 'lower' || value === 'upper' || value === 'none' ? value : undefined;
}

function norm(given: JsonObject): JsonObject | undefined {
  const locale = normalisedLocale(given.locale);
  const letters = caseOr(given.case, 'none');
  if (locale === undefined || letters === undefined) return undefined;
  return { locale, case: letters, accent: booleanOr(given.accent, true) };
}

function ngram(given: JsonObject): JsonObject | undefined {
  const { min, max, preserveOriginal } = given;
  if (typeof min !== 'number' || typeof max !== 'number' || typeof preserveOriginal !== 'boolean') return undefined;
  const streamType = given.streamType ?? 'binary';
  if (streamType !== 'binary' && streamType !== 'utf8') return undefined;
  const marker = (name: string) => (typeof given[name] === 'string' ? given[name] : '');
  const least = Math.max(1, Math.trunc(min));
  return {
    min: least,
    max: Math.max(least, Math.trunc(max)),
    preserveOriginal,
    streamType,
    startMarker: marker('startMarker'),
    endMarker: marker('endMarker'),
  };
}

function text(given: JsonObject): JsonObject | undefined {
  const locale = normalisedLocale(given.locale);
  const letters = caseOr(given.case, 'lower');
  const words = given.stopwords === undefined ? undefined : textsOf(given.stopwords);
  if (locale === undefined || letters === undefined || (given.stopwords !== undefined && words === undefined)) {
    return undefined;
  }
  const properties: MutableJson = { locale, case: letters };
  if (words !== undefined) properties.stopwords = words;
  if (typeof given.stopwordsPath === 'string') properties.stopwordsPath = given.stopwordsPath;
  properties.accent = booleanOr(given.accent, false);
  properties.stemming = booleanOr(given.stemming, true);
  const edgeNgram = given.edgeNgram;
  if (isJsonObject(edgeNgram) && Object.keys(edgeNgram).length > 0) properties.edgeNgram = edgeNgram;
  return properties;
}

function aql(given: JsonObject): JsonObject | undefined {
  if (typeof given.queryString !== 'string') return undefined;
  const returnType = given.returnType ?? 'string';
  if (returnType !== 'string' && returnType !== 'number' && returnType !== 'bool') return undefined;
  return {
    queryString: given.queryString,
    collapsePositions: booleanOr(given.collapsePositions, false),
    keepNull: booleanOr(given.keepNull, true),
    batchSize: numberOr(given.batchSize, BATCH_DEFAULT),
    memoryLimit: numberOr(given.memoryLimit, MEMORY_BYTES_DEFAULT),
    returnType,
  };
}

function inner(value: Json | undefined): JsonObject | undefined {
  if (!isJsonObject(value) || typeof value.type !== 'string') return undefined;
  const given = value.properties;
  const properties = analyzerProperties(value.type, isJsonObject(given) ? given : {});
  return properties === undefined ? undefined : { type: value.type, properties };
}

function pipeline(given: JsonObject): JsonObject | undefined {
  const steps = given.pipeline;
  if (!isJsonArray(steps) || steps.length === 0) return undefined;
  const completed = steps.map(inner);
  return completed.every((step) => step !== undefined) ? { pipeline: completed } : undefined;
}

function stopwords(given: JsonObject): JsonObject | undefined {
  const words = textsOf(given.stopwords);
  return words === undefined ? undefined : { stopwords: words, hex: booleanOr(given.hex, false) };
}

function segmentation(given: JsonObject): JsonObject | undefined {
  const letters = caseOr(given.case, 'lower');
  const breaks = given.break ?? 'alpha';
  if (letters === undefined || (breaks !== 'all' && breaks !== 'alpha' && breaks !== 'graphic')) return undefined;
  return { case: letters, break: breaks };
}

function geoOptions(value: Json | undefined): JsonObject {
  const given = isJsonObject(value) ? value : {};
  return {
    maxCells: numberOr(given.maxCells, 20),
    minLevel: numberOr(given.minLevel, 4),
    maxLevel: numberOr(given.maxLevel, 23),
  };
}

function geo(given: JsonObject, extra: JsonObject): JsonObject | undefined {
  const type = given.type ?? 'shape';
  if (type !== 'shape' && type !== 'centroid' && type !== 'point') return undefined;
  return { options: geoOptions(given.options), type, legacy: booleanOr(given.legacy, false), ...extra };
}

function geoS2(given: JsonObject): JsonObject | undefined {
  const type = given.type ?? 'shape';
  const format = given.format ?? 'latLngDouble';
  if (type !== 'shape' && type !== 'centroid' && type !== 'point') return undefined;
  if (format !== 'latLngDouble' && format !== 'latLngInt' && format !== 's2Point') return undefined;
  return { options: geoOptions(given.options), type, format };
}

function geoPoint(given: JsonObject): JsonObject | undefined {
  const latitude = textsOf(given.latitude ?? []);
  const longitude = textsOf(given.longitude ?? []);
  if (latitude === undefined || longitude === undefined) return undefined;
  if ((latitude.length === 0) !== (longitude.length === 0)) return undefined;
  return { options: geoOptions(given.options), latitude, longitude };
}

function minhash(given: JsonObject): JsonObject | undefined {
  const analyzer = inner(given.analyzer);
  const numHashes = given.numHashes;
  if (analyzer === undefined || typeof numHashes !== 'number' || numHashes < 1) return undefined;
  return { analyzer, numHashes: Math.trunc(numHashes) };
}

function wildcard(given: JsonObject): JsonObject | undefined {
  const ngramSize = given.ngramSize;
  if (typeof ngramSize !== 'number' || ngramSize < 2) return undefined;
  if (given.analyzer === undefined) return { ngramSize };
  const analyzer = inner(given.analyzer);
  return analyzer === undefined ? undefined : { ngramSize, analyzer };
}
