import { EngineError } from './errors.ts';
import { ID, KEY, type ScannedItem } from './json/items.ts';
import { textValue } from './json/members.ts';

/** The key by `_key`, or by `_id` (4.1). */
export function keyIn(scanned: ScannedItem): string {
  const given = scanned.attribute(KEY);
  if (given !== undefined) {
    const key = textValue(given);
    if (key === undefined || key === '') throw new EngineError(1221, 'illegal document key');
    return key;
  }
  const id = textValue(scanned.attribute(ID));
  if (id === undefined) throw new EngineError(1205, 'illegal document identifier');
  return behindSlash(id);
}

/** The key of an item of a removal: an object, or a text. */
export function keyToRemove(scanned: ScannedItem | undefined): string {
  if (scanned === undefined) throw new EngineError(1205, 'illegal document identifier');
  if (scanned.isObject) return keyIn(scanned);
  const text = textValue(scanned);
  if (text === undefined) throw new EngineError(1227, 'invalid document type');
  return behindSlash(text);
}

/** A text item is cut at its last slash: `"other/2"` names key 2 of this collection (4.3). */
function behindSlash(text: string): string {
  return text.slice(text.lastIndexOf('/') + 1);
}
