import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { ApiError } from '../../wire/api-error.ts';
import { Caller } from '../../wire/caller.ts';
import { readerOf, type SecretList } from '../crypto/secret-list.ts';
import type { PeerCertificate } from './environment.ts';
import { looksLikeJwt, verifyJwt } from './jwt.ts';

/** Whether user and password belong to a user of the local ArangoDB, and whether it may read and write `_system`. */
export type UserCheck = (user: string, password: string) => Promise<'admin' | 'not-admin' | 'wrong'>;

export interface AuthenticationOptions {
  /** `master.jwtSecret`; several while one replaces another. */
  readonly jwtSecret: SecretList;
  /** `''` or absent: none. */
  readonly monitoringToken?: string;
  /** Throws {@link ApiError} 503 while the database cannot be asked. Absent: no users are admitted. */
  readonly checkUser?: UserCheck;
  readonly now?: () => number;
}

export interface Credentials {
  readonly authorization: string | undefined;
  readonly path: string;
  readonly certificate: PeerCertificate | undefined;
}

export interface Authenticated {
  readonly caller: Caller;
  /** The client certificate that was shown beside a good Authorization header: for what that one may not do. */
  readonly beside?: Caller;
  readonly hops: number;
}

const Claims = z.looseObject({
  server_id: z.string().optional(),
  allowed_paths: z.array(z.string()).optional(),
  /** Set by a master that passes a request on: who asked it, and how many masters the request has passed. */
  forwarded_caller: Caller.optional(),
  hops: z.number().int().nonnegative().optional(),
});

/** `base64` of a longer text is no user and password. */
const basicCharactersMax = 4_096;
/** How long a user's password, once found right, is not asked for again. */
const userCacheMs = 5_000;
const userCacheEntriesMax = 1_000;

/**
 * Finds out who calls, by the first of: token signed with the secret, monitoring token, user and password, client
 * certificate. Any one is enough, but a wrong Authorization header is refused even beside a good certificate.
 */
export class Authentication {
  readonly #options: AuthenticationOptions;
  readonly #now: () => number;
  readonly #secrets: () => readonly string[];
  readonly #userCache = new Map<string, number>();
  readonly #cacheKey = randomBytes(32);

  constructor(options: AuthenticationOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#secrets = readerOf(options.jwtSecret);
  }

  /** Throws {@link ApiError} 401 when nobody is recognised, 403 when a user is who it says but may not. */
  async authenticate(credentials: Credentials): Promise<Authenticated> {
    const byHeader = await this.#header(credentials);
    const byCertificate = certificateCaller(credentials.certificate);
    if (byHeader !== undefined)
      return { ...byHeader, ...(byCertificate === undefined ? {} : { beside: byCertificate }) };
    if (byCertificate === undefined) throw unauthorized();
    return { caller: byCertificate, hops: 0 };
  }

  /** Undefined when there is no Authorization header. */
  async #header({ authorization, path }: Credentials): Promise<Authenticated | undefined> {
    const [scheme, value] = splitAuthorization(authorization);
    if (scheme === 'bearer') return this.#bearer(value, path);
    if (scheme === 'basic') return { caller: await this.#basic(value), hops: 0 };
    if (scheme !== '') throw unauthorized();
    return undefined;
  }

  #bearer(token: string, path: string): Authenticated {
    if (this.#isMonitoringToken(token)) return { caller: { kind: 'monitoring', name: 'monitoring token' }, hops: 0 };
    if (!looksLikeJwt(token)) throw unauthorized();
    const claims = Claims.safeParse(
      this.#secrets()
        .map((secret) => verifyJwt(token, secret, this.#now()))
        .find((verified) => verified !== undefined),
    );
    if (!claims.success) throw unauthorized();
    const { allowed_paths: allowed, server_id: name, forwarded_caller: caller, hops } = claims.data;
    if (allowed !== undefined && !allowed.includes(path)) throw unauthorized();
    return { caller: caller ?? { kind: 'secret', name: name ?? 'secret' }, hops: hops ?? 0 };
  }

  #isMonitoringToken(token: string): boolean {
    const expected = this.#options.monitoringToken ?? '';
    return expected !== '' && timingSafeEqual(sha256(token), sha256(expected));
  }

  async #basic(encoded: string): Promise<Caller> {
    if (encoded.length > basicCharactersMax) throw unauthorized();
    const text = Buffer.from(encoded, 'base64').toString();
    const colon = text.indexOf(':');
    if (colon <= 0 || this.#options.checkUser === undefined) throw unauthorized();
    const name = text.slice(0, colon);
    // As a segment of a path these would name another call of the database.
    if (name === '.' || name === '..') throw unauthorized();
    const key = createHmac('sha256', this.#cacheKey).update(text).digest('base64');
    const goodUntil = this.#userCache.get(key);
    if (goodUntil === undefined || goodUntil < this.#now()) await this.#askForUser(name, text.slice(colon + 1), key);
    return { kind: 'user', name };
  }

  async #askForUser(name: string, password: string, key: string): Promise<void> {
    this.#userCache.delete(key);
    const verdict = await this.#options.checkUser?.(name, password);
    if (verdict === 'not-admin')
      throw new NotPermitted(`user ${name} needs read/write access to the database _system`, { kind: 'user', name });
    if (verdict !== 'admin') throw unauthorized();
    if (this.#userCache.size >= userCacheEntriesMax) this.#userCache.clear();
    this.#userCache.set(key, this.#now() + userCacheMs);
  }
}

function certificateCaller(certificate: PeerCertificate | undefined): Caller | undefined {
  if (certificate === undefined) return undefined;
  const { subject, fingerprint } = certificate;
  return { kind: 'certificate', name: subject, fingerprint };
}

/** 403 for a caller that is who it says. */
export class NotPermitted extends ApiError {
  readonly caller: Caller;
  constructor(message: string, caller: Caller) {
    super(403, message);
    this.caller = caller;
  }
}

function splitAuthorization(header: string | undefined): [scheme: string, value: string] {
  const [scheme = '', ...rest] = (header ?? '').trim().split(/\s+/);
  return [scheme.toLowerCase(), rest.join(' ')];
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function unauthorized(): ApiError {
  return new ApiError(401, 'unauthorized: give a valid token, user and password, or client certificate');
}
