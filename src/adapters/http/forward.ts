import { Readable } from 'node:stream';
import type { Context } from 'hono';
import { Agent, type Dispatcher, request as send } from 'undici';
import { ApiError } from '../../wire/api-error.ts';
import { readerOf, type SecretList } from '../crypto/secret-list.ts';
import { bodyStream, readBody } from './body.ts';
import type { AppEnvironment } from './environment.ts';
import { signJwt } from './jwt.ts';

/** Where a call for the leader goes: to ourselves, to another master, or nowhere for now. */
export type LeaderRoute =
  | { readonly kind: 'self' }
  | { readonly kind: 'other'; readonly endpoint: string }
  | { readonly kind: 'none' };

export interface ForwardOptions {
  /** Says who leads; may wait a little in the moment of a change, and for another one than `gone`. */
  readonly leader: (signal: AbortSignal, gone?: string) => Promise<LeaderRoute>;
  readonly masterId: string;
  /** `master.jwtSecret`; several while one replaces another. */
  readonly jwtSecret: SecretList;
  /** CA of this datacenter's masters, PEM; absent: their certificates are not verified. */
  readonly ca?: string;
  /** Told why the leader did not answer: the caller is only told that it did not. */
  readonly onTrouble: (reason: string, error: unknown) => void;
}

/** A request passes at most so many masters: a second one only while leadership moves. */
const hopsMax = 2;
/** Longer than any long poll. */
const answerTimeoutMs = 125_000;
const tokenLifetimeSeconds = 300;
/** Bodies up to this size are held while the leader is looked for. */
const heldBodyBytesMax = 1024 * 1024;
const passedHeaders = ['content-type', 'content-length', 'x-arangosync-client-id'] as const;

/**
 * Passes calls on to the leading master, streaming both ways. The caller's identity travels inside a token signed with
 * the master secret, so that nobody outside can claim one (S23).
 */
export class Forwarder {
  readonly #options: ForwardOptions;
  readonly #agent: Agent;
  readonly #secrets: () => readonly string[];
  /** The secret that a leader took last, by its endpoint. */
  readonly #taken = new Map<string, string>();

  constructor(options: ForwardOptions) {
    this.#options = options;
    this.#secrets = readerOf(options.jwtSecret);
    this.#agent = new Agent({
      connect: {
        timeout: 5_000,
        rejectUnauthorized: options.ca !== undefined,
        ...(options.ca === undefined ? {} : { ca: options.ca }),
      },
    });
  }

  /** The leader's answer, or undefined when we lead ourselves. Throws {@link ApiError} 503 when it cannot be reached. */
  async forward(context: Context<AppEnvironment>): Promise<Response | undefined> {
    const allowed = context.req.header('x-allow-forward-to-leader')?.toLowerCase() === 'true';
    const { signal } = context.req.raw;
    const route = await this.#options.leader(allowed ? signal : AbortSignal.abort());
    if (route.kind === 'self') return undefined;
    if (!allowed) throw new ApiError(503, 'this master does not lead; allow it to forward, or ask the leader');
    if (context.get('hops') >= hopsMax) throw new ApiError(503, 'the leader is changing; try again');
    const body = await bodyOf(context);
    try {
      return await this.#pass(context, route, body, signal);
    } catch (error) {
      // It was not reached at all, so nothing was done: whoever leads after it can be asked the same.
      if (!(error instanceof LeaderGone) || body instanceof Readable) throw error;
      const next = await this.#options.leader(signal, error.endpoint);
      return next.kind === 'self' ? replay(context, body) : await this.#pass(context, next, body, signal);
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  async #pass(
    context: Context<AppEnvironment>,
    route: LeaderRoute,
    body: Body,
    signal: AbortSignal,
  ): Promise<Response> {
    if (route.kind !== 'other') throw new ApiError(503, 'no master leads at this moment; try again');
    try {
      const answer = await this.#send(context, route.endpoint, body, signal);
      const type = answer.headers['content-type'];
      return new Response(Readable.toWeb(answer.body) as ReadableStream, {
        status: answer.statusCode,
        ...(typeof type === 'string' ? { headers: { 'content-type': type } } : {}),
      });
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (!signal.aborted) this.#options.onTrouble(`the leader at ${route.endpoint} does not answer`, error);
      throw isNotConnected(error) ? new LeaderGone(route.endpoint, error) : unreachable(route.endpoint, error);
    }
  }

  /** Under the secret that the leader takes: not all masters change theirs at the same moment. */
  async #send(
    context: Context<AppEnvironment>,
    endpoint: string,
    body: Body,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const { pathname, search } = new URL(context.req.url);
    const secrets = this.#secrets();
    const known = this.#taken.get(endpoint);
    const order = [...secrets.filter((secret) => secret === known), ...secrets.filter((secret) => secret !== known)];
    for (const secret of order) {
      const answer = await send(new URL(pathname + search, endpoint), {
        dispatcher: this.#agent,
        method: context.req.method as Dispatcher.HttpMethod,
        headers: { ...this.#headers(context, secret), 'x-allow-forward-to-leader': 'true' },
        body,
        signal,
        headersTimeout: answerTimeoutMs,
        bodyTimeout: answerTimeoutMs,
      });
      // The caller was recognised by us: only our own token can be what is not.
      if (answer.statusCode !== 401) {
        this.#taken.set(endpoint, secret);
        return answer;
      }
      await answer.body.dump();
      this.#taken.delete(endpoint);
      if (body instanceof Readable) break;
    }
    this.#options.onTrouble(
      `the leader at ${endpoint} does not accept our token: its --master.jwtSecret differs`,
      undefined,
    );
    throw new ApiError(503, `the leader at ${endpoint} has another master secret than this master; try again`);
  }

  #headers(context: Context<AppEnvironment>, secret: string): Record<string, string> {
    const passed = passedHeaders.flatMap((name) => {
      const value = context.req.header(name);
      return value === undefined ? [] : [[name, value] as const];
    });
    const claims = {
      iss: 'arangosync',
      server_id: this.#options.masterId,
      exp: Math.ceil(Date.now() / 1000) + tokenLifetimeSeconds,
      allowed_paths: [context.req.path],
      forwarded_caller: context.get('caller'),
      hops: context.get('hops') + 1,
    };
    return { ...Object.fromEntries(passed), authorization: `bearer ${signJwt(claims, secret)}` };
  }
}

type Body = Buffer | Readable | null;

/** The leader could not be connected to: it has seen nothing of the request. */
class LeaderGone extends ApiError {
  readonly endpoint: string;
  constructor(endpoint: string, cause: unknown) {
    super(503, `the leader at ${endpoint} cannot be reached; try again`, { cause });
    this.endpoint = endpoint;
  }
}

/** Small bodies are held, so that they can be sent again; large ones stream through. */
async function bodyOf(context: Context<AppEnvironment>): Promise<Body> {
  const body = bodyStream(context);
  if (body === null) return null;
  const length = Number(context.req.header('content-length') ?? Number.POSITIVE_INFINITY);
  if (length > heldBodyBytesMax) return Readable.from(body);
  return Buffer.from(await readBody(body, heldBodyBytesMax));
}

/** We lead by now: the request is ours to answer, with the body that was read already. */
function replay(context: Context<AppEnvironment>, body: Buffer | null): undefined {
  context.set('heldBody', body);
  return undefined;
}

const notConnected = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'UND_ERR_CONNECT_TIMEOUT']);

function isNotConnected(error: unknown): boolean {
  return error instanceof Error && 'code' in error && notConnected.has(String(error.code));
}

function unreachable(endpoint: string, cause: unknown): ApiError {
  return new ApiError(503, `the leader at ${endpoint} does not answer; try again`, { cause });
}
