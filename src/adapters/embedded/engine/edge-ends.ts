import type { Collection } from './collection.ts';
import type { DocumentVersion } from './document.ts';
import { EngineError } from './errors.ts';
import { FROM, itemOf, type ScannedItem, TO } from './json/items.ts';
import { textValue } from './json/members.ts';
import type { JsonText } from './types.ts';

/** `_from` and `_to` as texts; both absent in document collections, which drop them. */
export type EdgeEnds = readonly [JsonText | undefined, JsonText | undefined];

/** Those of an edge that is written whole; 1233 without them. */
export function endsOf(collection: Collection, scanned: ScannedItem): EdgeEnds {
  if (collection.type !== 3) return NO_ENDS;
  return demandEnds(scanned.attribute(FROM), scanned.attribute(TO));
}

/** Those after a patch: what it gives, else what is stored. */
export function patchedEnds(collection: Collection, before: DocumentVersion, patch: ScannedItem): EdgeEnds {
  if (collection.type !== 3) return NO_ENDS;
  const stored = itemOf({ bytes: before.buffer, start: before.start, end: before.end });
  return demandEnds(patch.attribute(FROM) ?? stored.attribute(FROM), patch.attribute(TO) ?? stored.attribute(TO));
}

function demandEnds(from: JsonText | undefined, to: JsonText | undefined): EdgeEnds {
  if (!isVertexId(from) || !isVertexId(to)) throw new EngineError(1233, BAD_ENDS);
  return [from, to];
}

const NO_ENDS = [undefined, undefined] as const;

const BAD_ENDS =
  'expecting both `_from` and `_to` attributes to be defined in the edge document and have the format `<collectionName>/<vertexKey>` ';

function isVertexId(text: JsonText | undefined): boolean {
  const value = textValue(text);
  if (value === undefined) return false;
  const slash = value.indexOf('/');
  return slash > 0 && slash < value.length - 1 && value.indexOf('/', slash + 1) < 0;
}
