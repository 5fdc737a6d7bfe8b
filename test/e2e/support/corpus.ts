/**
 * Documents that find out what a copy changes: every JSON type, unicode, extremes of numbers as texts that a double
 * cannot hold, keys of every allowed character. Documents are texts: JSON.stringify would lose what is to be tested.
 */

/** A repeatable source of numbers in [0, 1): xorshift32, by a seed. */
export function seededRandom(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Every character a key may have (reference 4.1). */
const KEY_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-:.@()+,=;$!*'%";

const NUMBERS = [
  '0',
  '-0.0',
  '1',
  '-1',
  '9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
  '18446744073709551615',
  '1.7976931348623157e308',
  '5e-324',
  '-2.2250738585072014e-308',
  '0.1',
  '123456789.123456789',
  '1e21',
  '4503599627370496.5',
];

const TEXTS = [
  '',
  'plain',
  'ümläut',
  '漢字かな交じり文',
  '🦆🏴‍☠️',
  '\\u0000 escaped',
  'quote \\" backslash \\\\ slash \\/',
  '\\n\\r\\t\\b\\f',
  '\\ud83e\\udd86',
  'مرحبا',
  'e\u0301 combining',
  '\u2028 separator',
  ' leading and trailing ',
];

const SMALL_BYTES_MIN = 50;
const LARGE_BYTES_MAX = 200 * 1_024;

export interface CorpusDocument {
  readonly key: string;
  /** `{"_key":…}` as JSON text. */
  readonly text: string;
}

export class Corpus {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** A document under `key`; one in `largeEvery` has up to 200 KiB, the others 50 bytes to 2 KiB. */
  document(key: string, largeEvery = 200): CorpusDocument {
    const size = this.#oneIn(largeEvery)
      ? Math.floor(LARGE_BYTES_MAX * this.#random())
      : SMALL_BYTES_MIN + Math.floor(2_000 * this.#random() ** 4);
    const members = [`"_key":${JSON.stringify(key)}`];
    const count = 1 + Math.floor(this.#random() * 6);
    for (let index = 0; index < count; index++) members.push(`${this.#name(index)}:${this.#value(3)}`);
    const missing = size - members.join(',').length;
    if (missing > 0) members.push(`"filling":"${'x'.repeat(missing)}"`);
    return { key, text: `{${members.join(',')}}` };
  }

  /** A key that `number` makes unique, with characters drawn from all that are allowed. */
  key(number: number): string {
    const drawn = Array.from({ length: Math.floor(this.#random() * 12) }, () => this.#pick([...KEY_CHARACTERS]));
    return `${number}${drawn.join('')}`;
  }

  /** A whole number below `end`. */
  below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  #name(index: number): string {
    return this.#oneIn(10) ? `"ключ ${index} \\u00e9"` : `"a${index}"`;
  }

  #value(depth: number): string {
    const kind = this.below(depth > 0 ? 7 : 5);
    if (kind === 0) return this.#pick(['null', 'true', 'false']);
    if (kind <= 2) return this.#pick(NUMBERS);
    if (kind <= 4) return `"${this.#pick(TEXTS)}"`;
    const items = Array.from({ length: this.below(4) }, () => this.#value(depth - 1));
    return kind === 5 ? `[${items.join(',')}]` : `{${items.map((item, index) => `"${index}":${item}`).join(',')}}`;
  }

  #pick<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)];
    if (choice === undefined) throw new Error('nothing to pick from');
    return choice;
  }

  #oneIn(count: number): boolean {
    return this.below(count) === 0;
  }
}
