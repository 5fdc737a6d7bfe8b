import { canonicalJson } from '../engine/json/canonical.ts';
import { membersOf } from '../engine/json/members.ts';
import type { StoredDocument } from '../engine/types.ts';

/**
 * The checksum of 3.2: an XOR over the documents, so that neither their order nor their spread over shards matters.
 * Of each counts its key, of edges both ends, on request its revision and its content by value. Two numbers are only
 * comparable between servers of one kind; so are these.
 */
export function checksumOf(
  documents: Iterable<StoredDocument>,
  isEdge: boolean,
  withRevisions: boolean,
  withData: boolean,
): string {
  let high = 0;
  let low = 0;
  for (const document of documents) {
    let text = JSON.stringify(document.key);
    if (withRevisions) text += document.rev;
    if (isEdge || withData) text += contentOf(document, isEdge, withData);
    high ^= hashText(text, 0x811c9dc5);
    low ^= hashText(text, 0x01000193);
  }
  return ((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)).toString();
}

function contentOf(document: StoredDocument, isEdge: boolean, withData: boolean): string {
  const bytes = document.bytes();
  const counted = membersOf({ bytes, start: 0, end: bytes.length }).filter(({ name }) => {
    if (name === '_key' || name === '_id' || name === '_rev') return false;
    return withData || (isEdge && (name === '_from' || name === '_to'));
  });
  return counted
    .map(({ name, value }) => `${JSON.stringify(name)}:${canonicalJson(value)}`)
    .sort()
    .join(',');
}

/** FNV-1a of 32 bits over UTF-16 units, with a final mix. */
function hashText(text: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
