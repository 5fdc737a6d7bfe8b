import { type Context, Hono } from 'hono';
import type { z } from 'zod';
import { ApiError } from '../../wire/api-error.ts';
import type { Caller } from '../../wire/caller.ts';
import { type Authentication, NotPermitted } from './authentication.ts';
import { bodyBytesMax, bodyStream, parseBody, readBody } from './body.ts';
import { type AppEnvironment, addressOf, peerCertificate, withOrigin } from './environment.ts';
import { answerErrors } from './errors.ts';
import { clientIdCharactersMax } from './limits.ts';
import { mayCall, type Route, type RouteRequest } from './routes.ts';

export type App = Hono<AppEnvironment>;

export interface AppOptions {
  readonly authentication: Authentication;
  readonly onUnexpected: (error: unknown, request: { method: string; path: string }) => void;
  /** Called after each request, for logs and metrics. */
  readonly onAnswered?: (answered: Answered) => void;
  /** Told of a call that would have changed something and was refused, by a caller that is known; answered afterwards. */
  readonly onRefused?: (refused: RefusedCall) => Promise<void>;
  /**
   * Answers a call marked `leader` in the leader's name, or undefined when this process leads and is to answer itself.
   * Absent on workers.
   */
  readonly forward?: (context: Context<AppEnvironment>) => Promise<Response | undefined>;
}

export interface RefusedCall {
  /** Method and path of the route. */
  readonly command: string;
  /** Parameters of the path. */
  readonly subject: Readonly<Record<string, string>>;
  readonly caller: Caller;
  readonly error: ApiError;
}

export interface Answered {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
  readonly caller: string;
  readonly clientId: string | undefined;
  /** Where the request came from; undefined without a socket. */
  readonly address: string | undefined;
}

/**
 * An app that serves `routes`: recognises the caller, checks its rights, passes leader's calls on, answers JSON. `mount`
 * adds what has its own ways (streams, queue tokens) before the table.
 */
export function createApp(routes: readonly Route[], options: AppOptions, mount?: (app: App) => void): App {
  const app: App = new Hono<AppEnvironment>();
  answerErrors(app, options.onUnexpected);
  mount?.(app);
  for (const route of routes) {
    app.on(route.method, route.path, (context) => serveRoute(route, context, options));
  }
  return app;
}

async function serveRoute(route: Route, context: Context<AppEnvironment>, options: AppOptions): Promise<Response> {
  const startedAt = performance.now();
  let status = 500;
  try {
    const answer = await admitAndAnswer(route, context, options);
    status = answer.status;
    return answer;
  } catch (error) {
    if (error instanceof ApiError) {
      status = error.status;
      await tellRefusal(route, context, error, options);
    }
    throw error;
  } finally {
    options.onAnswered?.({
      method: route.method,
      route: route.path,
      status,
      durationMs: performance.now() - startedAt,
      caller: (context.get('caller') as AppEnvironment['Variables']['caller'] | undefined)?.name ?? '',
      clientId: clientIdOf(context),
      address: addressOf(context),
    });
  }
}

/** Statuses of a refusal: 408 and 5xx ask for another try, 401 is nobody's. */
const refusals: readonly number[] = [400, 403, 404, 409, 412, 413];

async function tellRefusal(
  route: Route,
  context: Context<AppEnvironment>,
  error: ApiError,
  { onRefused }: AppOptions,
): Promise<void> {
  const known = context.get('caller') as Caller | undefined;
  const caller = error instanceof NotPermitted ? withOrigin(error.caller, context) : known;
  if (onRefused === undefined || caller === undefined || !refusals.includes(error.status)) return;
  // Workers are told so all the time, about what they no longer hold.
  const isOwnWorker = route.rights === 'internal' && caller.kind === 'secret';
  if (route.method === 'GET' || route.reads === true || isOwnWorker) return;
  const subject = context.req.param() as Record<string, string>;
  await onRefused({ command: `${route.method} ${route.path}`, subject, caller, error });
}

async function admitAndAnswer(route: Route, context: Context<AppEnvironment>, options: AppOptions): Promise<Response> {
  await admit(route, context, options.authentication);
  const forwarded = await forwardIfNeeded(route, context, options);
  if (forwarded !== undefined) return forwarded;
  const answer = await route.handle(requestOf(route, context));
  if (answer instanceof Response) return answer;
  return typeof answer === 'string' ? context.text(answer) : context.json(answer ?? {});
}

async function forwardIfNeeded(
  route: Route,
  context: Context<AppEnvironment>,
  options: AppOptions,
): Promise<Response | undefined> {
  if (route.at === 'any') return undefined;
  try {
    return await options.forward?.(context);
  } catch (error) {
    if (route.at === 'leader-if-possible' && error instanceof ApiError && error.status === 503) return undefined;
    throw error;
  }
}

async function admit(route: Route, context: Context<AppEnvironment>, authentication: Authentication): Promise<void> {
  const authenticated = await authentication.authenticate({
    authorization: context.req.header('authorization'),
    path: context.req.path,
    certificate: peerCertificate(context.env),
  });
  const { beside, hops } = authenticated;
  const mayNot = !mayCall(route.rights, authenticated.caller);
  const caller = mayNot && beside !== undefined ? beside : authenticated.caller;
  // Of a request that was passed on, the master that it reached first has noted where it came from.
  context.set('caller', hops > 0 ? caller : withOrigin(caller, context));
  context.set('hops', hops);
  if (!mayCall(route.rights, caller)) {
    throw new ApiError(403, `forbidden: ${route.method} ${route.path} is not for ${describe(caller.kind)}`);
  }
}

function describe(kind: string): string {
  return kind === 'monitoring' ? 'the monitoring token' : `callers by ${kind}`;
}

function requestOf(route: Route, context: Context<AppEnvironment>): RouteRequest {
  return {
    caller: context.get('caller'),
    param: (name) => {
      const value = context.req.param(name);
      if (value === undefined || value === '') throw new ApiError(400, `bad request: the path lacks ${name}`);
      return value;
    },
    query: (name) => context.req.query(name) || undefined,
    body: async <T>(schema: z.ZodType<T>) =>
      parseBody(await bodyText(context, route.bodyBytesMax ?? bodyBytesMax), schema),
    signal: context.req.raw.signal,
    clientId: clientIdOf(context),
  };
}

async function bodyText(context: Context<AppEnvironment>, bytesMax: number): Promise<string> {
  const held = context.get('heldBody');
  if (held !== undefined) return held?.toString() ?? '';
  return await readBody(bodyStream(context), bytesMax);
}

function clientIdOf(context: Context<AppEnvironment>): string | undefined {
  return context.req.header('x-arangosync-client-id')?.slice(0, clientIdCharactersMax);
}
