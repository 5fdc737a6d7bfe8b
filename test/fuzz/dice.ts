import { seededRandom } from '../e2e/support/corpus.ts';

/** Draws by a seed: the same seed gives the same operations. */
export class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed * 7_919 + 13);
    // The first numbers of neighbouring seeds are alike.
    for (let index = 0; index < 20; index += 1) this.#random();
  }

  /** A whole number below `end`. */
  below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  between(first: number, last: number): number {
    return first + this.below(last - first + 1);
  }

  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)];
    if (choice === undefined) throw new Error('nothing to pick from');
    return choice;
  }

  /** One of them by weight. */
  weighted<T extends { readonly weight: number }>(choices: readonly T[]): T {
    let left = this.#random() * choices.reduce((sum, { weight }) => sum + weight, 0);
    for (const choice of choices) {
      left -= choice.weight;
      if (left < 0) return choice;
    }
    return this.pick(choices);
  }
}
