/**
 * JSON as a text that is the same for equal values: attributes in order, numbers by their exact value (`1`, `1.0` and `1e0`
 * are one, integers beyond 2^53 keep every digit), nothing in between. Throws when the text is no JSON, without quoting it.
 */
export function canonicalJson(text: string, leftOut: ReadonlySet<string> = new Set()): string {
  return print(parseExact(text), leftOut);
}

/** An object's attributes, each as its canonical text. Throws when the text is no object, without quoting it. */
export function canonicalAttributes(text: string): ReadonlyMap<string, string> {
  const parsed = parseExact(text);
  if (!isObject(parsed)) throw new Error('an object was expected');
  return new Map(Object.entries(parsed).map(([name, value]) => [name, print(value, new Set())]));
}

/** A number as it was written. */
class ExactNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function parseExact(text: string): unknown {
  try {
    return JSON.parse(text, (_name, value: unknown, context?: { readonly source?: string }) =>
      typeof value === 'number' ? new ExactNumber(context?.source ?? String(value)) : value,
    );
  } catch {
    // The parser's own message quotes what it read.
    throw new Error(`a text of ${text.length} characters is no JSON`);
  }
}

function print(value: unknown, leftOut: ReadonlySet<string>): string {
  if (value instanceof ExactNumber) return exactNumber(value.text);
  if (Array.isArray(value)) return `[${value.map((item) => print(item, NOTHING)).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .filter((name) => !leftOut.has(name))
    .sort()
    .map((name) => `${JSON.stringify(name)}:${print(value[name], NOTHING)}`);
  return `{${members.join(',')}}`;
}

const NOTHING: ReadonlySet<string> = new Set();

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}

/** Its digits without zeros at either end, and the power of ten that they stand for. */
function exactNumber(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const kept = digits.replace(/0+$/, '');
  if (kept === '') return '0';
  return `${sign}${kept}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - kept.length)}`;
}
