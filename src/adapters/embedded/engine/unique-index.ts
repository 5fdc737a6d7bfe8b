import type { DocumentVersion } from './document.ts';
import { EngineError } from './errors.ts';
import { canonicalJson } from './json/canonical.ts';
import { elementsOf, isArray, isNull, valueAt } from './json/members.ts';
import type { Transaction } from './transaction.ts';
import type { IndexDefinition, JsonText } from './types.ts';

/** The types whose `unique` is enforced (reference 3.3; hash and skiplist are the persistent index under old names). */
const ENFORCED = new Set(['persistent', 'hash', 'skiplist']);

interface FieldPath {
  readonly base: readonly string[];
  /** Behind `[*]`; undefined when the field is no array field. */
  readonly inner: readonly string[] | undefined;
}

/** Whether this definition's uniqueness is enforced. */
export function isEnforced(definition: IndexDefinition): boolean {
  return definition.unique === true && ENFORCED.has(definition.type);
}

/**
 * The entries of one unique index: which document has which values. Sparse indexes leave out documents with a missing
 * or null value; `tags[*]` makes an entry per element.
 */
export class UniqueIndex {
  readonly definition: IndexDefinition;
  /** Which running transaction has taken or given up an entry. */
  readonly locks = new Map<string, Transaction>();
  readonly #paths: readonly FieldPath[];
  readonly #owners = new Map<string, DocumentVersion>();

  constructor(definition: IndexDefinition) {
    this.definition = definition;
    this.#paths = fieldNames(definition).map(parsePath);
  }

  owner(entry: string): DocumentVersion | undefined {
    return this.#owners.get(entry);
  }

  link(version: DocumentVersion): void {
    for (const entry of this.entriesOf(version)) this.#owners.set(entry, version);
  }

  unlink(version: DocumentVersion): void {
    for (const entry of this.entriesOf(version)) {
      if (this.#owners.get(entry) === version) this.#owners.delete(entry);
    }
  }

  clear(): void {
    this.#owners.clear();
  }

  /** What this document would hold. Throws 1210 when it violates the index all by itself (`deduplicate: false`). */
  entriesOf(version: DocumentVersion): string[] {
    const text: JsonText = { bytes: version.buffer, start: version.start, end: version.end };
    const sparse = this.definition.sparse === true;
    let entries: string[] = [''];
    for (const path of this.#paths) {
      const values = valuesOf(text, path, sparse);
      if (values.length === 0) return [];
      entries = entries.flatMap((entry) => values.map((value) => `${entry}${value}\u0000`));
    }
    if (entries.length < 2) return entries;
    const distinct = [...new Set(entries)];
    if (distinct.length < entries.length && this.definition.deduplicate === false) throw this.violation(version.key);
    return distinct;
  }

  /** The refusal when `key` already has the values. */
  violation(key: string): EngineError {
    const { name, type } = this.definition;
    return uniqueViolation(name, type, fieldNames(this.definition).join(', '), key);
  }
}

/** 1210 with the server's text (reference 1.4). */
export function uniqueViolation(index: string, type: string, fields: string, key: string): EngineError {
  const text = `unique constraint violated - in index ${index} of type ${type} over '${fields}'; conflicting key: ${key}`;
  return new EngineError(1210, text);
}

function fieldNames(definition: IndexDefinition): string[] {
  return Array.isArray(definition.fields) ? definition.fields.filter((field) => typeof field === 'string') : [];
}

function parsePath(field: string): FieldPath {
  const star = field.indexOf('[*]');
  if (star < 0) return { base: field.split('.'), inner: undefined };
  const inner = field.slice(star + 3).replace(/^\./, '');
  return { base: field.slice(0, star).split('.'), inner: inner === '' ? [] : inner.split('.') };
}

/** The canonical values of one field; empty: the document is not in the index. */
function valuesOf(document: JsonText, path: FieldPath, sparse: boolean): string[] {
  const value = valueAt(document, path.base);
  if (path.inner === undefined) return oneValue(value, sparse);
  if (value === undefined || !isArray(value)) return sparse ? [] : ['null'];
  const inner = path.inner;
  return elementsOf(value).flatMap((element) => oneValue(valueAt(element, inner), sparse));
}

function oneValue(value: JsonText | undefined, sparse: boolean): string[] {
  if (value === undefined || isNull(value)) return sparse ? [] : ['null'];
  return [canonicalJson(value)];
}
