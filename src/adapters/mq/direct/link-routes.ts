import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { z } from 'zod';
import type { Control } from '../../../replication/queue.ts';
import {
  LinkControls,
  type LinkControlsTaken,
  type LinkOpened,
  LinkPoll,
  linkTimeHeader,
} from '../../../wire/queue-link.ts';
import type { QueueTokenClaims } from '../../../wire/queue-token.ts';
import type { Clock } from '../../../worker/clock.ts';
import type { QueueTokens } from '../token.ts';
import { CONTROL_BODY_BYTES_MAX } from './limits.ts';
import { LinkClosed } from './link-closed.ts';
import type { LinkHost } from './link-host.ts';
import { PollSuperseded, type SenderSession } from './sender-session.ts';
import { streamOf } from './stream-response.ts';

export interface LinkRoutesOptions {
  /** Undefined while the worker runs no source engine. */
  readonly host: () => LinkHost | undefined;
  readonly tokens: QueueTokens;
  readonly clock: Clock;
}

export type LinkRoutesEnv = { Variables: { claims: QueueTokenClaims; host: LinkHost } };

/**
 * The link endpoints of a source worker, to be mounted under `/_api/mq/direct/link`. 410 means that the link is no more:
 * the target opens a new one and its channels again. 409 means that a newer poll took over.
 */
export function linkRoutes(options: LinkRoutesOptions): Hono<LinkRoutesEnv> {
  const app = new Hono<LinkRoutesEnv>();
  app.use(async (c, next) => {
    const claims = options.tokens.verifyAuthorization(c.req.header('authorization'));
    if (claims === undefined) return refuse(c, 401, 'a valid message queue token is needed');
    const host = options.host();
    if (host === undefined) return refuse(c, 503, 'this worker has no task to send anything yet');
    c.set('claims', claims);
    c.set('host', host);
    c.header(linkTimeHeader, String(options.clock.wallMs()));
    return next();
  });
  app.use(bodyLimit({ maxSize: CONTROL_BODY_BYTES_MAX, onError: (c) => refuse(c, 413, 'the request is too large') }));
  app.put('/:session', openLink);
  app.post('/:session/poll', (c) => orEnded(c, poll));
  app.post('/:session/control', (c) => orEnded(c, takeControls));
  app.delete('/:session', (c) => {
    find(c)?.close('the target closed it');
    return c.json({});
  });
  return app;
}

function openLink(c: Context<LinkRoutesEnv>): Response {
  const id = c.req.param('session') ?? '';
  if (!/^[0-9A-Z]{26}$/.test(id)) return refuse(c, 400, 'the session must be a ULID');
  const opened = c.var.host.open(id, c.var.claims.target);
  if (opened.kind === 'foreign') return refuse(c, 403, `link ${id} belongs to another target`);
  if (opened.kind === 'ended') return refuse(c, 410, `link ${id} has ended`);
  if (opened.kind === 'full') return refuse(c, 503, 'this worker serves as many links as it can');
  opened.session.touch();
  return c.json({ session: id } satisfies z.infer<typeof LinkOpened>);
}

async function poll(c: Context<LinkRoutesEnv>): Promise<Response> {
  const session = find(c);
  if (session === undefined) return noSuchLink(c);
  const request = await parsed(c, LinkPoll);
  if (request === undefined) return refuse(c, 400, 'not a poll');
  session.touch();
  const gone = new AbortController();
  const chunks = session.poll(request, c.req.header('accept-encoding'), gone.signal);
  return c.body(
    streamOf(chunks, () => gone.abort()),
    200,
    { 'content-type': 'application/octet-stream' },
  );
}

async function takeControls(c: Context<LinkRoutesEnv>): Promise<Response> {
  const session = find(c);
  if (session === undefined) return noSuchLink(c);
  const request = await parsed(c, LinkControls);
  if (request === undefined) return refuse(c, 400, 'not a list of controls');
  session.touch();
  const controls: readonly Control[] = request.controls;
  const next = session.takeControls(request.from, controls, request.ack);
  return c.json({ next } satisfies z.infer<typeof LinkControlsTaken>);
}

/** What ends a link, or a poll, is an answer; any other failure is a surprise and goes to the app that mounts this. */
async function orEnded(
  c: Context<LinkRoutesEnv>,
  handle: (c: Context<LinkRoutesEnv>) => Promise<Response>,
): Promise<Response> {
  try {
    return await handle(c);
  } catch (error) {
    if (error instanceof PollSuperseded) return refuse(c, 409, error.message);
    if (error instanceof LinkClosed) return refuse(c, 410, error.message);
    throw error;
  }
}

function find(c: Context<LinkRoutesEnv>): SenderSession | undefined {
  return c.var.host.find(c.req.param('session') ?? '', c.var.claims.target);
}

async function parsed<T extends z.ZodType>(c: Context<LinkRoutesEnv>, schema: T): Promise<z.infer<T> | undefined> {
  try {
    const outcome = schema.safeParse(JSON.parse(await c.req.text()));
    return outcome.success ? outcome.data : undefined;
  } catch {
    return undefined;
  }
}

function noSuchLink(c: Context<LinkRoutesEnv>): Response {
  return refuse(
    c,
    410,
    `there is no link ${c.req.param('session')} of this target here: it expired, or this worker was started again`,
  );
}

function refuse(c: Context, status: 400 | 401 | 403 | 409 | 410 | 413 | 503, error: string): Response {
  return c.json({ error }, status);
}
