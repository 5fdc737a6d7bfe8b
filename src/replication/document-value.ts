import { canonicalJson } from './exact-json.ts';

/** Attributes that say where a document lies and when it was written, not what it holds; names can differ between sides. */
const NOT_CONTENT: ReadonlySet<string> = new Set(['_id', '_rev']);

/**
 * A text that is the same for documents that mean the same, whichever server printed them (servers print large numbers
 * differently, reference 1.2). `_id` and `_rev` are left out. Throws for what is no JSON object.
 */
export function documentValue(document: Uint8Array): string {
  const text = Buffer.from(document.buffer, document.byteOffset, document.byteLength).toString('utf8');
  const value = canonicalJson(text, NOT_CONTENT);
  if (!value.startsWith('{')) throw new Error(`a document of ${text.length} letters is no JSON object`);
  return value;
}
