import type { IncomingMessage } from 'node:http';
import { gunzipSync, inflateSync } from 'node:zlib';
import { ArangoApiError } from './errors.ts';

/** Largest body, also after decompression (reference 1.2). */
export const BODY_BYTES_MAX = 1024 ** 3;

/** A body of unknown length is not taken: the server wants `Content-Length` (1.2). */
export function refuseBadLength(request: IncomingMessage): void {
  if (request.headers['transfer-encoding'] !== undefined) {
    throw new ArangoApiError(411, 'chunked request bodies are not supported, send Content-Length', 411);
  }
  const length = Number(request.headers['content-length'] ?? 0);
  if (length > BODY_BYTES_MAX) throw new ArangoApiError(413, `body of ${length} bytes is too large`);
}

/** Reads the body into one buffer. Rejects when the connection ends early. */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  const length = Number(request.headers['content-length'] ?? 0);
  if (!(length > 0)) {
    request.resume();
    return Promise.resolve(nothing);
  }
  return new Promise((resolve, reject) => {
    // The length is known, so the chunks are copied once, into one buffer.
    const body = Buffer.allocUnsafe(length);
    let filled = 0;
    request.on('data', (chunk: Buffer) => {
      chunk.copy(body, filled);
      filled += chunk.length;
    });
    request.on('end', () => resolve(body));
    request.on('error', reject);
    request.on('close', () => {
      if (filled < length) reject(new Error('the connection was closed inside the request body'));
    });
  });
}

/** Undoes `Content-Encoding`; 400/10 for another one, or for data that is damaged. */
export function decompress(body: Buffer, encoding: string | undefined): Buffer {
  if (encoding === undefined || encoding === 'identity' || body.length === 0) return body;
  try {
    const options = { maxOutputLength: BODY_BYTES_MAX };
    if (encoding === 'gzip') return gunzipSync(body, options);
    if (encoding === 'deflate') return inflateSync(body, options);
  } catch (error) {
    throw new ArangoApiError(10, `cannot decompress the body: ${error instanceof Error ? error.message : 'damaged'}`);
  }
  throw new ArangoApiError(10, `unsupported content-encoding '${encoding}'`);
}

const nothing = Buffer.alloc(0);
