import type { RunningTransaction } from '../cluster/front.ts';
import type { Json, TransactionSpec } from '../engine/types.ts';
import { isObject, parseBody } from '../http/body.ts';
import type { ApiRequest, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { json, type Reply, result } from '../http/reply.ts';
import { nameOf, needCollection } from '../http/rights.ts';
import { findCollection } from './document-find.ts';

const TRANSACTION_NOT_FOUND = 1655;

/** `/_api/transaction`: streaming transactions (reference 4.7). JavaScript transactions are not there. */
export function registerTransaction(router: Router): void {
  router.prefix('/_api/transaction', { GET: readState, POST: beginOrRun, PUT: commit, DELETE: abort });
}

function readState(request: ApiRequest): Reply {
  if (request.suffix.length === 0) return listRunning(request);
  const trx = request.server.front.transactions.find(idOf(request, 'Illegal transaction ID'));
  if (trx === undefined || !isOwn(request, trx))
    throw new ArangoApiError(TRANSACTION_NOT_FOUND, 'transaction not found');
  return answer(200, trx.id, trx.status);
}

function listRunning(request: ApiRequest): Reply {
  const own = request.server.front.transactions
    .running()
    .filter((trx) => trx.database === request.database && isOwn(request, trx));
  return json(200, { transactions: own.map(({ id, status }) => ({ id, state: status })) });
}

function isOwn(request: ApiRequest, trx: RunningTransaction): boolean {
  return request.identity.kind !== 'user' || trx.owner === nameOf(request.identity);
}

async function beginOrRun(request: ApiRequest): Promise<Reply> {
  if (request.suffix.length === 0) return runJavaScript(request);
  if (request.suffix.length !== 1 || request.suffix[0] !== 'begin') throw new ArangoApiError(10);
  if (request.headers['x-arango-trx-id'] !== undefined) {
    throw new ArangoApiError(9, 'Not supported on this server type', 400);
  }
  const spec = transactionSpec(request);
  const trx = await request.server.front.transactions.begin(spec, nameOf(request.identity));
  return answer(201, trx.id, trx.status);
}

/** A JavaScript transaction is refused; one over an unknown collection fails earlier, as on the server. */
function runJavaScript(request: ApiRequest): Reply {
  const body = parseBody(request);
  if (!isObject(body)) throw new ArangoApiError(10, 'expecting object input data');
  declaredCollections(request, body.collections);
  throw new ArangoApiError(9, 'JavaScript transactions are not available on the embedded server');
}

function transactionSpec(request: ApiRequest): TransactionSpec {
  const body = parseBody(request);
  if (!isObject(body)) throw new ArangoApiError(10, "missing 'collections'");
  if (!isObject(body.collections)) throw new ArangoApiError(10, "missing 'collections'");
  const { lockTimeout, maxTransactionSize } = body;
  if (lockTimeout !== undefined && (typeof lockTimeout !== 'number' || lockTimeout < 0)) {
    throw new ArangoApiError(10, "invalid 'lockTimeout' parameter");
  }
  return {
    id: request.server.deployment.ids.next(),
    database: request.database,
    ...declaredCollections(request, body.collections),
    allowImplicit: body.allowImplicit !== false,
    waitForSync: body.waitForSync === true,
    ...(typeof maxTransactionSize === 'number' && maxTransactionSize > 0 ? { bytesMax: maxTransactionSize } : {}),
  };
}

function declaredCollections(request: ApiRequest, value: Json | undefined) {
  const collections = isObject(value) ? value : {};
  return {
    read: names(request, collections.read, 'ro'),
    write: names(request, collections.write, 'rw'),
    exclusive: names(request, collections.exclusive, 'rw'),
  };
}

function names(request: ApiRequest, value: Json | undefined, level: 'ro' | 'rw'): readonly string[] {
  if (value === undefined) return [];
  const given = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(given) || !given.every((name): name is string => typeof name === 'string')) {
    throw new ArangoApiError(10, "invalid 'collections' attribute");
  }
  return given.map((nameOrId) => {
    const { name } = findCollection(request, nameOrId);
    needCollection(request, name, level);
    return name;
  });
}

async function commit(request: ApiRequest): Promise<Reply> {
  const id = idOf(request, 'bad transaction ID');
  refuseOthers(request, id);
  await request.server.front.transactions.commit(id);
  return answer(200, id, 'committed');
}

async function abort(request: ApiRequest): Promise<Reply> {
  if (request.suffix[0] === 'write' && request.suffix.length === 1) return abortAll(request);
  const id = idOf(request, 'bad transaction ID');
  refuseOthers(request, id);
  await request.server.front.transactions.abort(id);
  return answer(200, id, 'aborted');
}

async function abortAll(request: ApiRequest): Promise<Reply> {
  const { transactions } = request.server.front;
  for (const trx of transactions.running()) if (isOwn(request, trx)) await transactions.abort(trx.id);
  return result(200, {});
}

function refuseOthers(request: ApiRequest, id: string): void {
  const trx = request.server.front.transactions.find(id);
  if (trx !== undefined && !isOwn(request, trx))
    throw new ArangoApiError(TRANSACTION_NOT_FOUND, 'transaction not found');
}

function idOf(request: ApiRequest, complaint: string): string {
  const [id, ...more] = request.suffix;
  if (id === undefined || more.length > 0) throw new ArangoApiError(10);
  if (!/^[1-9][0-9]*$/.test(id)) throw new ArangoApiError(10, complaint);
  return id;
}

/** Transactions answer with `code` first (reference 1.3). */
function answer(status: number, id: string, state: string): Reply {
  return json(status, { code: status, error: false, result: { id, status: state } });
}
