import { encodeRevision, revisionFrom, revisionValue } from './revision.ts';

/** 8^6: leaves of a tree of depth 6 (reference 5.8.2). */
const LEAVES = 262144;
const LEAVES_EXPONENT = 18;
const START_WIDTH_EXPONENT = 24;
/** 2021-01-01T00:00Z as a revision. */
const START_OF_2021 = 1609459200000n << 20n;
const VALUES_END = 1n << 64n;

interface Leaf {
  count: number;
  high: number;
  low: number;
}

/** A range that a tree covers: it only ever grows, so it is kept to make the tree of an older snapshot. */
export interface TreeRange {
  readonly min: bigint;
  readonly widthExponent: number;
}

let hashHigh = 0;
let hashLow = 0;

/** FNV-1a, 64 bit, over the eight bytes of a revision, little-endian; the result is in `hashHigh`, `hashLow`. */
function hashRevision(high: number, low: number): void {
  hashHigh = 0xcbf29ce4 | 0;
  hashLow = 0x84222325 | 0;
  for (let shift = 0; shift < 32; shift += 8) hashByte((low >>> shift) & 0xff);
  for (let shift = 0; shift < 32; shift += 8) hashByte((high >>> shift) & 0xff);
}

function hashByte(byte: number): void {
  const low = (hashLow ^ byte) >>> 0;
  // h · 0x100000001b3 = h · 2^40 + h · 435, in two halves.
  const product = low * 435;
  hashHigh = (Math.imul(hashHigh, 435) + Math.floor(product / 0x1_0000_0000) + (low << 8)) | 0;
  hashLow = product | 0;
}

/** The hash of one revision, for tests and readers. */
export function revisionHash(revision: bigint): bigint {
  const { high, low } = revisionFrom(revision);
  hashRevision(high, low);
  return revisionValue(hashHigh, hashLow);
}

/**
 * A revision tree as reference 5.8.3 computes it, its lowest level only and only leaves that were ever touched. Adding
 * and removing one revision is cheap; growing merges leaves.
 */
export class RevisionTree {
  readonly #initialMin: bigint;
  #min: bigint;
  #widthExponent = START_WIDTH_EXPONENT;
  #leaves = new Map<number, Leaf>();
  #count = 0;
  #high = 0;
  #low = 0;
  // The lower limit's halves, for arithmetic without BigInt.
  #minHigh = 0;
  #minLow = 0;
  #lastIndex = -1;
  #lastLeaf: Leaf = { count: 0, high: 0, low: 0 };

  constructor(isSmartChild: boolean, range?: TreeRange) {
    this.#initialMin = isSmartChild ? 0n : START_OF_2021;
    this.#min = range?.min ?? this.#initialMin;
    this.#widthExponent = range?.widthExponent ?? START_WIDTH_EXPONENT;
    this.#rangeChanged();
  }

  get count(): number {
    return this.#count;
  }

  get hash(): bigint {
    return revisionValue(this.#high, this.#low);
  }

  get range(): TreeRange {
    return { min: this.#min, widthExponent: this.#widthExponent };
  }

  /** Tells true when the range had to grow. */
  add(high: number, low: number): boolean {
    const grown = this.#grow(high, low);
    const leaf = this.#leafOf(high, low);
    leaf.count++;
    this.#count++;
    this.#toggle(leaf, high, low);
    return grown;
  }

  /** The revision must be in the tree. */
  remove(high: number, low: number): void {
    const leaf = this.#leafOf(high, low);
    leaf.count--;
    this.#count--;
    this.#toggle(leaf, high, low);
  }

  /** Forgets all revisions; the range stays. */
  clear(): void {
    this.#leaves.clear();
    this.#lastIndex = -1;
    this.#count = 0;
    this.#high = 0;
    this.#low = 0;
  }

  equals(other: RevisionTree): boolean {
    return this.toJson(true) === other.toJson(true);
  }

  /** The JSON form (5.8.2); early servers do not tell `initialRangeMin`. */
  toJson(onlyPopulated: boolean, tellsInitialMin = true): string {
    const max = this.#min + (1n << BigInt(this.#widthExponent));
    const initial = tellsInitialMin ? `,"initialRangeMin":"${limitText(this.#initialMin)}"` : '';
    const limits = `"rangeMax":"${limitText(max)}","rangeMin":"${limitText(this.#min)}"${initial}`;
    const nodes = onlyPopulated ? this.#populatedNodes() : this.#allNodes();
    return `{"version":1,"maxDepth":6,${limits},"count":${this.#count},"hash":${this.hash},"nodes":[${nodes}]}`;
  }

  #populatedNodes(): string {
    const nodes: string[] = [];
    let next = 0;
    for (const [index, leaf] of this.#sortedLeaves()) {
      if (index - next === 1) nodes.push('{}');
      else if (index > next) nodes.push(`{"skip":${index - next}}`);
      nodes.push(leafText(leaf));
      next = index + 1;
    }
    return nodes.join(',');
  }

  #allNodes(): string {
    const nodes = new Array<string>(LEAVES).fill('{"count":0,"hash":0}');
    for (const [index, leaf] of this.#sortedLeaves()) nodes[index] = leafText(leaf);
    return nodes.join(',');
  }

  #sortedLeaves(): [number, Leaf][] {
    return [...this.#leaves].filter(([, leaf]) => !isEmpty(leaf)).sort(([a], [b]) => a - b);
  }

  #toggle(leaf: Leaf, high: number, low: number): void {
    hashRevision(high, low);
    leaf.high ^= hashHigh;
    leaf.low ^= hashLow;
    this.#high ^= hashHigh;
    this.#low ^= hashLow;
  }

  #leafOf(high: number, low: number): Leaf {
    const index = this.#indexOf(high, low);
    if (index === this.#lastIndex) return this.#lastLeaf;
    let leaf = this.#leaves.get(index);
    if (leaf === undefined) {
      leaf = { count: 0, high: 0, low: 0 };
      this.#leaves.set(index, leaf);
    }
    this.#lastIndex = index;
    this.#lastLeaf = leaf;
    return leaf;
  }

  /** floor((revision − rangeMin) / leaf width). Only right inside the range. */
  #indexOf(high: number, low: number): number {
    const borrow = low >>> 0 < this.#minLow >>> 0 ? 1 : 0;
    const offsetHigh = (high - this.#minHigh - borrow) | 0;
    const offsetLow = (low - this.#minLow) | 0;
    const shift = this.#widthExponent - LEAVES_EXPONENT;
    if (shift >= 32) return offsetHigh >>> (shift - 32);
    return ((offsetHigh << (32 - shift)) | (offsetLow >>> shift)) >>> 0;
  }

  #grow(high: number, low: number): boolean {
    // Inside the range iff (revision − rangeMin) needs no more bits than the width has.
    const borrow = low >>> 0 < this.#minLow >>> 0 ? 1 : 0;
    const offsetHigh = (high >>> 0) - (this.#minHigh >>> 0) - borrow;
    const spareHigh = this.#widthExponent - 32;
    if (offsetHigh === 0 && spareHigh < 0) {
      if ((low - this.#minLow) >>> 0 < 2 ** this.#widthExponent) return false;
    } else if (offsetHigh >= 0 && spareHigh >= 0 && offsetHigh < 2 ** spareHigh) return false;
    const value = revisionValue(high, low);
    let grown = false;
    while (value < this.#min) {
      this.#growOnce(-1);
      grown = true;
    }
    while (value >= this.#min + (1n << BigInt(this.#widthExponent))) {
      this.#growOnce(1);
      grown = true;
    }
    return grown;
  }

  /** Doubles the width, to the right (1) or to the left (−1), merging leaves in pairs. */
  #growOnce(direction: 1 | -1): void {
    const width = 1n << BigInt(this.#widthExponent);
    const leafWidth = width >> BigInt(LEAVES_EXPONENT);
    const distance = this.#initialMin - this.#min;
    const shifted = ((distance % (2n * leafWidth)) + 2n * leafWidth) % (2n * leafWidth) !== 0n;
    const offset = direction === 1 ? (shifted ? 1 : 0) : LEAVES - (shifted ? 1 : 0);
    const merged = new Map<number, Leaf>();
    for (const [index, leaf] of this.#leaves) mergeInto(merged, Math.floor((index + offset) / 2), leaf);
    this.#leaves = merged;
    if (direction === 1) this.#min -= shifted ? leafWidth : 0n;
    else this.#min += (shifted ? leafWidth : 0n) - width;
    this.#widthExponent++;
    this.#rangeChanged();
  }

  #rangeChanged(): void {
    const { high, low } = revisionFrom(BigInt.asUintN(64, this.#min));
    this.#minHigh = high;
    this.#minLow = low;
    this.#lastIndex = -1;
  }
}

function mergeInto(leaves: Map<number, Leaf>, index: number, leaf: Leaf): void {
  const present = leaves.get(index);
  if (present === undefined) {
    leaves.set(index, leaf);
    return;
  }
  present.count += leaf.count;
  present.high ^= leaf.high;
  present.low ^= leaf.low;
}

function isEmpty(leaf: Leaf): boolean {
  return leaf.count === 0 && leaf.high === 0 && leaf.low === 0;
}

function leafText(leaf: Leaf): string {
  return `{"count":${leaf.count},"hash":${revisionValue(leaf.high, leaf.low)}}`;
}

/** A limit as text. Rubbish revisions (4.4) can push a limit over the 64 bits: it then stands at their end. */
function limitText(limit: bigint): string {
  const clamped = limit < 0n ? 0n : limit >= VALUES_END ? VALUES_END - 1n : limit;
  const { high, low } = revisionFrom(clamped);
  return encodeRevision(high, low);
}
