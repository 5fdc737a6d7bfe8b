import type { Reply } from './reply.ts';
import { JSON_TYPE, TEXT_TYPE } from './reply.ts';

/**
 * The standard headers of a server (reference 1.2), as a flat list for `writeHead`: names go out capitalised, as the
 * server sends them, and in one piece without a map being built for every answer.
 */
const standard: readonly string[] = ['X-Content-Type-Options', 'nosniff', 'Server', 'ArangoDB'];

/** Those that came with 3.10. */
const security: readonly string[] = [
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
];
const secured: readonly string[] = [...standard.slice(0, 2), ...security, ...standard.slice(2)];

/** What the headers of an answer depend on besides the answer. */
export interface HeaderSettings {
  /** Seconds that requests wait; undefined where the version does not tell. */
  readonly queued: number | undefined;
  /** The client asked for the connection's end. */
  readonly closes: boolean;
  /** The headers of 3.10. */
  readonly secures: boolean;
}

/** The whole header list of an answer. */
export function headersOf(reply: Reply, contentLength: number, { queued, closes, secures }: HeaderSettings): string[] {
  const list = [...(secures ? secured : standard), 'Connection', closes ? 'Close' : 'Keep-Alive'];
  if (reply.headers !== undefined) {
    for (const [name, value] of Object.entries(reply.headers)) {
      if (typeof value === 'string') list.push(name, value);
      else for (const single of value) list.push(name, single);
    }
  }
  if (queued !== undefined) list.push('X-Arango-Queue-Time-Seconds', queued.toFixed(6));
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
