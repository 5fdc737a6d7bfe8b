import { EngineError, statusOf as engineStatusOf } from '../engine/errors.ts';

/**
 * The HTTP status for an error number (the mapping rule of reference 1.4). Numbers equal to an HTTP status map to
 * themselves; whatever the rule does not name is 500.
 */
export function statusOf(errorNum: number): number {
  if (errorNum >= 400 && errorNum <= 599) return errorNum;
  if (errorNum >= 4001 && errorNum <= 4009) return 400;
  if (errorNum >= 1500 && errorNum <= 1599 && errorNum !== 1500) return aqlStatus(errorNum);
  if (errorNum >= 1901 && errorNum <= 1949 && errorNum !== 1942) return graphStatus(errorNum);
  if (errorNum === 20030 || errorNum === 1204) return 400;
  if (errorNum === 21003) return 503;
  if (errorNum === 21004) return 412;
  return engineStatusOf(errorNum);
}

const aqlNotFound: ReadonlySet<number> = new Set([1570, 1571, 1582, 1591]);
const graphNotFound: ReadonlySet<number> = new Set([1924, 1926, 1930, 1932]);

function aqlStatus(errorNum: number): number {
  return aqlNotFound.has(errorNum) ? 404 : 400;
}

function graphStatus(errorNum: number): number {
  if (errorNum === 1925) return 409;
  return graphNotFound.has(errorNum) ? 404 : 400;
}

/**
 * A refusal that becomes an error answer (1.3). `message` is what the client reads as `errorMessage`; without one the
 * standard text of the number is taken. Any {@link EngineError} thrown by the engine is answered the same way.
 */
export class ArangoApiError extends EngineError {
  override readonly name = 'ArangoApiError';
  constructor(errorNum: number, message: string = standardText(errorNum), status: number = statusOf(errorNum)) {
    super(errorNum, message, status);
  }
}

/** Standard texts that clients' tests compare (1.4). */
const texts: ReadonlyMap<number, string> = new Map([
  [4, 'internal error'],
  [9, 'not implemented'],
  [10, 'bad parameter'],
  [11, 'forbidden'],
  [17, 'type error'],
  [18, 'lock timeout'],
  [21, 'canceled request'],
  [30, 'shutdown in progress'],
  [31, 'only enterprise version'],
  [32, 'resource limit exceeded'],
  [400, 'bad parameter'],
  [401, 'unauthorized'],
  [403, 'forbidden'],
  [404, 'not found'],
  [405, 'method not supported'],
  [412, 'precondition failed'],
  [413, 'request entity too large'],
  [500, 'internal error'],
  [501, 'not implemented'],
  [503, 'service unavailable'],
  [600, 'invalid JSON object'],
  [601, 'superfluous URL suffices'],
  [1004, 'read only'],
  [1200, 'conflict'],
  [1202, 'document not found'],
  [1203, 'collection or view not found'],
  [1204, "parameter 'collection' not found"],
  [1205, 'illegal document identifier'],
  [1207, 'duplicate name'],
  [1208, 'illegal name'],
  [1210, 'unique constraint violated'],
  [1212, 'index not found'],
  [1221, 'illegal document key'],
  [1222, 'unexpected document key'],
  [1226, 'missing document key'],
  [1227, 'invalid document type'],
  [1228, 'database not found'],
  [1230, 'operation only allowed in system database'],
  [1468, 'not all sharding attributes given'],
  [1469, 'must not change the value of a shard key attribute'],
  [1470, 'unsupported operation or parameter for clusters'],
  [1471, 'this operation is only valid on a coordinator in a cluster'],
  [1477, 'this operation is only valid on a DBserver in a cluster'],
  [1478, 'A cluster backend which was required for the operation could not be reached'],
  [1600, 'cursor not found'],
  [1702, 'duplicate user'],
  [1703, 'user not found'],
  [1924, 'graph not found'],
  [1925, 'graph already exists'],
]);

/** The server's own text for a number; `error <n>` for numbers that have none here. */
export function standardText(errorNum: number): string {
  return texts.get(errorNum) ?? `error ${errorNum}`;
}
