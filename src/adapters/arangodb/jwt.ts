import { createHmac } from 'node:crypto';

/** How long a token of ours is valid: short, because nothing else ends it (S4). */
const TOKEN_LIFETIME_S = 600;

/** Claims of a superuser token: no `preferred_username` makes it one (reference 1.5). */
interface Claims {
  readonly iss: 'arangodb';
  readonly server_id: string;
  readonly iat: number;
  readonly exp: number;
}

/** Signs a superuser token, HS256, with the bytes of the cluster's JWT secret. Times are seconds since 1970. */
export function superuserToken(secret: string, serverId: string, issuedAtS: number, expiresAtS: number): string {
  const claims: Claims = { iss: 'arangodb', server_id: serverId, iat: issuedAtS, exp: expiresAtS };
  const unsigned = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${unsigned}.${createHmac('sha256', secret).update(unsigned).digest('base64url')}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
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
