import type { Context } from 'hono';
import type { z } from 'zod';
import { ApiError } from '../../wire/api-error.ts';
import type { AppEnvironment } from './environment.ts';

/** Bodies of ordinary calls. */
export const bodyBytesMax = 1024 * 1024;
/** Bodies that list all shards: 100,000 shards of some 500 bytes. */
export const bulkBodyBytesMax = 64 * 1024 * 1024;

/** The bytes of a request's body as they arrive. */
export type BodyStream = AsyncIterable<Uint8Array>;

/**
 * The body of a request, or null when it has none. That of a GET is taken from the socket: clients send one with the call
 * for a checksum, and a `Request` cannot carry it.
 */
export function bodyStream({ req, env }: Context<AppEnvironment>): BodyStream | null {
  const { raw } = req;
  if (raw.method !== 'GET') return raw.body;
  const { incoming } = env ?? {};
  if (incoming === undefined) return null;
  const { 'content-length': length, 'transfer-encoding': encoding } = incoming.headers;
  return encoding !== undefined || Number(length ?? 0) > 0 ? incoming : null;
}

/** Reads a body to its end, refusing more than `bytesMax` with 413 before it is held. */
export async function readBody(body: BodyStream | null, bytesMax: number): Promise<string> {
  if (body === null) return '';
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body) {
    bytes += part.byteLength;
    if (bytes > bytesMax) throw new ApiError(413, `the body is larger than ${bytesMax} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

/** Parses a JSON body, whatever its Content-Type: clients send none. No body reads as `{}`. */
export function parseBody<T>(text: string, schema: z.ZodType<T>): T {
  const value = text.trim() === '' ? {} : parseJson(text);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  // Clients in Go write null for what they leave empty, and mean what is absent.
  const second = text.includes('null') ? schema.safeParse(withoutNulls(value)) : result;
  if (second.success) return second.data;
  const [issue] = second.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? 'body' : issue.path.join('.');
  throw new ApiError(400, `bad request: ${where}: ${issue?.message ?? 'invalid'}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(400, 'bad request: the body is not JSON');
  }
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
}
