import type { FrontCollection } from '../cluster/front.ts';
import { EngineError } from '../engine/errors.ts';
import { scanText } from '../engine/json/items.ts';
import type { JsonObject, StoredDocument, WriteKind, WrittenItem } from '../engine/types.ts';

/** Documents of system collections as JSON values: definitions, never users' data. */
export async function readAll(collection: FrontCollection): Promise<readonly JsonObject[]> {
  const found: JsonObject[] = [];
  for (const document of await collection.documents()) found.push(jsonOf(document));
  return found;
}

export function jsonOf(document: StoredDocument): JsonObject {
  return JSON.parse(document.bytes().toString('utf8')) as JsonObject;
}

/** Writes one document of a system collection; its refusal is thrown. */
export async function writeOne(
  collection: FrontCollection,
  kind: WriteKind,
  key: string,
  document: JsonObject | undefined,
  waitForSync = false,
): Promise<WrittenItem> {
  // The key also stands in the text: a coordinator finds the shard by it.
  const text =
    document === undefined ? {} : { text: scanText(Buffer.from(JSON.stringify({ ...document, _key: key }))) };
  const { outcomes } = await collection.write({ kind, items: [{ ...text, key }], bulk: false, waitForSync });
  const outcome = outcomes[0];
  if (outcome?.ok !== true) throw new EngineError(outcome?.errorNum ?? 4, outcome?.message ?? 'internal error');
  return outcome;
}
