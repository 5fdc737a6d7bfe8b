import { isObject, parseBody } from '../http/body.ts';
import type { ApiRequest, Router } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { signToken } from '../http/jwt.ts';
import { json, type Reply } from '../http/reply.ts';

/** `POST /_open/auth` (reference 1.5): a password, or an access token, for a JWT. Not there while authentication is off. */
export function registerAuth(router: Router): void {
  router.exact('/_open/auth', { POST: logIn });
}

function logIn(request: ApiRequest): Reply {
  const { auth, accounts, environment } = request.server.deployment;
  const secret = auth.jwtSecrets[0];
  if (!auth.enabled || secret === undefined) throw new ArangoApiError(404);
  const { user, password } = credentials(request);
  const name = accounts.verifyPassword(user, password);
  if (name === undefined) throw new ArangoApiError(401, 'Wrong credentials');
  const issuedAt = Math.floor(environment.now() / 1000);
  const claims = {
    preferred_username: name,
    iss: 'arangodb',
    iat: issuedAt,
    exp: issuedAt + Math.floor(auth.sessionTimeoutSeconds),
  };
  return json(200, { jwt: signToken(claims, secret) });
}

function credentials(request: ApiRequest): { readonly user: string; readonly password: string } {
  const body = bodyOrNothing(request);
  const user = isObject(body) ? (body.username ?? '') : undefined;
  const password = isObject(body) ? body.password : undefined;
  // Without a user name only an access token can be meant.
  if (typeof user !== 'string' || typeof password !== 'string' || (user === '' && !password.startsWith('v1.'))) {
    throw new ArangoApiError(400, 'invalid username or password');
  }
  return { user, password };
}

function bodyOrNothing(request: ApiRequest) {
  try {
    return parseBody(request);
  } catch {
    return undefined;
  }
}
