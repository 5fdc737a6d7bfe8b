import type { Json, JsonObject } from '../engine/types.ts';
import { badParameter } from './index-fields.ts';
import { booleanOr, isJsonObject, jsonEqual, type MutableJson, textOr, textsOf } from './json.ts';

/** What a field of a link has, and what its own fields take from it. */
interface LinkSettings {
  readonly analyzers: readonly string[];
  readonly includeAllFields: boolean;
  readonly storeValues: string;
  readonly trackListPositions: boolean;
}

/** Tells whether an analyzer exists; the link may only name such. */
export type KnowsAnalyzer = (name: string) => boolean;

const DEFAULTS: LinkSettings = {
  analyzers: ['identity'],
  includeAllFields: false,
  storeValues: 'none',
  trackListPositions: false,
};

/** A link of an arangosearch view to a collection (reference 3.4), completed. Fields tell only what differs. */
export function normaliseLink(value: Json, knowsAnalyzer: KnowsAnalyzer): JsonObject {
  if (!isJsonObject(value))
    throw badParameter('error parsing link parameters from json for arangosearch view: link must be an object');
  const settings = settingsOf(value, DEFAULTS, knowsAnalyzer);
  const link: MutableJson = {
    analyzers: settings.analyzers,
    fields: fieldsOf(value.fields, settings, knowsAnalyzer),
    includeAllFields: settings.includeAllFields,
    storeValues: settings.storeValues,
    trackListPositions: settings.trackListPositions,
  };
  if (value.cache === true) link.cache = true;
  return link;
}

function settingsOf(value: JsonObject, parent: LinkSettings, knowsAnalyzer: KnowsAnalyzer): LinkSettings {
  const analyzers = value.analyzers === undefined ? parent.analyzers : textsOf(value.analyzers);
  if (analyzers === undefined) throw badParameter("error parsing link: failed to parse 'analyzers'");
  const unknown = analyzers.find((name) => !knowsAnalyzer(name));
  if (unknown !== undefined) throw badParameter(`error parsing link: analyzer '${unknown}' not found`);
  const storeValues = textOr(value.storeValues, parent.storeValues);
  if (storeValues !== 'none' && storeValues !== 'id')
    throw badParameter("error parsing link: failed to parse 'storeValues'");
  return {
    analyzers,
    includeAllFields: booleanOr(value.includeAllFields, parent.includeAllFields),
    storeValues,
    trackListPositions: booleanOr(value.trackListPositions, parent.trackListPositions),
  };
}

function fieldsOf(value: Json | undefined, parent: LinkSettings, knowsAnalyzer: KnowsAnalyzer): JsonObject {
  if (value === undefined) return {};
  if (!isJsonObject(value)) throw badParameter("error parsing link: failed to parse 'fields'");
  const fields: MutableJson = {};
  for (const name of Object.keys(value)) {
    const given = value[name];
    if (!isJsonObject(given)) throw badParameter(`error parsing link: failed to parse 'fields.${name}'`);
    fields[name] = fieldOf(given, parent, knowsAnalyzer);
  }
  return fields;
}

function fieldOf(given: JsonObject, parent: LinkSettings, knowsAnalyzer: KnowsAnalyzer): JsonObject {
  const settings = settingsOf(given, parent, knowsAnalyzer);
  const field: MutableJson = {};
  if (!jsonEqual([...settings.analyzers], [...parent.analyzers])) field.analyzers = settings.analyzers;
  const fields = fieldsOf(given.fields, settings, knowsAnalyzer);
  if (Object.keys(fields).length > 0) field.fields = fields;
  for (const name of ['includeAllFields', 'storeValues', 'trackListPositions'] as const) {
    if (settings[name] !== parent[name]) field[name] = settings[name];
  }
  const nested = fieldsOf(given.nested, settings, knowsAnalyzer);
  if (Object.keys(nested).length > 0) field.nested = nested;
  if (given.cache === true) field.cache = true;
  return field;
}
