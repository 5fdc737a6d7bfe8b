import { SuperuserTokens } from './jwt.ts';

/** How we log in. `token` is asked before every request, so that whoever lends tokens can let them end (S4). */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: () => string }
  | { readonly kind: 'secret'; readonly jwtSecret: string };

/** Gives the `authorization` header of the next request; keeps the secret where nothing prints it. */
export type Authorization = () => string | undefined;

export function authorizationFor(credentials: Credentials, now: () => number = Date.now): Authorization {
  switch (credentials.kind) {
    case 'none':
      return () => undefined;
    case 'basic': {
      const pair = Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64');
      return () => `Basic ${pair}`;
    }
    case 'token':
      return () => `bearer ${credentials.token()}`;
    case 'secret': {
      const tokens = new SuperuserTokens(credentials.jwtSecret, now);
      return () => `bearer ${tokens.current()}`;
    }
  }
}
