import type { Operation } from '../../../src/replication/target/lines.ts';

export const REVISIONS = ['_kEJrpFq--_', '_kEJrpFq--A', '_kEJrpFq--B', '_kEJrpFq--C', '_kEJrpFq--D'] as const;

/** A document line as servers store it. */
export function documentLine(key: string, revision: string, rest: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ _key: key, _id: `c/${key}`, _rev: revision, ...rest });
}

export function put(key: string, revision = '_kEJrpFq--_', rest: Readonly<Record<string, unknown>> = {}): Operation {
  return { kind: 'put', key, revision, bytes: Buffer.from(documentLine(key, revision, rest)) };
}

export function remove(key: string, revision = ''): Operation {
  return { kind: 'remove', key, revision, bytes: Buffer.from(JSON.stringify({ _key: key, _rev: revision })) };
}

/** `+a@rev` or `-a`: an operation as a short text. */
export function short({ kind, key }: Operation): string {
  return `${kind === 'put' ? '+' : '-'}${key}`;
}
