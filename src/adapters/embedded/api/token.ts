import { isObject, parseBody } from '../http/body.ts';
import type { ApiRequest, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { empty, json, type Reply } from '../http/reply.ts';
import { accountsOf, needSelfOrAdmin } from './user.ts';

/** `/_api/token/{user}`: access tokens (reference 1.5). */
export function registerToken(router: Router): void {
  if (router.server.features.accessTokens)
    router.prefix('/_api/token', { GET: listTokens, POST: createToken, DELETE: removeToken });
}

function listTokens(request: ApiRequest): Reply {
  return json(200, { tokens: accountsOf(request).tokens(ownerOf(request)) });
}

async function createToken(request: ApiRequest): Promise<Reply> {
  const owner = ownerOf(request);
  const body = parseBody(request);
  if (!isObject(body)) throw new ArangoApiError(10);
  const name = typeof body.name === 'string' ? body.name : '';
  const validUntil = typeof body.valid_until === 'number' ? body.valid_until : 0;
  return json(200, await accountsOf(request).createToken(owner, name, validUntil));
}

async function removeToken(request: ApiRequest): Promise<Reply> {
  const owner = ownerOf(request);
  const id = request.suffix[1];
  if (id === undefined || request.suffix.length !== 2) {
    throw new ArangoApiError(400, "path parameter 'id' is missing");
  }
  await accountsOf(request).removeToken(owner, Number(id));
  return empty(200);
}

function ownerOf(request: ApiRequest): string {
  const owner = request.suffix[0];
  if (owner === undefined) throw new ArangoApiError(400, "path parameter 'user' is missing");
  needSelfOrAdmin(request, owner);
  return owner;
}
