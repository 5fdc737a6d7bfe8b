import { z } from 'zod';
import { Actor } from './actor.ts';
import { canonicalText } from './canonical.ts';
import type { Commit, CommitDraft, Head } from './log.ts';

/**
 * The keyed hash that makes the chain tamper-evident (S22): who has write access to the database but not the masters'
 * secret cannot make a commit that passes. Adapter: `adapters/crypto/commit-hasher.ts`.
 */
export interface CommitHasher {
  /** Hash of a text, beginning with the key's id: under the named key, else the newest. Throws for a key that it lacks. */
  hash(text: string, keyId?: string): string;
  /**
   * Whether the hash belongs to the text; `other-key` when it was made under a key that is not known here. `ending` is
   * what the text goes on with: a long one need not be copied for it.
   */
  check(text: string, hash: string, ending?: string): 'same' | 'different' | 'other-key';
}

/** What is wrong with the chain, and where. */
export interface ChainFinding {
  readonly position: number;
  /**
   * `missing`: nothing is there, though it was or must be. `changed`: the commit is not what its hash says. `swapped`: a
   * commit that is whole, but not the one that belongs there. `malformed`: no commit at all. `other-key`: hashed under
   * a secret that this process does not have. `outside`: commits that the chain does not reach.
   */
  readonly problem: 'missing' | 'changed' | 'swapped' | 'malformed' | 'other-key' | 'outside';
  readonly detail: string;
}

const StoredEvent = z.strictObject({ id: z.string(), type: z.string(), v: z.number(), data: z.unknown() });

/** A commit as it was stored before envelopes named an actor; the database's own attributes are left out before. */
const StoredCommitV1 = z.strictObject({
  position: z.int().positive(),
  term: z.int().nonnegative(),
  writer: z.string(),
  at: z.string(),
  cause: z.string(),
  events: z.array(StoredEvent).min(1),
  prev: z.string(),
  hash: z.string(),
});

/** The version in which commits are written now. Older ones are read as they are: their hash is over what they were. */
const ENVELOPE_VERSION = 2;

/** Compiled: a replay looks at a million of them. */
const StoredCommit = z.compile(StoredCommitV1.extend({ v: z.literal(ENVELOPE_VERSION), actor: Actor.exactOptional() }));

/** Makes the commit that follows `expected`: exactly what every reader of it will see. Throws on a draft without events. */
export function sealCommit(expected: Head, draft: CommitDraft, hasher: CommitHasher): Commit {
  if (draft.events.length === 0) throw new Error(`a commit without events (${draft.cause}) says nothing`);
  const { term, writer, at, cause, actor } = draft;
  const events = draft.events.map(({ id, type, v, data }) => ({ id, type, v, data }));
  const unsealed = asStored({
    v: ENVELOPE_VERSION,
    position: expected.position + 1,
    ...{ term, writer, at, cause },
    ...(actor === undefined ? {} : { actor }),
    ...{ events, prev: expected.hash },
  } as const);
  // The log keeps its key, whichever its writer would prefer: all who read it have that one.
  const keyId = rotatedTo(events) ?? keyIdOf(expected.hash);
  return { ...unsealed, hash: hasher.hash(canonicalText(unsealed), keyId) };
}

/** Id of the key under which a hash was made; undefined for no hash. */
export function keyIdOf(hash: string): string | undefined {
  return hash === '' ? undefined : hash.slice(0, hash.indexOf('.'));
}

const Rotation = z.looseObject({ sealId: z.string(), vouched: z.string() });

function rotatedTo(events: Commit['events']): string | undefined {
  const rotation = events.find(({ type }) => type === 'MasterSecretRotated');
  return rotation === undefined ? undefined : Rotation.parse(rotation.data).sealId;
}

/** What a rotation to another key is vouched for with: under the old key, that `keyId` follows behind this commit. */
export function vouchText(prev: string, keyId: string): string {
  return canonicalText({ rotation: keyId, prev });
}

/**
 * Whether the commit's key is the one of its predecessor, or follows it by a rotation for which the old key vouches: who
 * only has a key that was given up, or only the new one, cannot change the log's key (S22).
 */
function keyTrouble(commit: Commit, isFirstKept: boolean, hasher: CommitHasher): string | undefined {
  const [from, to] = [keyIdOf(commit.prev), keyIdOf(commit.hash)];
  if (from === undefined || from === to) return undefined;
  const event = commit.events.find(({ type }) => type === 'MasterSecretRotated');
  const rotation = Rotation.safeParse(event?.data).data;
  if (rotation === undefined || rotation.sealId !== to) return `it is hashed under the key ${to}, in use was ${from}`;
  const { vouched } = rotation;
  const checked = hasher.check(vouchText(commit.prev, rotation.sealId), vouched);
  if (checked === 'same' && keyIdOf(vouched) === from) return undefined;
  // What came before it was archived: its key may be forgotten.
  if (checked === 'other-key' && isFirstKept) return undefined;
  return `the rotation to the key ${to} is not vouched for under the key ${from}`;
}

/**
 * What becomes of a value that is written as JSON: no `undefined`, and texts that every database takes. In canonical
 * order, so that it is hashed again quickly when it is read.
 */
function asStored<T>(value: T): T {
  const text = JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'string' ? inner.toWellFormed() : inner,
  );
  return JSON.parse(canonicalText(JSON.parse(text))) as T;
}

export type CheckedCommit =
  | { readonly commit: Commit; readonly finding?: never }
  | { readonly finding: ChainFinding; readonly commit?: never };

/**
 * Reads what lies at a position as a commit. `after` is what it must follow; undefined when that was archived, and the
 * commit is the first.
 */
export function checkCommit(
  stored: unknown,
  position: number,
  after: Head | undefined,
  hasher: CommitHasher,
): CheckedCommit {
  return check({ stored }, position, after, hasher);
}

/** {@link checkCommit} for the JSON text of a stored commit. Gives the same, and sooner when the text is as it was written. */
export function checkCommitText(
  text: string,
  position: number,
  after: Head | undefined,
  hasher: CommitHasher,
): CheckedCommit {
  return check({ stored: parsedText(text), text }, position, after, hasher);
}

interface Stored {
  readonly stored: unknown;
  /** The JSON text that `stored` was read from. */
  readonly text?: string;
}

function check(
  { stored, text }: Stored,
  position: number,
  after: Head | undefined,
  hasher: CommitHasher,
): CheckedCommit {
  const found = (problem: ChainFinding['problem'], detail: string) => ({ finding: { position, problem, detail } });
  const version = versionOf(stored);
  if (version !== undefined && version > ENVELOPE_VERSION) {
    return found(
      'malformed',
      `a newer program wrote it: envelope version ${version}, known are 1 to ${ENVELOPE_VERSION}`,
    );
  }
  const parsed = (version === undefined ? StoredCommitV1 : StoredCommit).safeParse(stored);
  if (!parsed.success) return found('malformed', z.prettifyError(parsed.error));
  // Exactly that shape, and in the order in which it was written: zod's copy would be hashed slower.
  const commit = stored as Commit;
  if (commit.position !== position) return found('swapped', `the commit of position ${commit.position} is there`);
  const checked = checkHash(commit, text, hasher);
  if (checked === 'different') return found('changed', 'its content does not match its hash');
  if (checked === 'other-key')
    return found(
      'other-key',
      'it was hashed under a master secret that is not known here: give the one in use as well as the new one',
    );
  const trouble = keyTrouble(commit, after === undefined, hasher);
  if (trouble !== undefined) return found('other-key', trouble);
  if (after !== undefined && commit.prev !== after.hash) {
    return found('swapped', `it does not follow the commit of position ${after.position} that was read before it`);
  }
  return { commit };
}

/**
 * Whether a commit is what its hash says. A text that has its hash at its end is looked at as it stands first: when that
 * passes, it is the very text that was hashed when the commit was written, and need not be built again. Only the commit's
 * canonical text can say that the hash is wrong.
 */
function checkHash(commit: Commit, text: string | undefined, hasher: CommitHasher): 'same' | 'different' | 'other-key' {
  const ending = `,"hash":"${commit.hash}"}`;
  if (text?.endsWith(ending)) {
    const checked = hasher.check(text.slice(0, -ending.length), commit.hash, '}');
    if (checked !== 'different') return checked;
  }
  const { hash, ...unsealed } = commit;
  return hasher.check(textOf(unsealed), hash);
}

/** Undefined for what is no JSON: no commit. */
export function parsedText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function versionOf(stored: unknown): number | undefined {
  const isObject = typeof stored === 'object' && stored !== null;
  return isObject && 'v' in stored && typeof stored.v === 'number' ? stored.v : undefined;
}

/** A stored commit can hold what has no canonical text (a lone surrogate): then it is none of ours, and hashes to nothing. */
function textOf(unsealed: object): string {
  try {
    return canonicalText(unsealed);
  } catch {
    return '';
  }
}

export function headOf({ position, hash }: Commit): Head {
  return { position, hash };
}
