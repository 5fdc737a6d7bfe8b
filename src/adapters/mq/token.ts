import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { QueueTokenClaims } from '../../wire/queue-token.ts';
import { readerOf, type SecretList } from '../crypto/secret-list.ts';

/** As the original's direct-queue tokens lived (reference master-api 8: about 4 to 6 hours). */
export const QUEUE_TOKEN_TTL_MS = 5 * 3_600_000;
const SECONDS = 1000;
const HEADER = encode({ alg: 'HS256', typ: 'JWT' });

/**
 * Issues and verifies the bearer tokens of the direct queue. They are JWTs signed with a key of their own, derived from
 * `master.jwtSecret`: a queue token never passes for a master's token, nor the other way round.
 */
export class QueueTokens {
  readonly #secrets: () => readonly string[];
  readonly #wallMs: () => number;
  #seen: readonly string[] = [];
  /** What signs comes first. */
  #keys: readonly Buffer[] = [];

  constructor(masterSecrets: SecretList, wallMs: () => number = Date.now) {
    this.#secrets = readerOf(masterSecrets);
    this.#wallMs = wallMs;
    this.#look();
  }

  /** A token that opens links of the deployment `target`. */
  issue(target: string, ttlMs: number = QUEUE_TOKEN_TTL_MS): string {
    const claims: QueueTokenClaims = { aud: 'mq', target, exp: Math.ceil((this.#wallMs() + ttlMs) / SECONDS) };
    const signed = `${HEADER}.${encode(claims)}`;
    return `${signed}.${this.#sign(signed)}`;
  }

  /** The claims of a token that we signed and that has not expired; undefined for any other text. */
  verify(token: string): QueueTokenClaims | undefined {
    const [header, payload, signature, more] = token.split('.');
    if (header !== HEADER || payload === undefined || signature === undefined || more !== undefined) return undefined;
    if (this.#signerOf(`${header}.${payload}`, signature) < 0) return undefined;
    const claims = QueueTokenClaims.safeParse(decode(payload));
    if (!claims.success || claims.data.exp * SECONDS <= this.#wallMs()) return undefined;
    return claims.data;
  }

  /** Whether it was signed with a secret that has been replaced: it ends before its time. */
  isOld(token: string): boolean {
    const end = token.lastIndexOf('.');
    return this.#signerOf(token.slice(0, end), token.slice(end + 1)) > 0;
  }

  /** {@link verify} for the value of an `Authorization` header; the scheme in any case (reference master-api 2). */
  verifyAuthorization(authorization: string | undefined): QueueTokenClaims | undefined {
    const token = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    return token === undefined ? undefined : this.verify(token);
  }

  /** Index of the key that signed; -1: none of ours. */
  #signerOf(text: string, signature: string): number {
    this.#look();
    return this.#keys.findIndex((key) => equalInConstantTime(signature, signUnder(key, text)));
  }

  #sign(text: string): string {
    this.#look();
    const [key] = this.#keys;
    if (key === undefined) throw new Error('queue tokens need master.jwtSecret');
    return signUnder(key, text);
  }

  #look(): void {
    const secrets = this.#secrets();
    if (secrets === this.#seen) return;
    if (secrets.length === 0 || secrets.includes('')) throw new Error('queue tokens need a non-empty master.jwtSecret');
    this.#seen = secrets;
    const keyOf = (secret: string) => Buffer.from(hkdfSync('sha256', secret, '', 'arangosync direct queue token', 32));
    this.#keys = secrets.map(keyOf);
  }
}

function signUnder(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url');
}

function equalInConstantTime(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
}
