import { createHash, timingSafeEqual } from 'node:crypto';

/** How a password lies in a user's document (reference 3.5). */
export interface PasswordHash {
  readonly hash: string;
  readonly salt: string;
  readonly method: 'sha256';
}

const SALT_LETTERS = 8;

/** Salted as the server salts: SHA-256 over the salt's text and the password. */
export function hashPassword(password: string, random: () => number): PasswordHash {
  const salt = Array.from({ length: SALT_LETTERS }, () => Math.floor(random() * 16).toString(16)).join('');
  return { hash: digest(salt, password), salt, method: 'sha256' };
}

/** Compares without telling by time how much of it was right. Other methods than sha256 never match. */
export function isPassword(stored: PasswordHash, password: string): boolean {
  return stored.method === 'sha256' && isSameSecret(stored.hash, digest(stored.salt, password));
}

function digest(salt: string, password: string): string {
  return createHash('sha256')
    .update(salt + password)
    .digest('hex');
}

/** Equal texts, in time that depends on neither of them. */
export function isSameSecret(left: string, right: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(left), hash(right));
}
