import type { Reply } from './reply.ts';
import { JSON_TYPE, TEXT_TYPE } from './reply.ts';

/**
 * The standard headers of a 3.12 server (reference 1.2), as a flat list for `writeHead`: names go out capitalised, as the
 * server sends them, and in one piece without a map being built for every answer.
 */
const standard: readonly string[] = [
  'X-Content-Type-Options',
  'nosniff',
  'Cache-Control',
  'no-cache, no-store, must-revalidate, pre-check=0, post-check=0, max-age=0, s-maxage=0',
  'Content-Security-Policy',
  "frame-ancestors 'self'; form-action 'self';",
  'Expires',
  '0',
  'Pragma',
  'no-cache',
  'Strict-Transport-Security',
  'max-age=31536000 ; includeSubDomains',
  'Server',
  'ArangoDB',
];

/** The whole header list of an answer; `closes`: the client asked for the connection's end. */
export function headersOf(reply: Reply, contentLength: number, queueTimeSeconds: number, closes: boolean): string[] {
  const list = [...standard, 'Connection', closes ? 'Close' : 'Keep-Alive'];
  if (reply.headers !== undefined) {
    for (const [name, value] of Object.entries(reply.headers)) {
      if (typeof value === 'string') list.push(name, value);
      else for (const single of value) list.push(name, single);
    }
  }
  list.push('X-Arango-Queue-Time-Seconds', queueTimeSeconds.toFixed(6));
  list.push('Content-Type', reply.contentType ?? (reply.body === undefined ? TEXT_TYPE : JSON_TYPE));
  list.push('Content-Length', String(contentLength));
  return list;
}

/** The two challenges of a 401 (1.5). */
export const CHALLENGES: Readonly<Record<string, readonly string[]>> = {
  'Www-Authenticate': ['Basic, realm="ArangoDB"', 'Bearer, token_type="JWT", realm="ArangoDB"'],
};

/** What `OPTIONS` tells a browser (1.2). */
export function optionsHeaders(origin: string | undefined, asked: string | undefined): Record<string, string> {
  const methods = 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT';
  return {
    Allow: methods,
    ...(origin === undefined
      ? {}
      : {
          'Access-Control-Allow-Credentials': 'false',
          'Access-Control-Allow-Methods': methods,
          'Access-Control-Allow-Origin': origin,
          'Access-Control-Max-Age': '1800',
          ...(asked === undefined ? {} : { 'Access-Control-Allow-Headers': asked }),
        }),
  };
}
