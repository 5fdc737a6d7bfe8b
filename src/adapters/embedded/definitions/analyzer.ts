import type { Json, JsonObject } from '../engine/types.ts';
import { analyzerProperties } from './analyzer-properties.ts';
import { badParameter } from './index-fields.ts';
import { isJsonArray, isJsonObject, jsonEqual, type MutableJson, textsOf } from './json.ts';
import { isAnalyzerName } from './names.ts';
import { searchFeatures } from './search-features.ts';

/** An analyzer under its name without a database. */
export interface AnalyzerDefinition {
  readonly name: string;
  readonly type: string;
  readonly properties: JsonObject;
  readonly features: readonly string[];
}

const FORM =
  'expecting body to be of the form { name: <string>, type: <string>[, properties: <object|string>[, features: <string-array>]] }';

/**
 * What a server stores of a request to make an analyzer (reference 3.4): properties completed, features in order. A
 * prefix of the name (`db::name`) is cut off; whether it fits is {@link splitAnalyzerName}'s and the caller's to say.
 */
export function normaliseAnalyzer(request: Json): AnalyzerDefinition {
  if (!isJsonObject(request)) throw badParameter(FORM);
  const given = request.name;
  if (typeof given !== 'string') throw badParameter(`invalid 'name', ${FORM}`);
  const { name } = splitAnalyzerName(given);
  if (!isAnalyzerName(name)) throw badParameter(`invalid characters in analyzer name '${name}'`);
  const type = request.type;
  if (typeof type !== 'string') throw badParameter(`invalid 'type', ${FORM}`);
  const properties = analyzerProperties(type, parsedProperties(request.properties));
  if (properties === undefined) {
    throw badParameter(
      `Failure initializing an arangosearch analyzer instance for name '${given}' type '${type}'.  Properties '${JSON.stringify(request.properties ?? null)}' was rejected by analyzer. Please check documentation for corresponding analyzer type.`,
    );
  }
  return { name, type, properties, features: searchFeatures(request.features) ?? [] };
}

/** Properties may come as the text of an object. */
function parsedProperties(value: Json | undefined): JsonObject {
  if (value === undefined) return {};
  const parsed = typeof value === 'string' ? parsedText(value) : value;
  if (!isJsonObject(parsed)) throw badParameter(`invalid 'properties', ${FORM}`);
  return parsed;
}

function parsedText(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** Whether making the second over the first changes nothing (200 instead of 201). */
export function isSameAnalyzer(left: AnalyzerDefinition, right: AnalyzerDefinition): boolean {
  return (
    left.type === right.type &&
    jsonEqual(left.properties, right.properties) &&
    jsonEqual([...left.features], [...right.features])
  );
}

export interface AnalyzerName {
  /** The database before `::`; undefined without one, empty for `::name` (the system database). */
  readonly database: string | undefined;
  readonly name: string;
}

/** `db::name`, `::name` or `name`. */
export function splitAnalyzerName(text: string): AnalyzerName {
  const at = text.indexOf('::');
  return at < 0 ? { database: undefined, name: text } : { database: text.slice(0, at), name: text.slice(at + 2) };
}

/** An analyzer as answers show it. Built-in ones go without a database. */
export function describeAnalyzer(database: string, analyzer: AnalyzerDefinition): JsonObject {
  return {
    name: isBuiltIn(analyzer.name) ? analyzer.name : `${database}::${analyzer.name}`,
    type: analyzer.type,
    properties: analyzer.properties,
    features: analyzer.features,
  };
}

/** The document of `_analyzers` that holds an analyzer. */
export function analyzerDocument(analyzer: AnalyzerDefinition, revision: number): JsonObject {
  return {
    _key: analyzer.name,
    name: analyzer.name,
    type: analyzer.type,
    properties: analyzer.properties,
    features: analyzer.features,
    revision,
  };
}

/** Reads a document of `_analyzers`; undefined for one that holds no analyzer. */
export function analyzerOfDocument(document: JsonObject): AnalyzerDefinition | undefined {
  const { name, type, properties, features } = document as MutableJson;
  const known = textsOf(features);
  if (typeof name !== 'string' || typeof type !== 'string' || !isJsonObject(properties)) return undefined;
  return { name, type, properties, features: known ?? [] };
}

const TEXT_LANGUAGES = ['de', 'en', 'es', 'fi', 'fr', 'it', 'nl', 'no', 'pt', 'ru', 'sv', 'zh'];

/** The analyzers that every server has. */
export const BUILT_IN_ANALYZERS: readonly AnalyzerDefinition[] = [
  { name: 'identity', type: 'identity', properties: {}, features: ['frequency', 'norm'] },
  ...TEXT_LANGUAGES.map((language) => ({
    name: `text_${language}`,
    type: 'text',
    // Chinese has no stemmer.
    properties: { locale: language, case: 'lower', stopwords: [], accent: false, stemming: language !== 'zh' },
    features: ['frequency', 'position', 'norm'],
  })),
];

export function isBuiltIn(name: string): boolean {
  return BUILT_IN_ANALYZERS.some((analyzer) => analyzer.name === name);
}

/** All analyzer names in a definition of a view's link or an inverted index, at every depth. */
export function analyzerNamesIn(definition: Json | undefined): readonly string[] {
  const names = new Set<string>();
  const visit = (value: Json | undefined): void => {
    if (isJsonArray(value)) for (const item of value) visit(item);
    if (!isJsonObject(value)) return;
    if (typeof value.analyzer === 'string') names.add(value.analyzer);
    for (const name of textsOf(value.analyzers) ?? []) names.add(name);
    for (const attribute of Object.keys(value)) visit(value[attribute]);
  };
  visit(definition);
  return [...names];
}
