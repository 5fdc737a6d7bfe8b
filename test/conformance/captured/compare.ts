import type { ServerAnswer } from './call-server.ts';
import type { CapturedAnswer } from './scenario.ts';

/** On every answer of a 3.12 server (reference 1.2), and the same in every captured one. */
export const STANDARD_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-cache, no-store, must-revalidate, pre-check=0, post-check=0, max-age=0, s-maxage=0',
  connection: 'Keep-Alive',
  'content-security-policy': "frame-ancestors 'self'; form-action 'self';",
  expires: '0',
  pragma: 'no-cache',
  server: 'ArangoDB',
  'strict-transport-security': 'max-age=31536000 ; includeSubDomains',
  'x-arango-queue-time-seconds': '0.000000',
  'x-content-type-options': 'nosniff',
};

/** Numbers and texts that tell of one machine, one build, one moment. */
const OF_THAT_RUN: ReadonlySet<string> = new Set([
  'address',
  'cacheMisses',
  'checksum',
  'created_at',
  'documentsSize',
  'endpoints',
  'executionTime',
  'fingerprint',
  'host',
  'initialCid',
  'hostname',
  'lastValue',
  'pid',
  'shardId',
  'size',
  'tick',
  'tickMax',
  'tickMin',
  'time',
  'token',
  'x-arango-replication-lastincluded',
  'x-arango-replication-lastscanned',
  'x-arango-replication-lasttick',
]);
const BUILD_DETAILS = /\.details\./;

/**
 * Compares an answer with the captured one: status, headers and what they say, the body's keys and types in the same
 * places, every value that is not of that one run. What was one id there must be one id here, and two must be two.
 */
export class Comparison {
  readonly #isUnordered: boolean;
  readonly #differences: string[] = [];
  readonly #pairs = new Map<string, string>();
  readonly #pairsBack = new Map<string, string>();

  readonly #version: string | undefined;

  /**
   * @param isUnordered lists and maps of the answer have no order that means something
   * @param version what a server calls itself in place of the version that was captured
   */
  constructor(isUnordered: boolean, version?: string) {
    this.#isUnordered = isUnordered;
    this.#version = version;
  }

  /** One comparison serves all answers of a scenario, so that ids are the same in all of them. */
  differences(captured: CapturedAnswer, answer: ServerAnswer): readonly string[] {
    this.#differences.length = 0;
    if (captured.status !== answer.status) {
      this.#differ('status', captured.status, `${answer.status} ${answer.text.slice(0, 200)}`);
      return [...this.#differences];
    }
    this.#headers(captured, answer);
    this.#body(captured, answer);
    return [...this.#differences];
  }

  #headers(captured: CapturedAnswer, answer: ServerAnswer): void {
    const { 'content-length': length, date: _date, 'keep-alive': _keepAlive, ...headers } = answer.headers;
    const isHead = captured.body === null && Number(length) > 0;
    if (!isHead && Number(length) !== Buffer.byteLength(answer.text))
      this.#differ('content-length', 'of the body', length);
    const wanted: Record<string, string> = { ...STANDARD_HEADERS, ...captured.headers };
    for (const name of new Set([...Object.keys(wanted), ...Object.keys(headers)])) {
      const there = wanted[name];
      const here = name === 'content-type' ? headers[name]?.replace(/; charset=utf-8$/, '') : headers[name];
      if (there === undefined || here === undefined) this.#differ(`header ${name}`, there, here);
      else if (!OF_THAT_RUN.has(name)) this.#text(`header ${name}`, there, here);
    }
    if (headers['content-type']?.endsWith('; charset=utf-8') !== true) {
      this.#differ('header content-type', 'with charset', headers['content-type']);
    }
  }

  #body(captured: CapturedAnswer, answer: ServerAnswer): void {
    if (captured.body === null) {
      if (answer.text !== '') this.#differ('body', 'none', answer.text);
      return;
    }
    this.#value('$', captured.body, bodyOf(captured, answer.text));
  }

  #value(path: string, there: unknown, here: unknown): void {
    if (kindOf(there) !== kindOf(here)) this.#differ(path, there, here);
    else if (isOfThatRun(path)) this.#sameKinds(path, there, here);
    else if (path.endsWith('.version') && here === this.#version) return;
    else if (Array.isArray(there)) this.#list(path, there, here as unknown[]);
    else if (typeof there === 'object' && there !== null) this.#object(path, there, here as object);
    else if (typeof there === 'string') this.#text(path, there, here as string);
    else if (there !== here) this.#differ(path, there, here);
  }

  /** Of a list that tells of one run every item has the kind of its first. */
  #sameKinds(path: string, there: unknown, here: unknown): void {
    if (!Array.isArray(there) || !Array.isArray(here)) return;
    if (here.some((item) => kindOf(item) !== kindOf(there[0]))) this.#differ(path, there, here);
  }

  #list(path: string, there: readonly unknown[], here: readonly unknown[]): void {
    if (there.length !== here.length) {
      this.#differ(`${path}.length`, there.length, `${here.length} ${JSON.stringify(here).slice(0, 300)}`);
      return;
    }
    const [left, right] = this.#isUnordered ? [sorted(there), sorted(here)] : [there, here];
    for (const [index, item] of left.entries()) this.#value(`${path}[${index}]`, item, right[index]);
  }

  #object(path: string, there: object, here: object): void {
    const names = (value: object) => Object.keys(value).map((name) => masked(name).text);
    const [left, right] = this.#isUnordered ? [names(there).sort(), names(here).sort()] : [names(there), names(here)];
    if (left.join() !== right.join()) {
      this.#differ(`${path} attributes`, left.join(), right.join());
      return;
    }
    const byName = new Map(Object.entries(here));
    for (const [index, [name, value]] of Object.entries(there).entries()) {
      // A name can be an id itself: then it stands at the same place.
      this.#value(`${path}.${name}`, value, byName.has(name) ? byName.get(name) : Object.values(here)[index]);
    }
  }

  #text(path: string, there: string, here: string): void {
    const [left, right] = [masked(there), masked(here)];
    if (left.text !== right.text) this.#differ(path, there, here);
    else for (const [index, id] of left.ids.entries()) this.#pair(path, id, right.ids[index] as string);
  }

  #pair(path: string, there: string, here: string): void {
    const [known, knownBack] = [this.#pairs.get(there) ?? here, this.#pairsBack.get(here) ?? there];
    if (known !== here || knownBack !== there) this.#differ(`${path} (as the same id elsewhere)`, known, here);
    this.#pairs.set(there, here);
    this.#pairsBack.set(here, there);
  }

  #differ(path: string, there: unknown, here: unknown): void {
    this.#differences.push(`${path}: ${JSON.stringify(there)} there, ${JSON.stringify(here)} here`);
  }
}

/** Dumps are lists of lines. */
function bodyOf(captured: CapturedAnswer, text: string): unknown {
  if (captured.headers['content-type'] !== 'application/x-arango-dump') return JSON.parse(text);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

function isOfThatRun(path: string): boolean {
  return OF_THAT_RUN.has(path.slice(path.lastIndexOf('.') + 1)) || BUILD_DETAILS.test(path);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'list' : typeof value;
}

function sorted(values: readonly unknown[]): readonly unknown[] {
  const key = (value: unknown) => {
    const named = value as { name?: unknown; user?: unknown };
    return String(named?.name ?? named?.user ?? value);
  };
  return [...values].sort((left, right) => (key(left) < key(right) ? -1 : 1));
}

/** What one run draws: server ids, revisions, names from clocks, a server in a globallyUniqueId, numbers that stand alone. */
const DRAWN =
  /\b(?:PRMR|CRDN|AGNT|SNGL)-[0-9a-f-]{36}|(?<![\w-])_[\w-]{10}(?![\w-])|(?<=^idx_)\d+|(?<=^h)[0-9A-F]{6,}(?=\/)|(?<=^[cs]?|\/)\d{2,}(?=$|\/)/g;

/** A text with everything taken out that one run draws, and what was taken out. */
function masked(text: string): { readonly text: string; readonly ids: readonly string[] } {
  return { text: text.replace(DRAWN, '<id>'), ids: text.match(DRAWN) ?? [] };
}
