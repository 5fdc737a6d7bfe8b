import type { z } from 'zod';
import { ApiError } from '../../wire/api-error.ts';

/** Bodies of ordinary calls. */
export const bodyBytesMax = 1024 * 1024;
/** Bodies that list all shards: 100,000 shards of some 500 bytes. */
export const bulkBodyBytesMax = 64 * 1024 * 1024;

/** Reads a body to its end, refusing more than `bytesMax` with 413 before it is held. */
export async function readBody(request: Request, bytesMax: number): Promise<string> {
  if (request.body === null) return '';
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of request.body) {
    bytes += part.byteLength;
    if (bytes > bytesMax) throw new ApiError(413, `the body is larger than ${bytesMax} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

/** Parses a JSON body, whatever its Content-Type: clients send none. No body reads as `{}`. */
export function parseBody<T>(text: string, schema: z.ZodType<T>): T {
  const result = schema.safeParse(text.trim() === '' ? {} : parseJson(text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
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
