import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Dispatcher } from 'undici';
import { linkTimeHeader, type QueueRoutes } from '../../../wire/queue-link.ts';
import { QueueTokenRenewal, type RenewedQueueToken } from '../../../wire/queue-token.ts';
import { QUEUE_TOKEN_TTL_MS, type QueueTokens } from '../token.ts';
import { CONTROL_BODY_BYTES_MAX, SILENCE_MS_MAX } from './limits.ts';
import { streamOf } from './stream-response.ts';
import { TrustingAgent } from './trusting-agent.ts';

const NANOSECONDS_PER_MS = 1_000_000;

export interface QueueDoorsOptions {
  readonly tokens: QueueTokens;
  /** Whether a target is registered here: the token of one that was stopped or aborted opens nothing. */
  readonly isTarget: (targetId: string) => boolean;
  /** Where the channels of a target are held, from the projection of the tasks; `version` changes with the content. */
  readonly routes: (targetId: string) => {
    readonly version: string;
    readonly routes: NonNullable<QueueRoutes['routes']>;
  };
  /** Endpoint of a living worker of this datacenter. */
  readonly workerEndpoint: (workerId: string) => string | undefined;
  /** CA that issues the workers' certificates, PEM. */
  readonly workerCaCertificate: () => string;
}

export interface QueueDoors {
  /** To be mounted under `/_api/mq/direct`, before any other authentication: queue tokens are checked here. */
  readonly app: Hono;
  /** Cuts what streams through; who asks from then on is sent to another master. */
  close(): Promise<void>;
}

/**
 * The door of a master for messages that the other datacenter fetches. It keeps nothing: a request is passed on to the
 * worker that holds the link, and its answer streams back as fast as the asking side takes it.
 */
export function createQueueDoors(options: QueueDoorsOptions): QueueDoors {
  const proxy = new WorkerProxy(options.workerCaCertificate);
  const app = new Hono();
  let isClosed = false;
  app.use((c, next) => (isClosed ? sendAway(c) : next()));
  app.post('/token/renew', bodyLimit({ maxSize: 64 * 1024 }), (c) => renew(c, options));
  app.get('/routes', (c) => {
    const target = targetOf(c, options);
    if (target === undefined) return refuse(c, 401, 'a valid message queue token is needed');
    const asked = c.req.query('target');
    if (asked !== undefined && asked !== '' && asked !== target) {
      return refuse(c, 403, 'the token belongs to another target');
    }
    return c.json(routesFor(c, target, options));
  });
  app.all('/worker/:workerId/link/:session/:action?', async (c) => {
    const target = targetOf(c, options);
    if (target === undefined) return refuse(c, 401, 'a valid message queue token is needed');
    const { workerId, session, action } = c.req.param();
    const endpoint = options.workerEndpoint(workerId);
    if (endpoint === undefined) return refuse(c, 404, `worker ${workerId} is not registered here`);
    const suffix = [session, ...(action === undefined ? [] : [action])].map(encodeURIComponent).join('/');
    return proxy.pass(c, new URL(`/_api/mq/direct/link/${suffix}`, endpoint));
  });
  const close = () => {
    isClosed = true;
    return proxy.close();
  };
  return { app, close };
}

/** A connection that is open would be used again at once, and keep this master from ending. */
async function sendAway(c: Context): Promise<Response> {
  c.header('connection', 'close');
  return refuse(c, 503, 'this master is ending: ask another one');
}

function targetOf(c: Context, { tokens, isTarget }: QueueDoorsOptions): string | undefined {
  const target = tokens.verifyAuthorization(c.req.header('authorization'))?.target;
  return target !== undefined && isTarget(target) ? target : undefined;
}

function routesFor(c: Context, target: string, options: QueueDoorsOptions): QueueRoutes {
  const { version, routes } = options.routes(target);
  if (c.req.query('version') === version) return { version };
  return { version, routes, workerCaCertificate: options.workerCaCertificate() };
}

async function renew(c: Context, { tokens, isTarget }: QueueDoorsOptions): Promise<Response> {
  const body = QueueTokenRenewal.safeParse(await c.req.json().catch(() => undefined));
  if (!body.success) return refuse(c, 400, 'the body must be {"token": …}');
  const target = tokens.verify(body.data.token)?.target;
  if (target === undefined || !isTarget(target)) {
    return refuse(c, 401, 'the token is not valid any more; ask for a new one with the client certificate');
  }
  const renewed: RenewedQueueToken = {
    token: tokens.issue(target),
    'token-ttl': QUEUE_TOKEN_TTL_MS * NANOSECONDS_PER_MS,
  };
  return c.json(renewed);
}

/** Passes requests on to workers, streaming; a side that hangs up hangs up the other. */
class WorkerProxy {
  readonly #workerCa: () => string;
  readonly #agent = new TrustingAgent(SILENCE_MS_MAX);

  constructor(workerCa: () => string) {
    this.#workerCa = workerCa;
  }

  async pass(c: Context, url: URL): Promise<Response> {
    const body = await smallBody(c);
    if (body === 'too large') return refuse(c, 413, 'the request is too large');
    const gone = new AbortController();
    c.req.raw.signal.addEventListener('abort', () => gone.abort(), { once: true });
    let answer: Dispatcher.ResponseData;
    try {
      answer = await this.#agent.trusting(this.#workerCa()).request({
        origin: url.origin,
        path: url.pathname,
        method: c.req.method as Dispatcher.HttpMethod,
        headers: passedHeaders(c),
        body,
        signal: gone.signal,
      });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return refuse(c, 502, `the worker at ${url.origin} cannot be reached: ${why}`);
    }
    const headers = new Headers();
    for (const name of ['content-type', linkTimeHeader]) {
      const value = answer.headers[name];
      if (typeof value === 'string') headers.set(name, value);
    }
    const stream = streamOf(arriving(answer.body), () => gone.abort());
    return new Response(stream, { status: answer.statusCode, headers });
  }

  close(): Promise<void> {
    return this.#agent.close();
  }
}

/**
 * What came since it was asked last, as one piece: TLS brings 16 KiB at a time, and each piece costs its way through. Where
 * the worker is cut off it ends: blocks and JSON tell by themselves whether they are whole.
 */
async function* arriving(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch {
    return;
  }
}

function passedHeaders(c: Context): Record<string, string> {
  const names = ['authorization', 'accept-encoding', 'content-type'];
  return Object.fromEntries(
    names.flatMap((name) => [[name, c.req.header(name) ?? '']]).filter(([, value]) => value !== ''),
  );
}

/** Requests are polls and controls: small, and bounded before they are passed on. Answers are the large part. */
async function smallBody(c: Context): Promise<Buffer | null | 'too large'> {
  if (c.req.raw.body === null) return null;
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of c.req.raw.body) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > CONTROL_BODY_BYTES_MAX) return 'too large';
  }
  return Buffer.concat(pieces, bytes);
}

function refuse(c: Context, status: 400 | 401 | 403 | 404 | 413 | 502 | 503, error: string): Response {
  return c.json({ error }, status);
}
