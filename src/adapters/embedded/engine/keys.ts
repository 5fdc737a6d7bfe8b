import type { Environment, IdSource, Json, JsonObject, KeyGenerator } from './types.ts';

/** Longest key, bytes. */
export const KEY_LENGTH_MAX = 254;

const keyLetters = new Uint8Array(256);
for (const letter of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-:.@()+,=;$!*'%") {
  keyLetters[letter.charCodeAt(0)] = 1;
}

/** Whether the text may be a document's key (reference 4.1). */
export function isValidKey(key: string): boolean {
  if (key.length === 0 || key.length > KEY_LENGTH_MAX) return false;
  for (let index = 0; index < key.length; index++) {
    const code = key.charCodeAt(index);
    if (code > 255 || keyLetters[code] === 0) return false;
  }
  return true;
}

const DIGITS = /^[0-9]{1,20}$/;

/**
 * A generator by `keyOptions` (reference 3.2): `traditional` (default), `autoincrement`, `padded`, `uuid`. The first
 * and the third draw from the id source. A coordinator makes one per collection, a single server's collections have
 * their own.
 */
export function createKeyGenerator(options: Json | undefined, ids: IdSource, environment: Environment): KeyGenerator {
  const given = (
    options !== null && typeof options === 'object' && !Array.isArray(options) ? options : {}
  ) as JsonObject;
  switch (given.type) {
    case 'autoincrement':
      return new IncrementGenerator(given);
    case 'padded':
      return new CounterGenerator('padded', given, ids);
    case 'uuid':
      return new UuidGenerator(given, environment);
    default:
      return new CounterGenerator('traditional', given, ids);
  }
}

abstract class NumericGenerator {
  readonly allowUserKeys: boolean;
  protected last: bigint;

  constructor(options: JsonObject) {
    this.allowUserKeys = options.allowUserKeys !== false;
    const { lastValue } = options;
    this.last = typeof lastValue === 'number' && lastValue > 0 ? BigInt(Math.floor(lastValue)) : 0n;
  }

  track(key: string): void {
    const first = key.charCodeAt(0);
    if (first < 0x30 || first > 0x39 || !DIGITS.test(key)) return;
    this.raise(BigInt(key));
  }

  protected raise(value: bigint): void {
    if (value > this.last && value >> 64n === 0n) this.last = value;
  }
}

class CounterGenerator extends NumericGenerator implements KeyGenerator {
  readonly #type: 'traditional' | 'padded';
  readonly #ids: IdSource;

  constructor(type: 'traditional' | 'padded', options: JsonObject, ids: IdSource) {
    super(options);
    this.#type = type;
    this.#ids = ids;
  }

  next(): string {
    const drawn = BigInt(this.#ids.next());
    this.last = drawn > this.last ? drawn : this.last + 1n;
    return this.#type === 'padded' ? this.last.toString(16).padStart(16, '0') : this.last.toString();
  }

  override track(key: string): void {
    if (this.#type === 'traditional') super.track(key);
    else if (/^[0-9a-f]{16}$/.test(key)) this.raise(BigInt(`0x${key}`));
  }

  describe(): JsonObject {
    return { allowUserKeys: this.allowUserKeys, type: this.#type, lastValue: Number(this.last) };
  }
}

class IncrementGenerator extends NumericGenerator implements KeyGenerator {
  readonly #increment: bigint;
  readonly #offset: bigint;

  constructor(options: JsonObject) {
    super(options);
    this.#increment = BigInt(typeof options.increment === 'number' && options.increment > 0 ? options.increment : 1);
    this.#offset = BigInt(typeof options.offset === 'number' && options.offset > 0 ? options.offset : 0);
  }

  next(): string {
    if (this.last < this.#offset) this.last = this.#offset;
    else this.last = this.#offset + ((this.last - this.#offset) / this.#increment + 1n) * this.#increment;
    return this.last.toString();
  }

  describe(): JsonObject {
    return {
      allowUserKeys: this.allowUserKeys,
      type: 'autoincrement',
      offset: Number(this.#offset),
      increment: Number(this.#increment),
      lastValue: Number(this.last),
    };
  }
}

class UuidGenerator implements KeyGenerator {
  readonly allowUserKeys: boolean;
  readonly #environment: Environment;

  constructor(options: JsonObject, environment: Environment) {
    this.allowUserKeys = options.allowUserKeys !== false;
    this.#environment = environment;
  }

  next(): string {
    const digits: string[] = [];
    for (let index = 0; index < 32; index++) digits.push(Math.floor(this.#environment.random() * 16).toString(16));
    digits[12] = '4';
    digits[16] = '89ab'[Math.floor(this.#environment.random() * 4)] as string;
    const text = digits.join('');
    return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
  }

  track(): void {}

  describe(): JsonObject {
    return { allowUserKeys: this.allowUserKeys, type: 'uuid' };
  }
}
