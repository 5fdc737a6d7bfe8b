import type { ComparisonRequest, ComparisonResult, StructureDifference } from '../../wire/comparisons.ts';

/** What was seen is looked at again after this: servers of a cluster may show a change a moment later than others. */
const LOOK_AGAIN_MS = 1_000;
/** An inventory that was asked for and did not come, since the source could not be read, is asked for again. */
const ASK_AGAIN_MS = 15_000;
/** Of things that come and go all the time the newest are told. */
const LOOKS_MAX = 8;
/** Differences in one result; of the rest it tells how many. */
const NAMED_MAX = 200;

/**
 * Structure and users held against the source because somebody asked. The first inventory that comes may have been taken
 * before that, and what is seen once may be on its way: different is what two looks in a row show, at inventories that were
 * taken since.
 */
export class StructureCheck {
  #request: ComparisonRequest | undefined;
  #result: ComparisonResult | undefined;
  #looks = 0;
  #before: readonly StructureDifference[] = [];
  #repaired: readonly StructureDifference[] = [];
  #askAt = Infinity;

  /** Undefined: nobody wants to know any longer. The same request again changes nothing. True when it is to be looked now. */
  follow(request: ComparisonRequest | undefined, now: number): boolean {
    if (request?.id === this.#request?.id) return false;
    this.#request = request;
    this.#looks = 0;
    this.#before = [];
    this.#repaired = [];
    this.#askAt = now + ASK_AGAIN_MS;
    this.#result = request && { id: request.id, taskId: request.taskId, state: 'comparing' };
    return request !== undefined;
  }

  get result(): ComparisonResult | undefined {
    return this.#result;
  }

  /** The request for which inventories are to be compared; undefined: none, or its end is told. */
  get wanted(): string | undefined {
    return this.#result?.state === 'comparing' ? this.#result.id : undefined;
  }

  /** Whether what differs is to be set right. */
  get repairs(): boolean {
    return this.wanted !== undefined && this.#request?.repair === true;
  }

  /** Whether another inventory is to be asked for: once for each look, and again when none comes. */
  isDue(now: number): boolean {
    if (now < this.#askAt) return false;
    this.#askAt = now + ASK_AGAIN_MS;
    return this.wanted !== undefined;
  }

  /** What differed before it is set right. */
  foundBefore(differences: readonly StructureDifference[]): void {
    if (this.#looks === 0) this.#repaired = differences;
  }

  /** What an inventory came to; `isPending`: something of it waits for the next one (S1). */
  looked(differences: readonly StructureDifference[], now: number, isPending: boolean): void {
    if (this.wanted === undefined) return;
    this.#looks += 1;
    const isLasting = this.#looks > 1 && isAllOf(differences, this.#before) && !isPending;
    this.#before = differences;
    if (this.#looks > 1 && differences.length === 0) this.#end('equal', this.#repaired);
    else if (isLasting || this.#looks >= LOOKS_MAX) this.#end('different', differences);
    else this.#askAt = differences.length === 0 ? now : now + LOOK_AGAIN_MS;
  }

  /** It cannot be looked at. */
  failed(reason: string): void {
    if (this.#result?.state === 'comparing') this.#result = { ...this.#result, state: 'untold', reason };
  }

  #end(state: 'equal' | 'different', structure: readonly StructureDifference[]): void {
    if (this.#result === undefined) return;
    this.#result = { ...this.#result, state, ...(structure.length === 0 ? {} : { structure: shortened(structure) }) };
  }
}

function isAllOf(now: readonly StructureDifference[], before: readonly StructureDifference[]): boolean {
  const known = new Set(before.map((difference) => JSON.stringify(difference)));
  return now.every((difference) => known.has(JSON.stringify(difference)));
}

function shortened(differences: readonly StructureDifference[]): StructureDifference[] {
  if (differences.length <= NAMED_MAX) return [...differences];
  const detail = `${differences.length - NAMED_MAX} more differences of the structure`;
  return [...differences.slice(0, NAMED_MAX), { database: '_system', collection: '', detail }];
}
