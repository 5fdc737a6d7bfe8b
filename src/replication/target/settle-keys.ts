import { isSameContent } from '../same-content.ts';
import { documentsOf, type Operation, removalBy, removalOf } from './lines.ts';

/** A key of the target and the revision under which it was read, before the source was asked; undefined: it had none. */
export interface HeldKey {
  readonly key: string;
  readonly revision: string | undefined;
}

export interface SettlePorts {
  readonly stored: (keys: readonly string[], signal: AbortSignal) => Promise<readonly (Buffer | undefined)[]>;
  /** Removes exactly these documents; one that is gone or has another revision by now is spared. */
  readonly remove: (documents: readonly Operation[], signal: AbortSignal) => Promise<void>;
  /** Writes those whose keys have no document. */
  readonly insert: (documents: readonly Operation[], signal: AbortSignal) => Promise<void>;
}

/** How many documents of the target were not as the source's. */
export interface Settled {
  readonly removed: number;
  readonly written: number;
}

/**
 * Makes keys of the target what they are at the source, where a document may move from one of the source's shards to
 * another, each of which has a stream of its own: then a removal in one stream may come long after what another one wrote
 * under the key, and what a slow one writes may take the place of what is newer.
 *
 * The order is the rule: the target's revision was read, then the source was asked what it has under the key in any of its
 * shards, then the document of *that* revision goes, and what the source has takes its place where nobody has written
 * meanwhile. Whoever has is right: either that was the newest, or the removal behind it has its keys settled in turn.
 */
export async function settleKeys(
  held: readonly HeldKey[],
  source: Uint8Array,
  { stored, remove, insert }: SettlePorts,
  signal: AbortSignal,
): Promise<Settled> {
  const wanted = new Map(documentsOf(source).map((document) => [document.key, document]));
  const now = await stored(
    held.map(({ key }) => key),
    signal,
  );
  const removals: Operation[] = [];
  const inserts: Operation[] = [];
  for (const [index, { key, revision }] of held.entries()) {
    const own = now[index];
    const document = wanted.get(key);
    const isOthers = own !== undefined && removalOf(own).revision !== revision;
    if (isOthers || (document !== undefined && own !== undefined && isSame(document, own))) continue;
    if (revision !== undefined && own !== undefined) removals.push(removalBy({ key, revision }));
    if (document !== undefined) inserts.push(document);
  }
  if (removals.length > 0) await remove(removals, signal);
  if (inserts.length > 0) await insert(inserts, signal);
  return { removed: removals.length, written: inserts.length };
}

function isSame({ bytes }: Operation, own: Buffer): boolean {
  return isSameContent(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), own, false);
}
