import { z } from 'zod';
import { listOf, Name } from '../types/parts.ts';
import { BadPattern, matches, matchesCollection, type Pattern, readPattern } from './name-pattern.ts';

/**
 * What a synchronization replicates: patterns `database` or `database/collection`. What an `exclude` matches is left out,
 * of the rest what an `include` matches is taken; without any `include` all of it.
 */
export const Selection = z.strictObject({ include: listOf(Name), exclude: listOf(Name) });
export type Selection = z.infer<typeof Selection>;

const EVERYTHING = '*';

/** The same selection in one form only, so that two can be compared; undefined when it selects everything. */
export function plainSelection({ include, exclude }: Selection): Selection | undefined {
  const plain = { include: include.includes(EVERYTHING) ? [] : sorted(include), exclude: sorted(exclude) };
  return plain.include.length + plain.exclude.length === 0 ? undefined : plain;
}

function sorted(patterns: readonly string[]): readonly string[] {
  return [...new Set(patterns)].sort();
}

/** Of two in their plain form; undefined stands for everything. */
export function sameSelection(a: Selection | undefined, b: Selection | undefined): boolean {
  return JSON.stringify([a?.include, a?.exclude]) === JSON.stringify([b?.include, b?.exclude]);
}

/** For people: `include shop, crm/*; exclude shop/tmp*`. */
export function describeSelection(selection: Selection | undefined): string {
  if (selection === undefined) return 'everything';
  const { include, exclude } = selection;
  const parts = [
    ...(include.length === 0 ? [] : [`include ${include.join(', ')}`]),
    ...(exclude.length === 0 ? [] : [`exclude ${exclude.join(', ')}`]),
  ];
  return parts.join('; ');
}

/** Why a text is no pattern; undefined when it is one. */
export function patternTrouble(text: string): string | undefined {
  try {
    readPattern(text);
    return undefined;
  } catch (error) {
    if (error instanceof BadPattern) return error.message;
    throw error;
  }
}

/** Answers what a selection takes, by the source's names. Views are named as collections: they share their names' space. */
export class Selector {
  /** False: nothing is left out. */
  readonly isPartial: boolean;
  readonly #include: readonly Pattern[];
  readonly #exclude: readonly Pattern[];

  /** Throws {@link BadPattern} on patterns that nobody has looked at. */
  constructor(selection: Selection | undefined) {
    this.isPartial = selection !== undefined;
    this.#include = (selection?.include ?? []).map(readPattern);
    this.#exclude = (selection?.exclude ?? []).map(readPattern);
  }

  /** `whole`: with its analyzers, and all that is not excluded by name; `part`: only what an `include` names in it. */
  database(name: string): 'whole' | 'part' | 'none' {
    const of = ({ database }: Pattern) => matches(database, name);
    const isWhole = ({ collection }: Pattern) => collection === undefined;
    if (this.#exclude.filter(isWhole).some(of)) return 'none';
    if (this.#include.length === 0 || this.#include.filter(isWhole).some(of)) return 'whole';
    return this.#include.some(of) ? 'part' : 'none';
  }

  /** Whether the collection or view is replicated, where it can be. */
  takes(database: string, name: string): boolean {
    const of = (pattern: Pattern) =>
      matches(pattern.database, database) &&
      (pattern.collection === undefined || matchesCollection(pattern.collection, name));
    if (this.#exclude.some(of)) return false;
    return this.#include.length === 0 || this.#include.some(of);
  }
}
