import type { Json } from '../engine/types.ts';
import { badParameter } from './index-fields.ts';
import { isJsonArray } from './json.ts';

/** In this order answers list them, whatever the order of the request (reference 3.4). */
const FEATURES = ['frequency', 'position', 'offset', 'norm'] as const;

const FORM =
  'expecting body to be of the form { name: <string>, type: <string>[, properties: <object>[, features: <string-array>]] }';

/** Checks a list of features and puts it in order; undefined when there is none. Throws 400/10. */
export function searchFeatures(value: Json | undefined): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (!isJsonArray(value)) throw badParameter(`invalid 'features', ${FORM}`);
  for (const feature of value) {
    if (typeof feature !== 'string') throw badParameter(`invalid value in 'features', ${FORM}`);
    if (!FEATURES.some((known) => known === feature)) throw badParameter(`unknown value in 'features', ${FORM}`);
  }
  if (value.includes('position') && !value.includes('frequency')) {
    throw badParameter("missing feature 'frequency' required when 'position' feature is specified");
  }
  if (value.includes('offset') && !value.includes('position')) {
    throw badParameter("missing feature 'position' required when 'offset' feature is specified");
  }
  return FEATURES.filter((feature) => value.includes(feature));
}
