import { signJwt } from '../http/jwt.ts';

/** How long a token of ours is valid: short, because nothing else ends it (S4). */
const TOKEN_LIFETIME_S = 600;

/**
 * Signs a superuser token, HS256, with the bytes of the cluster's JWT secret: no `preferred_username` makes it one
 * (reference 1.5). Times are seconds since 1970.
 */
export function superuserToken(secret: string, serverId: string, issuedAtS: number, expiresAtS: number): string {
  const claims = { iss: 'arangodb', server_id: serverId, iat: issuedAtS, exp: expiresAtS };
  return signJwt(claims, secret);
}

/** Superuser tokens from the cluster's secret, renewed at half their life. The secret is never enumerable or printed. */
export class SuperuserTokens {
  readonly #secret: string;
  readonly #now: () => number;
  #token = '';
  #renewAtS = 0;

  constructor(secret: string, now: () => number = Date.now) {
    if (secret === '') throw new Error('the JWT secret of the cluster is empty');
    this.#secret = secret;
    this.#now = now;
  }

  /** A token that is valid for at least half its lifetime. */
  current(): string {
    const nowS = Math.floor(this.#now() / 1000);
    if (nowS >= this.#renewAtS || nowS < this.#renewAtS - TOKEN_LIFETIME_S) {
      this.#token = superuserToken(this.#secret, 'arangosync', nowS, nowS + TOKEN_LIFETIME_S);
      this.#renewAtS = nowS + TOKEN_LIFETIME_S / 2;
    }
    return this.#token;
  }
}
