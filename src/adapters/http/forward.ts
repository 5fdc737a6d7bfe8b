import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import type { Context } from 'hono';
import { Agent, type Dispatcher, request as send } from 'undici';
import { ApiError } from '../../wire/api-error.ts';
import type { AppEnvironment } from './environment.ts';
import { signJwt } from './jwt.ts';

/** Where a call for the leader goes: to ourselves, to another master, or nowhere for now. */
export type LeaderRoute =
  | { readonly kind: 'self' }
  | { readonly kind: 'other'; readonly endpoint: string }
  | { readonly kind: 'none' };

export interface ForwardOptions {
  /** Says who leads; may wait a little in the moment of a change. */
  readonly leader: (signal: AbortSignal) => Promise<LeaderRoute>;
  readonly masterId: string;
  /** `master.jwtSecret`. */
  readonly jwtSecret: string;
  /** CA of this datacenter's masters, PEM; absent: their certificates are not verified. */
  readonly ca?: string;
}

/** A request passes at most so many masters: a second one only while leadership moves. */
const hopsMax = 2;
/** Longer than any long poll. */
const answerTimeoutMs = 125_000;
const tokenLifetimeSeconds = 300;
const passedHeaders = ['content-type', 'content-length', 'x-arangosync-client-id'] as const;

/**
 * Passes calls on to the leading master, streaming both ways. The caller's identity travels inside a token signed with
 * the master secret, so that nobody outside can claim one (S23).
 */
export class Forwarder {
  readonly #options: ForwardOptions;
  readonly #agent: Agent;

  constructor(options: ForwardOptions) {
    this.#options = options;
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
    if (route.kind === 'none') throw new ApiError(503, 'no master leads at this moment; try again');
    if (context.get('hops') >= hopsMax) throw new ApiError(503, 'the leader is changing; try again');
    return await this.#pass(context, route.endpoint, signal);
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  async #pass(context: Context<AppEnvironment>, endpoint: string, signal: AbortSignal): Promise<Response> {
    const { req } = context;
    const { pathname, search } = new URL(req.url);
    try {
      const answer = await send(new URL(pathname + search, endpoint), {
        dispatcher: this.#agent,
        method: req.method as Dispatcher.HttpMethod,
        headers: { ...this.#headers(context), 'x-allow-forward-to-leader': 'true' },
        body: req.raw.body === null ? null : Readable.fromWeb(req.raw.body as NodeReadableStream),
        signal,
        headersTimeout: answerTimeoutMs,
        bodyTimeout: answerTimeoutMs,
      });
      const type = answer.headers['content-type'];
      return new Response(Readable.toWeb(answer.body) as ReadableStream, {
        status: answer.statusCode,
        ...(typeof type === 'string' ? { headers: { 'content-type': type } } : {}),
      });
    } catch (error) {
      throw new ApiError(503, `the leader at ${endpoint} does not answer; try again`, { cause: error });
    }
  }

  #headers(context: Context<AppEnvironment>): Record<string, string> {
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
    return { ...Object.fromEntries(passed), authorization: `bearer ${signJwt(claims, this.#options.jwtSecret)}` };
  }
}
