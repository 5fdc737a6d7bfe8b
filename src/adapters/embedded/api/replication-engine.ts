import { StorageEngine } from '../engine/server.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';

/** The engine behind a request to a server that holds data; 501/1470 on a coordinator. */
export function demandEngine(request: ApiRequest): StorageEngine {
  const { storage } = request.server;
  if (storage instanceof StorageEngine) return storage;
  throw new ArangoApiError(4, 'the server is not of this storage engine');
}

export function flagHeader(value: boolean): string {
  return value ? 'true' : 'false';
}

export function tickText(tick: number): string {
  return String(tick);
}
