import type { Accounts, Identity } from './accounts.ts';
import type { AuthSettings } from './contract.ts';
import { TokenVerifier } from './jwt.ts';

/** Who a request comes from, and, for a token limited to certain paths, which (1.5). */
export interface Login {
  readonly identity: Identity;
  readonly allowedPaths: readonly string[] | undefined;
}

/** Reads `Authorization` (reference 1.5). One per deployment. */
export class LoginReader {
  readonly #auth: AuthSettings;
  readonly #accounts: () => Accounts;
  readonly #now: () => number;
  readonly #verifier: TokenVerifier;

  constructor(auth: AuthSettings, accounts: () => Accounts, now: () => number) {
    this.#auth = auth;
    this.#accounts = accounts;
    this.#now = now;
    this.#verifier = new TokenVerifier(auth.jwtSecrets);
  }

  /** Undefined: no credentials, or bad ones. With authentication off only the superuser's token makes a difference (2.2). */
  read(authorization: string | undefined): Login | undefined {
    const login = authorization === undefined ? undefined : this.#credentials(authorization);
    if (this.#auth.enabled) return login;
    if (login?.identity.kind === 'superuser') return login;
    return { identity: { kind: 'everyone', name: 'root' }, allowedPaths: undefined };
  }

  #credentials(authorization: string): Login | undefined {
    const space = authorization.indexOf(' ');
    if (space < 0) return undefined;
    const scheme = authorization.slice(0, space).toLowerCase();
    const rest = authorization.slice(space + 1).trim();
    if (scheme === 'bearer') return this.#token(rest);
    if (scheme === 'basic') return this.#password(rest);
    return undefined;
  }

  #token(token: string): Login | undefined {
    const claims = this.#verifier.verify(token, this.#now());
    if (claims === undefined) return undefined;
    const allowedPaths = claims.allowed_paths;
    const name = claims.preferred_username;
    if (name !== undefined) {
      return this.#accounts().isActive(name) ? { identity: { kind: 'user', name }, allowedPaths } : undefined;
    }
    return claims.server_id === undefined ? undefined : { identity: { kind: 'superuser' }, allowedPaths };
  }

  #password(encoded: string): Login | undefined {
    const text = Buffer.from(encoded, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon < 0) return undefined;
    const name = this.#accounts().verifyPassword(text.slice(0, colon), text.slice(colon + 1));
    return name === undefined ? undefined : { identity: { kind: 'user', name }, allowedPaths: undefined };
  }
}
