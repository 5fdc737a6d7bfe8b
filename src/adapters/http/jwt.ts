import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

const Header = z.object({ alg: z.literal('HS256') });
const TimeClaims = z.looseObject({ exp: z.number().optional(), nbf: z.number().optional() });

/** Times of a token are whole seconds; datacenters' clocks may differ by this much. */
const clockSkewSeconds = 60;

/** Signs claims as an HS256 JSON web token. */
export function signJwt(claims: Readonly<Record<string, unknown>>, secret: string): string {
  const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${content}.${signature(content, secret).toString('base64url')}`;
}

/**
 * The claims of a token that `secret` signed and that is not expired, else undefined. Takes HS256 only, so that a token
 * cannot choose its own algorithm.
 */
export function verifyJwt(token: string, secret: string, nowMs: number): Record<string, unknown> | undefined {
  const [head, body, sealed, ...rest] = token.split('.');
  if (head === undefined || body === undefined || sealed === undefined || rest.length > 0) return undefined;
  const expected = signature(`${head}.${body}`, secret);
  const given = Buffer.from(sealed, 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  if (!Header.safeParse(decode(head)).success) return undefined;
  const claims = TimeClaims.safeParse(decode(body));
  if (!claims.success) return undefined;
  const now = nowMs / 1000;
  if (claims.data.exp !== undefined && now > claims.data.exp + clockSkewSeconds) return undefined;
  if (claims.data.nbf !== undefined && now < claims.data.nbf - clockSkewSeconds) return undefined;
  return claims.data;
}

/** Whether a text has the shape of a JSON web token: three parts; opaque tokens have none. */
export function looksLikeJwt(token: string): boolean {
  return token.split('.').length === 3;
}

function signature(content: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(content).digest();
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    return undefined;
  }
}
