import { ArangoApiError } from './errors.ts';

const yes: ReadonlySet<string> = new Set(['true', '1', 'yes', 'on', 'y']);
const no: ReadonlySet<string> = new Set(['false', '0', 'no', 'off', 'n', '']);

/** The query string of a request. Names are case-sensitive; of a repeated name the last value counts. */
export class Query {
  readonly #values: ReadonlyMap<string, string>;
  /** As it stood behind `?`, for forwarding. */
  readonly raw: string;

  constructor(raw: string) {
    this.raw = raw;
    this.#values = raw === '' ? none : parse(raw);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** A boolean as the server reads it (4.2): `true/1/yes/on/y`, `false/0/no/off/n`, any case; other text is the default. */
  flag(name: string, byDefault: boolean): boolean {
    const value = this.#values.get(name)?.toLowerCase();
    if (value === undefined) return byDefault;
    if (yes.has(value)) return true;
    return no.has(value) ? false : byDefault;
  }

  /** An unsigned integer; the default when absent; 400/400 when it is something else. */
  integer(name: string, byDefault: number): number {
    const value = this.#values.get(name);
    if (value === undefined) return byDefault;
    if (!/^[0-9]{1,20}$/.test(value)) throw new ArangoApiError(400, `invalid value for parameter '${name}'`);
    return Number(value);
  }
}

const none: ReadonlyMap<string, string> = new Map();

function parse(raw: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const part of raw.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals);
    values.set(decode(name), equals < 0 ? '' : decode(part.slice(equals + 1)));
  }
  return values;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new ArangoApiError(400, 'invalid percent-encoding in the query string');
  }
}
