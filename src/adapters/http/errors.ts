import type { Context, Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { LogUnavailable } from '../../events/log-errors.ts';
import { ArangoError, ArangoUnreachable } from '../../replication/arango.ts';
import { ApiError } from '../../wire/api-error.ts';
import type { AppEnvironment } from './environment.ts';

/** What an error says on the wire, and whether it is a surprise that belongs into the log. */
export interface WireError {
  readonly status: number;
  readonly message: string;
  readonly unexpected: boolean;
}

/** A refusal goes out as it is, a database that cannot serve now is 503; anything else is 500 and names no internals. */
export function toWireError(error: unknown): WireError {
  if (error instanceof ApiError) return { status: error.status, message: error.message, unexpected: false };
  if (isDatabaseTrouble(error)) return { status: 503, message: 'the database cannot serve now', unexpected: true };
  return { status: 500, message: 'internal error; the log of this process tells more', unexpected: true };
}

/** Answers every failure as `{"error": "<text>"}`, unknown routes included; `onUnexpected` gets what is not a refusal. */
export function answerErrors(
  app: Hono<AppEnvironment>,
  onUnexpected: (error: unknown, request: { method: string; path: string }) => void,
): void {
  app.notFound((context) => errorAnswer(context, 404, `no such call: ${context.req.method} ${context.req.path}`));
  app.onError((error, context) => {
    const wire = toWireError(error);
    // Whoever went away is told nothing, and what breaks by that is no surprise.
    const isGone = context.req.raw.signal.aborted;
    if (wire.unexpected && !isGone) onUnexpected(error, { method: context.req.method, path: context.req.path });
    return errorAnswer(context, wire.status, wire.message);
  });
}

function isDatabaseTrouble(error: unknown): boolean {
  if (error instanceof LogUnavailable || error instanceof ArangoUnreachable) return true;
  return error instanceof ArangoError && error.status >= 500;
}

function errorAnswer(context: Context, status: number, message: string): Response {
  return context.json({ error: message }, status as ContentfulStatusCode);
}
