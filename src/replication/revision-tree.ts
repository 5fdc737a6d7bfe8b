import { decodeRevision, encodeHlc } from './revision.ts';

/** 8^6: nodes of the lowest level, the only one that servers tell (reference 5.8.2). */
const NODES = 262_144n;
const WIDTH_MIN = 1n << 24n;
const REVISION_MAX = (1n << 64n) - 1n;

/** Count and hash of a revision tree: equal ones mean equal sets of revisions (reference 5.8). */
export interface TreeSummary {
  readonly count: number;
  /** Decimal, up to 2^64 - 1. */
  readonly hash: string;
}

/** A set of revisions, told by counts and hashes of those that fall into each of 262,144 equal intervals. */
export interface RevisionTree extends TreeSummary {
  /** Where the first interval begins. */
  readonly rangeMin: bigint;
  /** Of all intervals together; a power of two. */
  readonly width: bigint;
  /** Stays on a border between two intervals while the range grows. */
  readonly initialRangeMin: bigint;
  readonly nodes: TreeNodes;
}

/** The intervals in which there is something, ascending, a place in each list: a tree can have 262,144 of them. */
interface TreeNodes {
  readonly length: number;
  /** Which of the intervals. */
  readonly index: Uint32Array;
  readonly count: Float64Array;
  readonly hash: BigUint64Array;
}

/** A closed interval of revisions. */
export type RevisionRange = readonly [from: bigint, to: bigint];

/** As servers read it. */
export function rangeText([from, to]: RevisionRange): readonly [string, string] {
  return [encodeHlc(from), encodeHlc(to)];
}

/** The top of a tree. Hashes pass the range in which JSON.parse is exact, so they are taken as text (reference 5.8.2). */
export function treeSummaryOf(text: string): TreeSummary {
  const top = withoutNodes(text);
  const count = /"count"\s*:\s*(\d+)/.exec(top)?.[1];
  const hash = /"hash"\s*:\s*(\d+)/.exec(top)?.[1];
  if (count === undefined || hash === undefined) throw new Error('a revision tree came without count or hash');
  return { count: Number(count), hash };
}

/** Reads the JSON form of a tree, with or without its empty nodes. Throws for what is none. */
export function parseTree(text: string): RevisionTree {
  const top = withoutNodes(text);
  const rangeMin = limitIn(top, 'rangeMin');
  const width = limitIn(top, 'rangeMax') - rangeMin;
  if (width < WIDTH_MIN || (width & (width - 1n)) !== 0n) throw new Error(`a revision tree has the width ${width}`);
  const hasInitial = top.includes('"initialRangeMin"');
  // Servers of before it was introduced have not grown to the left yet.
  const initialRangeMin = hasInitial ? limitIn(top, 'initialRangeMin') : rangeMin;
  return { ...treeSummaryOf(text), rangeMin, width, initialRangeMin, nodes: nodesIn(text) };
}

/**
 * The intervals in which two sets of revisions differ, ascending and apart from each other. Trees that began elsewhere
 * cannot be compared: then it is everything.
 */
export function differingRanges(a: RevisionTree, b: RevisionTree): readonly RevisionRange[] {
  if (a.initialRangeMin !== b.initialRangeMin) return [[1n, REVISION_MAX]];
  const width = a.width > b.width ? a.width : b.width;
  const [left, right] = [grownTo(a, width), grownTo(b, width)];
  const step = width / NODES;
  const start = left.rangeMin < right.rangeMin ? left.rangeMin : right.rangeMin;
  const shiftOf = (tree: Grown) => Number((tree.rangeMin - start) / step);
  const ranges: (readonly [first: number, last: number])[] = [];
  for (const index of differingIndexes(left.nodes, shiftOf(left), right.nodes, shiftOf(right))) {
    const before = ranges.at(-1);
    if (before !== undefined && before[1] === index - 1) ranges[ranges.length - 1] = [before[0], index];
    else ranges.push([index, index]);
  }
  return ranges.map(([first, last]) => within(start + BigInt(first) * step, start + BigInt(last + 1) * step - 1n));
}

/** Ascending ranges, and all that lies behind a revision. */
export function withAllSince(ranges: readonly RevisionRange[], since: bigint): readonly RevisionRange[] {
  const before = ranges.filter(([, to]) => to < since);
  const from = ranges[before.length]?.[0] ?? since;
  return [...before, within(from < since ? from : since, REVISION_MAX)];
}

/** Ascending ranges, and besides each of these revisions. */
export function withRevisions(
  ranges: readonly RevisionRange[],
  revisions: readonly bigint[],
): readonly RevisionRange[] {
  if (revisions.length === 0) return ranges;
  // Servers take no range of one revision.
  const points = revisions.map((revision) => within(revision, revision + 1n));
  const ascending = [...ranges, ...points].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const merged: RevisionRange[] = [];
  for (const [from, to] of ascending) {
    const before = merged.at(-1);
    if (before === undefined || before[1] < from - 1n) merged.push([from, to]);
    else if (before[1] < to) merged[merged.length - 1] = [before[0], to];
  }
  return merged;
}

/** Rubbish revisions can push the limits of a tree out of what 64 bits hold (reference 4.4). */
function within(from: bigint, to: bigint): RevisionRange {
  return [from < 1n ? 1n : from, to > REVISION_MAX ? REVISION_MAX : to];
}

function* differingIndexes(a: TreeNodes, shiftA: number, b: TreeNodes, shiftB: number): Generator<number> {
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const atLeft = (a.index[i] ?? Number.POSITIVE_INFINITY) + shiftA;
    const atRight = (b.index[j] ?? Number.POSITIVE_INFINITY) + shiftB;
    const isSame = atLeft === atRight && a.count[i] === b.count[j] && a.hash[i] === b.hash[j];
    if (!isSame) yield Math.min(atLeft, atRight);
    if (atLeft <= atRight) i += 1;
    if (atRight <= atLeft) j += 1;
  }
}

type Grown = Pick<RevisionTree, 'rangeMin' | 'width' | 'nodes'>;

/** Widened to the right, as a server does it: intervals merge in pairs (reference 5.8.3). */
function grownTo(tree: RevisionTree, width: bigint): Grown {
  let grown: Grown = tree;
  while (grown.width < width) grown = grownOnce(grown, tree.initialRangeMin);
  return grown;
}

function grownOnce({ rangeMin, width, nodes }: Grown, initialRangeMin: bigint): Grown {
  const step = width / NODES;
  const pair = 2n * step;
  const isShifted = (((initialRangeMin - rangeMin) % pair) + pair) % pair !== 0n;
  const merged = new NodeList(nodes.length);
  for (let place = 0; place < nodes.length; place += 1) {
    const into = Math.floor(((nodes.index[place] ?? 0) + (isShifted ? 1 : 0)) / 2);
    merged.add(into, nodes.count[place] ?? 0, nodes.hash[place] ?? 0n);
  }
  return { rangeMin: isShifted ? rangeMin - step : rangeMin, width: 2n * width, nodes: merged.nodes };
}

/** Gathers nodes, ascending; what comes for the interval of the one before is merged with it. */
class NodeList {
  #length = 0;
  readonly #index: Uint32Array;
  readonly #count: Float64Array;
  readonly #hash: BigUint64Array;

  constructor(most: number) {
    this.#index = new Uint32Array(most);
    this.#count = new Float64Array(most);
    this.#hash = new BigUint64Array(most);
  }

  add(index: number, count: number, hash: bigint): void {
    const last = this.#length - 1;
    if (last >= 0 && this.#index[last] === index) {
      this.#count[last] = (this.#count[last] ?? 0) + count;
      this.#hash[last] = (this.#hash[last] ?? 0n) ^ hash;
      return;
    }
    this.#index[this.#length] = index;
    this.#count[this.#length] = count;
    this.#hash[this.#length] = hash;
    this.#length += 1;
  }

  get nodes(): TreeNodes {
    const length = this.#length;
    return {
      length,
      index: this.#index.slice(0, length),
      count: this.#count.slice(0, length),
      hash: this.#hash.slice(0, length),
    };
  }
}

const NODES_BEGIN = /"nodes"\s*:\s*\[/;

/** Nodes hold no arrays. */
function withoutNodes(text: string): string {
  const begin = NODES_BEGIN.exec(text);
  if (begin === null) throw new Error('a revision tree came without nodes');
  return `${text.slice(0, begin.index)}"nodes":0${text.slice(text.indexOf(']', begin.index) + 1)}`;
}

function limitIn(top: string, name: string): bigint {
  const limit = new RegExp(`"${name}"\\s*:\\s*"([^"]*)"`).exec(top)?.[1];
  if (limit === undefined) throw new Error(`a revision tree came without ${name}`);
  return decodeRevision(limit);
}

const NODE = /\s*\{\s*(?:"skip"\s*:\s*(\d+)|"count"\s*:\s*(\d+)\s*,\s*"hash"\s*:\s*(\d+))?\s*\}\s*(,|\])/y;

function nodesIn(text: string): TreeNodes {
  const nodes = new NodeList(Number(NODES));
  const begin = NODES_BEGIN.exec(text);
  if (begin === null) return nodes.nodes;
  let at = begin.index + begin[0].length;
  if (/^\s*\]/.test(text.slice(at, at + 16))) return nodes.nodes;
  for (let index = 0; ; ) {
    NODE.lastIndex = at;
    const match = index < NODES ? NODE.exec(text) : null;
    if (match === null) throw new Error(`a revision tree is no tree at "${text.slice(at, at + 40)}"`);
    at = NODE.lastIndex;
    const [, skip, count, hash, end] = match;
    if (count !== undefined && hash !== undefined && !(count === '0' && hash === '0')) {
      nodes.add(index, Number(count), BigInt(hash));
    }
    index += skip === undefined ? 1 : Number(skip);
    if (end === ']') return nodes.nodes;
  }
}
