import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { signToken } from '../http/jwt.ts';
import type { Reply } from '../http/reply.ts';

/** Headers of the other server's answer that belong to its connection or are added by this one again. */
const dropped = new Set([
  'connection',
  'content-length',
  'content-type',
  'cache-control',
  'content-security-policy',
  'expires',
  'pragma',
  'server',
  'strict-transport-security',
  'x-arango-queue-time-seconds',
  'x-content-type-options',
]);

/**
 * Passes a request on to a DB-Server as it is, with the superuser's token in place of the caller's (5.0) and the `added` headers. Unknown server
 * 404/1449, one that does not answer 503/1478.
 */
export function forward(
  request: ApiRequest,
  serverId: string,
  added: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const { deployment } = request.server;
  const target = deployment.cluster?.servers().find(({ id, role }) => id === serverId && role === 'dbserver');
  if (target === undefined) throw new ArangoApiError(1449, `cluster server ${serverId} unknown`, 404);
  const query = request.query.raw === '' ? '' : `?${request.query.raw}`;
  const url = `${target.endpoint}/_db/${encodeURIComponent(request.database)}${request.path}${query}`;
  const headers = { ...forwardedHeaders(request), ...added };
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const call = send(url, { method: request.method, headers, rejectUnauthorized: false }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('error', () => reject(unreachable(serverId)));
      answer.on('end', () => {
        const status = answer.statusCode as number;
        const contentType = answer.headers['content-type'] as string;
        resolve({ status, contentType, body: pieces, headers: keptHeaders(answer.rawHeaders, serverId) });
      });
    });
    call.on('error', () => reject(unreachable(serverId)));
    call.end(request.body);
  });
}

function forwardedHeaders(request: ApiRequest): Record<string, string> {
  const [secret] = request.server.deployment.auth.jwtSecrets;
  const headers: Record<string, string> = { 'content-length': String(request.body.length) };
  for (const [name, value] of Object.entries(request.headers)) {
    if (!/^(x-arango-|accept$|content-type$)/.test(name) || typeof value !== 'string') continue;
    if (name !== 'x-arango-async') headers[name] = value;
  }
  if (secret !== undefined) {
    headers.authorization = `bearer ${signToken({ iss: 'arangodb', server_id: request.server.id }, secret)}`;
  }
  return headers;
}

function keptHeaders(raw: readonly string[], serverId: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    if (!dropped.has(name.toLowerCase())) headers[name] = raw[index + 1] as string;
  }
  headers['X-Arango-Request-Forwarded-To'] = serverId;
  return headers;
}

function unreachable(serverId: string): ArangoApiError {
  return new ArangoApiError(1478, `cluster server ${serverId} could not be reached`);
}
