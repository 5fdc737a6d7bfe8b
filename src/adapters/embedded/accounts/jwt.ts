import { createHmac } from 'node:crypto';
import type { Json, JsonObject } from '../engine/types.ts';
import { isSameSecret } from './password.ts';

const HEADER = encode({ alg: 'HS256', typ: 'JWT' });

/** A token over HS256, as the server makes its own. */
export function signJwt(claims: JsonObject, secret: string): string {
  const signed = `${HEADER}.${encode(claims)}`;
  return `${signed}.${signature(signed, secret)}`;
}

/** The claims of a user's token (reference 1.5). */
export function userClaims(user: string, nowSeconds: number, lifeSeconds: number): JsonObject {
  const issuedAt = Math.floor(nowSeconds);
  return { preferred_username: user, iss: 'arangodb', iat: issuedAt, exp: issuedAt + Math.floor(lifeSeconds) };
}

/** What a good token says about its bearer. */
export interface TokenBearer {
  /** Undefined: the superuser. */
  readonly user: string | undefined;
  /** The only request paths that it opens; undefined: all. */
  readonly allowedPaths: readonly string[] | undefined;
}

/**
 * Reads a token. Undefined unless it is HS256, signed with one of the secrets, by issuer `arangodb`, not expired, and
 * either a user's or a server's (`server_id`).
 */
export function verifyJwt(token: string, secrets: readonly string[], nowSeconds: number): TokenBearer | undefined {
  const [header, body, mark, ...more] = token.split('.');
  if (header === undefined || body === undefined || mark === undefined || more.length > 0) return undefined;
  if (decode(header)?.alg !== 'HS256') return undefined;
  const signed = `${header}.${body}`;
  if (!secrets.some((secret) => isSameSecret(mark, signature(signed, secret)))) return undefined;
  const claims = decode(body);
  return claims === undefined ? undefined : bearerOf(claims, nowSeconds);
}

function bearerOf(claims: JsonObject, nowSeconds: number): TokenBearer | undefined {
  if (claims.iss !== 'arangodb') return undefined;
  const expiry = claims.exp;
  if (expiry !== undefined && (typeof expiry !== 'number' || expiry <= nowSeconds)) return undefined;
  const user = claims.preferred_username;
  const paths = claims.allowed_paths;
  const allowedPaths = Array.isArray(paths)
    ? paths.filter((path): path is string => typeof path === 'string')
    : undefined;
  if (typeof user === 'string') return { user, allowedPaths };
  return typeof claims.server_id === 'string' ? { user: undefined, allowedPaths } : undefined;
}

function signature(signed: string, secret: string): string {
  return createHmac('sha256', secret).update(signed).digest('base64url');
}

function encode(value: JsonObject): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part: string): JsonObject | undefined {
  try {
    const value = JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Json;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}
