import { joinedArray } from '../json-array.ts';
import { withoutMembers } from '../json-members.ts';
import type { Operation } from './lines.ts';

/** Operations of one kind that go into one request. */
export interface Run {
  readonly kind: Operation['kind'];
  readonly operations: readonly Operation[];
  /**
   * Of removals that are no part of the stream: `exact` takes a document with the operation's revision only, `evict`
   * takes whatever stands under the key.
   */
  readonly cleanup?: 'exact' | 'evict';
  /** Of documents: only under keys that have none. */
  readonly onlyAbsent?: true;
}

export interface RunLimits {
  readonly writeBytes: number;
  readonly writeDocuments: number;
}

/**
 * Only the last operation on each key: removals first, then what is put. Exact where a key lives in one shard and no
 * secondary index is unique: operations on different keys then do not touch each other.
 */
export function lastPerKey(operations: readonly Operation[]): readonly Operation[] {
  const last = new Map<string, Operation>();
  for (const operation of operations) last.set(operation.key, operation);
  if (last.size === operations.length && operations.every(({ kind }) => kind === 'put')) return operations;
  const kept = [...last.values()];
  return [...kept.filter(({ kind }) => kind === 'remove'), ...kept.filter(({ kind }) => kind === 'put')];
}

/** Cuts operations into runs of one kind, in order, each within the limits; one that is larger alone goes alone. */
export function runsOf(operations: readonly Operation[], limits: RunLimits): Run[] {
  const runs: Run[] = [];
  let current: Operation[] = [];
  let bytes = 0;
  const close = () => {
    const first = current[0];
    if (first !== undefined) runs.push({ kind: first.kind, operations: current });
    current = [];
    bytes = 0;
  };
  for (const operation of operations) {
    const full = bytes + operation.bytes.length > limits.writeBytes || current.length >= limits.writeDocuments;
    if (full || (current[0] !== undefined && current[0].kind !== operation.kind)) close();
    current.push(operation);
    bytes += operation.bytes.length;
  }
  close();
  return runs;
}

const REVISION = new Set(['_rev']);

/** The documents as a JSON array, their text untouched but for the revisions, when these are not kept. */
export function arrayOf(operations: readonly Operation[], keepsRevisions: boolean): Buffer {
  if (keepsRevisions) return joinedArray(operations.map(({ bytes }) => bytes));
  const documents = operations.map(({ bytes }) =>
    Buffer.concat(withoutMembers(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), REVISION)),
  );
  return joinedArray(documents);
}
