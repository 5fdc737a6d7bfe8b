import { type ArangoAnswer, ArangoError, type ArangoRequest, type ArangoServer } from '../arango.ts';
import { type ErrorMeaning, meaningOf, meaningOfThrown } from './error-meaning.ts';
import { arrayOf, type Run } from './runs.ts';
import type { ShardTarget } from './shard-target.ts';

/** What a bulk answered for one of its operations. */
export interface ItemFailure {
  readonly index: number;
  readonly errorNum: number;
  readonly message: string;
  readonly meaning: ErrorMeaning;
}

/** `failures` is in order. `refused`: the request as a whole failed; what it did before is unknown, and repeating is safe. */
export type BulkOutcome =
  | { readonly kind: 'answered'; readonly failures: readonly ItemFailure[] }
  | { readonly kind: 'refused'; readonly meaning: ErrorMeaning; readonly error: Error };

/** Longest life of one write; afterwards its outcome is unknown and it is repeated. */
const WRITE_TIMEOUT_MS = 60_000;

/**
 * Writes a run with one request, keeping keys and, where the target may, revisions (reference 4.4, 7.5): a document that
 * comes without `_rev` gets a new one, and is as little held against schemas and computed values. Asks without `silent` only when
 * something failed, since silent answers do not tell positions. Rejects only with the signal's reason and with what is
 * no answer of ArangoDB.
 */
export async function sendRun(
  front: ArangoServer,
  target: ShardTarget,
  run: Run,
  signal: AbortSignal,
): Promise<BulkOutcome> {
  try {
    const silent = await send(front, requestFor(target, run, true, signal));
    if (!Array.isArray(silent) || silent.length === 0) return { kind: 'answered', failures: [] };
    if (run.kind === 'remove' && silent.every((item) => isSettled(item, run)))
      return { kind: 'answered', failures: [] };
    const answers = await send(front, requestFor(target, run, false, signal));
    return { kind: 'answered', failures: failuresIn(answers) };
  } catch (error) {
    signal.throwIfAborted();
    const meaning = meaningOfThrown(error);
    if (meaning === undefined || !(error instanceof Error)) throw error;
    return { kind: 'refused', meaning, error };
  }
}

/** The text of an array of removals. With revisions a removal is exact: it spares a newer document. */
function removalsOf(run: Run, exact: boolean): string {
  return JSON.stringify(
    run.operations.map(({ key, revision, shardKeys }) =>
      exact && revision !== '' ? { ...shardKeys, _key: key, _rev: revision } : { _key: key },
    ),
  );
}

/** Whether a run removes revisions: keys alone name documents of all shards where these are chosen by other attributes. */
export function isExact({ shardedByKey }: Pick<ShardTarget, 'shardedByKey'>, { kind, cleanup }: Run): boolean {
  if (kind !== 'remove') return false;
  return cleanup === undefined ? !shardedByKey : cleanup === 'exact';
}

function requestFor(target: ShardTarget, run: Run, silent: boolean, signal: AbortSignal): ArangoRequest {
  const path = `/_api/document/${encodeURIComponent(target.address)}`;
  const common = { path, database: target.database, timeoutMs: WRITE_TIMEOUT_MS, signal } as const;
  if (run.kind === 'remove') {
    const exact = isExact(target, run);
    return { ...common, method: 'DELETE', query: { silent, ignoreRevs: !exact }, body: removalsOf(run, exact) };
  }
  const overwriteMode = run.onlyAbsent === true ? 'ignore' : 'replace';
  const query = { isRestore: true, overwriteMode, skipDocumentValidation: true, silent };
  return { ...common, method: 'POST', query, body: arrayOf(run.operations, target.keepsRevisions) };
}

async function send(front: ArangoServer, request: ArangoRequest): Promise<unknown> {
  const answer = await front.request(request);
  if (answer.status >= 400) throw errorOf(request, answer);
  return answer.body.length === 0 ? [] : JSON.parse(answer.body.toString('utf8'));
}

function errorOf(request: ArangoRequest, answer: ArangoAnswer): ArangoError {
  const { errorNum, message } = errorIn(answer.body) ?? { errorNum: 0, message: '' };
  const what = `${request.method} /_db/${request.database}${request.path}`;
  return new ArangoError(answer.status, errorNum, `${what}: ${answer.status}/${errorNum} ${message}`.trim());
}

function errorIn(body: Buffer): { readonly errorNum: number; readonly message: string } | undefined {
  try {
    return errorItem(JSON.parse(body.toString('utf8')));
  } catch {
    return undefined;
  }
}

function errorItem(item: unknown): { readonly errorNum: number; readonly message: string } | undefined {
  if (typeof item !== 'object' || item === null || !('error' in item) || item.error !== true) return undefined;
  const errorNum = 'errorNum' in item && typeof item.errorNum === 'number' ? item.errorNum : 0;
  const message = 'errorMessage' in item && typeof item.errorMessage === 'string' ? item.errorMessage : '';
  return { errorNum, message };
}

/** Which removals of the stream found another revision has to be known. */
function isSettled(item: unknown, { cleanup }: Run): boolean {
  const error = errorItem(item);
  if (error === undefined) return true;
  const meaning = meaningOf(error.errorNum, error.message);
  return meaning === 'absent' || (meaning === 'replaced' && cleanup !== undefined);
}

function failuresIn(answers: unknown): ItemFailure[] {
  if (!Array.isArray(answers)) return [];
  return answers.flatMap((item: unknown, index) => {
    const error = errorItem(item);
    if (error === undefined) return [];
    return [{ index, ...error, meaning: meaningOf(error.errorNum, error.message) }];
  });
}
