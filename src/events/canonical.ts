/**
 * One text for one JSON value: keys sorted by code unit, no spaces, numbers as JavaScript prints the double that they
 * are, `undefined` properties left out. Two texts of the same value that differ in the order of attributes or in the
 * spelling of numbers (a database rewrites both) give the same canonical text. A `Map` stands as its sorted entries.
 *
 * Throws a TypeError for what JSON cannot hold: NaN, infinities, functions, bigints, lone surrogates.
 */
export function canonicalText(value: unknown): string {
  return isCanonical(value) ? JSON.stringify(value) : builtText(value);
}

/** Whether JSON as it is written is the canonical text: so for whatever was written in canonical order and read again. */
function isCanonical(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed();
    case 'number':
      return Number.isFinite(value);
    case 'boolean':
      return true;
    case 'object':
      return value === null || isCanonicalObject(value);
    default:
      return false;
  }
}

function isCanonicalObject(value: object): boolean {
  if (Array.isArray(value)) return value.every(isCanonical);
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  const properties = value as Readonly<Record<string, unknown>>;
  let before = '';
  for (const key in properties) {
    if (key < before || !key.isWellFormed() || !isCanonical(properties[key])) return false;
    before = key;
  }
  return true;
}

function builtText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return canonicalString(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} has no canonical text`);
      return String(Object.is(value, -0) ? 0 : value);
    case 'boolean':
      return String(value);
    case 'object':
      return value === null ? 'null' : canonicalObject(value);
    default:
      throw new TypeError(`a ${typeof value} has no canonical text`);
  }
}

/** Marks a map in {@link canonicalText}; {@link parseCanonical} makes a map of it again. */
const MAP_MARK = '$map';

function canonicalString(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('a text with a lone surrogate has no canonical text');
  return JSON.stringify(text);
}

function canonicalObject(value: object): string {
  if (Array.isArray(value)) return `[${value.map(builtText).join(',')}]`;
  if (value instanceof Map) return `{"${MAP_MARK}":${canonicalEntries(value)}}`;
  const properties = Object.entries(value)
    .filter(([, property]) => property !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${properties.map(([key, property]) => `${canonicalString(key)}:${builtText(property)}`).join(',')}}`;
}

function canonicalEntries(map: ReadonlyMap<unknown, unknown>): string {
  const entries = [...map].map(([key, value]) => [canonicalText(key), canonicalText(value)] as const);
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `[${entries.map(([key, value]) => `[${key},${value}]`).join(',')}]`;
}

/** The value of a canonical text, maps included. Throws a SyntaxError for what is no JSON. */
export function parseCanonical(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !(MAP_MARK in value)) return value;
    const entries = value[MAP_MARK];
    return Array.isArray(entries) ? new Map(entries as [unknown, unknown][]) : value;
  });
}
