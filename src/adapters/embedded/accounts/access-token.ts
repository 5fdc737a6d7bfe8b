import { createHash } from 'node:crypto';
import { isSameSecret } from './password.ts';

/** An access token as it is kept (reference 1.5): its text only as a hash. Times are seconds since 1970. */
export interface AccessToken {
  readonly id: number;
  readonly name: string;
  readonly valid_until: number;
  readonly created_at: number;
  readonly fingerprint: string;
  readonly hash: string;
}

/** As answers list it. */
export interface ListedToken {
  readonly id: number;
  readonly name: string;
  readonly valid_until: number;
  readonly created_at: number;
  readonly fingerprint: string;
  readonly active: boolean;
}

const RANDOM_LETTERS = 20;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const FINGERPRINT_LETTERS = 6;

/** A new token: what to keep of it, and its text, which is told once. */
export function makeAccessToken(
  user: string,
  name: string,
  validUntil: number,
  id: number,
  nowSeconds: number,
  random: () => number,
): { readonly kept: AccessToken; readonly text: string } {
  const createdAt = Math.floor(nowSeconds);
  const chance = Array.from({ length: RANDOM_LETTERS }, () => LETTERS[Math.floor(random() * LETTERS.length)]).join('');
  const content = JSON.stringify({ e: validUntil, c: createdAt, u: user, r: chance });
  const text = `v1.${Buffer.from(content).toString('hex')}`;
  const fingerprint = `v1...${text.slice(-FINGERPRINT_LETTERS)}`;
  return { kept: { id, name, valid_until: validUntil, created_at: createdAt, fingerprint, hash: hashOf(text) }, text };
}

/** Whether this text is the token, and may still be used. */
export function opensWith(token: AccessToken, text: string, nowSeconds: number): boolean {
  return isSameSecret(token.hash, hashOf(text)) && nowSeconds < token.valid_until;
}

/** The user that a token's text names, before anything is verified; undefined when the text is no token. */
export function userNamedIn(text: string): string | undefined {
  if (!/^v1\.([0-9a-f]{2})+$/.test(text)) return undefined;
  try {
    const content: unknown = JSON.parse(Buffer.from(text.slice(3), 'hex').toString('utf8'));
    const user = typeof content === 'object' && content !== null && 'u' in content ? content.u : undefined;
    return typeof user === 'string' ? user : undefined;
  } catch {
    return undefined;
  }
}

export function listedToken(token: AccessToken, nowSeconds: number): ListedToken {
  return {
    id: token.id,
    name: token.name,
    valid_until: token.valid_until,
    created_at: token.created_at,
    fingerprint: token.fingerprint,
    active: nowSeconds < token.valid_until,
  };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
