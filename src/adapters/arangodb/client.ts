import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Pool } from 'undici';
import {
  type ArangoAnswer,
  ArangoError,
  type ArangoRequest,
  type ArangoServer,
  ArangoUnreachable,
  REFUSED_AT_THE_DOOR,
} from '../../replication/arango.ts';
import { type Attempt, AttemptFailed, attempt, openPool } from './attempt.ts';
import { type Authorization, authorizationFor, type Credentials } from './credentials.ts';
import { normaliseEndpoint } from './endpoints.ts';
import { LentLogin } from './lent-login.ts';

/** Rounds over all endpoints before a request is given up. */
const ROUNDS_MAX = 5;
const BACK_OFF_FIRST_MS = 100;
const BACK_OFF_MAX_MS = 2_000;
const TIMEOUT_MS = 60_000;

export interface ClientOptions {
  /** Equivalent processes: the coordinators of a cluster, or one server. Any spelling of reference 2.6. */
  readonly endpoints: readonly string[];
  readonly credentials: Credentials;
  /** PEM of the CA that verifies the servers; absent: the system's. */
  readonly ca?: string;
  /** Whether certificates are verified. */
  readonly verify: boolean;
  /** Connections to one endpoint; further requests wait for one of them. Default 64. */
  readonly connectionsMax?: number;
  /** For messages. Default: the first endpoint. */
  readonly name?: string;
  /** Per attempt. Default 60 s. */
  readonly timeoutMs?: number;
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** In [0, 1): spreads the back-off. */
  readonly random?: () => number;
  readonly now?: () => number;
  /** Told of the body bytes of every answer, for metrics. */
  readonly onBytesRead?: (bytes: number) => void;
  /** Told when a lent token is refused, and when the next one is taken. */
  readonly onLogin?: (isRefused: boolean) => void;
}

interface Endpoint {
  readonly origin: string;
  readonly pool: Pool;
}

/**
 * {@link ArangoServer} over HTTP. It stays with one endpoint until that fails, then goes on to the next. A request goes
 * out again only when that cannot do its work twice: it may be repeated, or no byte of it was sent, or the server
 * refused it at the door. Neither credentials nor bodies appear in any message.
 */
export class ArangoClient implements ArangoServer {
  readonly name: string;
  readonly #endpoints: readonly Endpoint[];
  readonly #authorization: Authorization;
  /** Of tokens that end and are followed by others: one that has just ended is no refusal for good (S4). */
  readonly #lent: LentLogin | undefined;
  readonly #timeoutMs: number;
  readonly #sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  readonly #random: () => number;
  readonly #onBytesRead: (bytes: number) => void;
  #preferred = 0;

  constructor(options: ClientOptions) {
    const origins = options.endpoints.map(normaliseEndpoint);
    if (origins.length === 0) throw new Error('no endpoint of ArangoDB was given');
    this.#endpoints = origins.map((origin) => ({ origin, pool: openPool(origin, options, options.connectionsMax) }));
    this.name = options.name ?? origins.join(', ');
    this.#authorization = authorizationFor(options.credentials, options.now);
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#sleep = options.sleep ?? ((ms, signal) => sleepFor(ms, undefined, signal === undefined ? {} : { signal }));
    this.#random = options.random ?? Math.random;
    const { onLogin = () => {} } = options;
    const login = { authorization: this.#authorization, sleep: this.#sleep, onLogin };
    this.#lent = options.credentials.kind === 'token' ? new LentLogin(login) : undefined;
    this.#onBytesRead = options.onBytesRead ?? (() => {});
  }

  async request(request: ArangoRequest): Promise<ArangoAnswer> {
    const repeatable = request.repeatable ?? (request.method === 'GET' || request.method === 'HEAD');
    const failures: string[] = [];
    for (let round = 1; ; round += 1) {
      const outcome = await this.#round(request, repeatable, failures);
      if (outcome.kind === 'answer') return outcome.answer;
      if (round === ROUNDS_MAX) {
        if (outcome.refusal !== undefined) return outcome.refusal;
        const message = `${label(request)}: no answer from ${this.name}: ${failures.at(-1) ?? 'unknown'}`;
        throw new ArangoUnreachable(message, { isUnsent: !repeatable });
      }
      await this.#sleep(this.#backOff(round), request.signal);
    }
  }

  async json<T>(request: ArangoRequest): Promise<T> {
    const answer = await this.request(request);
    if (answer.status >= 400) throw errorOf(request, answer, this.name);
    return JSON.parse(answer.body.toString('utf8')) as T;
  }

  /** Closes idle connections and waits for running requests. */
  async close(): Promise<void> {
    this.#lent?.close();
    await Promise.all(this.#endpoints.map(({ pool }) => pool.close()));
  }

  /** Tries each endpoint once, from the one that worked last. */
  async #round(request: ArangoRequest, repeatable: boolean, failures: string[]): Promise<RoundOutcome> {
    let refusal: ArangoAnswer | undefined;
    for (const _ of this.#endpoints) {
      const { origin, pool } = this.#current();
      try {
        const answer = await this.#admitted(pool, request);
        this.#onBytesRead(answer.body.byteLength);
        if (!mayTryElsewhere(answer, repeatable)) return { kind: 'answer', answer };
        refusal = answer;
        failures.push(`${origin} answered ${answer.status}`);
      } catch (error) {
        if (!(error instanceof AttemptFailed)) throw error;
        failures.push(`${origin}: ${error.message}`);
        if (error.sent && !repeatable) {
          this.#preferred += 1;
          throw new ArangoUnreachable(`${label(request)} at ${origin}: ${error.message}; its outcome is unknown`, {
            cause: error.cause,
          });
        }
      }
      this.#preferred += 1;
    }
    return { kind: 'none', refusal };
  }

  /** One answer; behind a lent token that has ended, that to the next one. */
  async #admitted(pool: Pool, request: ArangoRequest): Promise<ArangoAnswer> {
    for (;;) {
      await this.#lent?.ready(request.signal);
      const sent = this.#attemptOf(request);
      const answer = await attempt(pool, sent);
      const isRefused = answer.status === 401;
      if (!isRefused) this.#lent?.taken();
      if (!isRefused || this.#lent?.refused(sent.headers.authorization) !== true) return answer;
    }
  }

  #current(): Endpoint {
    const endpoint = this.#endpoints[this.#preferred % this.#endpoints.length];
    if (endpoint === undefined) throw new Error('no endpoint of ArangoDB was given');
    return endpoint;
  }

  #attemptOf(request: ArangoRequest): Attempt {
    const authorization = this.#authorization();
    return {
      method: request.method,
      path: pathOf(request),
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...request.headers,
      },
      body: bodyOf(request.body),
      timeoutMs: request.timeoutMs ?? this.#timeoutMs,
      signal: request.signal,
      admit: request.admit,
    };
  }

  #backOff(round: number): number {
    return Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** (round - 1)) * (0.5 + this.#random() / 2);
  }
}

type RoundOutcome =
  | { readonly kind: 'answer'; readonly answer: ArangoAnswer }
  | { readonly kind: 'none'; readonly refusal: ArangoAnswer | undefined };

function mayTryElsewhere(answer: ArangoAnswer, repeatable: boolean): boolean {
  return answer.status === 503 && (repeatable || REFUSED_AT_THE_DOOR.has(errorFields(answer).errorNum));
}

function pathOf(request: ArangoRequest): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) query.set(name, String(value));
  }
  const text = query.toString();
  const path = `/_db/${encodeURIComponent(request.database ?? '_system')}${request.path}`;
  return text === '' ? path : `${path}?${text}`;
}

function bodyOf(body: unknown): string | Uint8Array | undefined {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) return body;
  return JSON.stringify(body);
}

function label(request: ArangoRequest): string {
  return `${request.method} /_db/${request.database ?? '_system'}${request.path}`;
}

/** The error of an answer of 400 and above; its body may be empty or no JSON (reference 1.3). */
export function errorOf(request: ArangoRequest, answer: ArangoAnswer, server: string): ArangoError {
  const { errorNum, message } = errorFields(answer);
  const text = `${label(request)} at ${server}: ${answer.status}/${errorNum} ${message}`;
  return new ArangoError(answer.status, errorNum, text.trim());
}

function errorFields(answer: ArangoAnswer): { readonly errorNum: number; readonly message: string } {
  try {
    const body: unknown = JSON.parse(answer.body.toString('utf8'));
    if (typeof body !== 'object' || body === null) return { errorNum: 0, message: '' };
    const errorNum = 'errorNum' in body && typeof body.errorNum === 'number' ? body.errorNum : 0;
    const message = 'errorMessage' in body && typeof body.errorMessage === 'string' ? body.errorMessage : '';
    return { errorNum, message };
  } catch {
    return { errorNum: 0, message: '' };
  }
}
