import type { DocumentVersion } from './document.ts';
import { compareRevisions } from './revision.ts';

const BLOCK_MAX = 1024;

/**
 * The documents of one shard by rising revision: the order of its storage, of dumps and of ranges (5.4). Sorted blocks:
 * appending is cheap (a clock's revisions rise), and so is any other place.
 */
export class RevisionSet {
  #blocks: DocumentVersion[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Tells false, and adds nothing, when a document with this revision is there already. */
  add(version: DocumentVersion): boolean {
    const blocks = this.#blocks;
    const { revisionHigh: high, revisionLow: low } = version;
    const last = blocks[blocks.length - 1];
    if (last === undefined || isBefore(last[last.length - 1] as DocumentVersion, high, low)) {
      if (last === undefined || last.length >= BLOCK_MAX) blocks.push([version]);
      else last.push(version);
      this.#size++;
      return true;
    }
    const blockIndex = this.#blockOf(high, low);
    const block = blocks[blockIndex] as DocumentVersion[];
    const place = placeIn(block, high, low);
    if (isAt(block[place], high, low)) return false;
    block.splice(place, 0, version);
    if (block.length > BLOCK_MAX) blocks.splice(blockIndex + 1, 0, block.splice(BLOCK_MAX / 2));
    this.#size++;
    return true;
  }

  remove(version: DocumentVersion): void {
    const { revisionHigh: high, revisionLow: low } = version;
    const blockIndex = this.#blockOf(high, low);
    const block = this.#blocks[blockIndex];
    if (block === undefined) return;
    const place = placeIn(block, high, low);
    if (!isAt(block[place], high, low)) return;
    block.splice(place, 1);
    if (block.length === 0) this.#blocks.splice(blockIndex, 1);
    this.#size--;
  }

  get(high: number, low: number): DocumentVersion | undefined {
    const block = this.#blocks[this.#blockOf(high, low)];
    if (block === undefined) return undefined;
    const version = block[placeIn(block, high, low)];
    return isAt(version, high, low) ? version : undefined;
  }

  clear(): void {
    this.#blocks = [];
    this.#size = 0;
  }

  /** All in order, as of now. */
  toArray(): DocumentVersion[] {
    return this.#blocks.flat();
  }

  /** The first block whose largest revision is not below this one. */
  #blockOf(high: number, low: number): number {
    const blocks = this.#blocks;
    let from = 0;
    let to = blocks.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const block = blocks[middle] as DocumentVersion[];
      if (isBefore(block[block.length - 1] as DocumentVersion, high, low)) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

/** Index of the first in a sorted list whose revision is not below this one. */
export function placeIn(sorted: readonly DocumentVersion[], high: number, low: number): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (isBefore(sorted[middle] as DocumentVersion, high, low)) from = middle + 1;
    else to = middle;
  }
  return from;
}

function isBefore(version: DocumentVersion, high: number, low: number): boolean {
  return compareRevisions(version.revisionHigh, version.revisionLow, high, low) < 0;
}

function isAt(version: DocumentVersion | undefined, high: number, low: number): boolean {
  return version !== undefined && version.revisionHigh === high && version.revisionLow === low;
}
