import { createHmac, timingSafeEqual } from 'node:crypto';

/** Claims of a token that verified (reference 1.5). */
export interface TokenClaims {
  readonly preferred_username?: string;
  readonly server_id?: string;
  readonly iss?: string;
  readonly iat?: number;
  readonly exp?: number;
  readonly allowed_paths?: readonly string[];
}

/** Signs HS256. */
export function signToken(claims: TokenClaims, secret: string): string {
  const head = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${head}.${signature(head, secret).toString('base64url')}`;
}

const VERIFIED_MAX = 1000;

/** Verifies tokens against several secrets; remembers those that verified, since HMAC on every request costs. */
export class TokenVerifier {
  readonly #secrets: readonly string[];
  readonly #verified = new Map<string, TokenClaims>();

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets;
  }

  /** The claims, or undefined for a token that is malformed, wrongly signed, of another issuer, or expired. */
  verify(token: string, nowMs: number): TokenClaims | undefined {
    const claims = this.#verified.get(token) ?? this.#check(token);
    if (claims === undefined) return undefined;
    if (claims.exp !== undefined && claims.exp * 1000 <= nowMs) return undefined;
    return claims;
  }

  #check(token: string): TokenClaims | undefined {
    const parts = token.split('.');
    if (parts.length !== 3) return undefined;
    const head = `${parts[0]}.${parts[1]}`;
    const given = Buffer.from(parts[2] as string, 'base64url');
    if (!this.#secrets.some((secret) => same(signature(head, secret), given))) return undefined;
    const header = decode(parts[0] as string);
    const claims = decode(parts[1] as string) as TokenClaims | undefined;
    if (header?.alg !== 'HS256' || claims === undefined || claims.iss !== 'arangodb') return undefined;
    if (this.#verified.size >= VERIFIED_MAX) this.#verified.clear();
    this.#verified.set(token, claims);
    return claims;
  }
}

function signature(text: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(text).digest();
}

function same(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
