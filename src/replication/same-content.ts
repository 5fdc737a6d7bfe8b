import { canonicalJson } from './exact-json.ts';
import { withoutMembers } from './json-members.ts';

/** What a side gives a document of its own: the revision where it is not kept, and the collection's name. */
const OF_ITS_SIDE = new Set(['_id', '_rev']);
const OF_ITS_NAME = new Set(['_id']);

/**
 * Whether two documents of the same key hold the same: the same text, or the same JSON values. Servers print numbers in
 * their own way, `1.0` or `1` (reference 9.4); they are compared as exact decimals, never as doubles. `_id` names the
 * collection, which the other side may call otherwise; `_rev` counts only `withRevision`.
 */
export function isSameContent(a: Buffer, b: Buffer, withRevision: boolean): boolean {
  const left = ofContent(a, withRevision);
  const right = ofContent(b, withRevision);
  return left.equals(right) || canonicalJson(left.toString('utf8')) === canonicalJson(right.toString('utf8'));
}

function ofContent(document: Buffer, withRevision: boolean): Buffer {
  return Buffer.concat(withoutMembers(document, withRevision ? OF_ITS_NAME : OF_ITS_SIDE));
}
