import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import { getRequestListener, RequestError } from '@hono/node-server';
import { isTrustedStill } from '../tls/index.ts';
import type { Bindings } from './environment.ts';
import {
  connectionsMax,
  handshakeTimeoutMs,
  headerBytesMax,
  headersMax,
  headersTimeoutMs,
  keepAliveTimeoutMs,
  requestTimeoutMs,
  timeoutCheckMs,
} from './limits.ts';

export interface HttpsServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** PEM, the chain included. */
  readonly certificate: string;
  readonly key: string;
  /** CA of the client certificates to accept; absent: none is asked for. */
  readonly clientCa?: string;
  /** Other times than those of `limits.ts`, in milliseconds. */
  readonly times?: Partial<RequestTimes>;
}

export interface RequestTimes {
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly timeoutCheckMs: number;
}

export interface ServedTls {
  /** PEM, the chain included. */
  readonly certificate: string;
  readonly key: string;
  /** Absent: the one of before. */
  readonly clientCa?: string;
}

/** What answers requests: an app, or something that decides which one. */
export interface RequestHandler {
  fetch(request: Request, bindings: Bindings): Response | Promise<Response>;
}

export interface RunningServer {
  readonly port: number;
  /**
   * Serves new connections with this, running ones go on. The CA of client certificates can be replaced, not taken away or
   * added: connections whose client certificate the new one does not verify are cut. Throws on what cannot serve, and
   * then nothing has changed.
   */
  use(tls: ServedTls): void;
  /** Stops accepting, gives running requests `graceMs`, then cuts what is left. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Serves an app over HTTPS. Client certificates are asked for and verified, not required: whether one is needed is the
 * app's decision, call by call. What never reaches the app, because it is no request or too large or too slow, is
 * answered in the same form: `{"error": "<text>"}`.
 */
export async function serveHttps(app: RequestHandler, options: HttpsServerOptions): Promise<RunningServer> {
  let current: SecureContextOptions & { readonly ca?: string } & Record<string, unknown> = {
    cert: options.certificate,
    key: options.key,
    minVersion: 'TLSv1.2',
    ...(options.clientCa === undefined ? {} : { ca: options.clientCa, requestCert: true, rejectUnauthorized: false }),
  };
  const times = { headersTimeoutMs, requestTimeoutMs, timeoutCheckMs, ...options.times };
  const listener = getRequestListener(
    (request, { incoming }) => app.fetch(request, { incoming: incoming as IncomingMessage }),
    { errorHandler: answerUnread },
  );
  const serverOptions = {
    ...current,
    handshakeTimeout: handshakeTimeoutMs,
    maxHeaderSize: headerBytesMax,
    headersTimeout: times.headersTimeoutMs,
    requestTimeout: times.requestTimeoutMs,
    connectionsCheckingInterval: times.timeoutCheckMs,
    keepAliveTimeout: keepAliveTimeoutMs,
  };
  const server = createServer(serverOptions, (request, response) => {
    // Who asks on and on over one connection would hold up a stop for all of its grace.
    if (!server.listening) response.setHeader('Connection', 'close');
    return listener(request, response);
  });
  server.maxHeadersCount = headersMax;
  server.maxConnections = connectionsMax;
  server.on('clientError', refuse);
  server.on('tlsClientError', () => {
    // A client that does not speak TLS, or refuses our certificate, is its own affair: the connection is closed.
  });
  const shown = clientsThatShowCertificates(server);
  const port = await listen(server, options);
  return {
    port,
    use: ({ certificate, key, clientCa }) => {
      const isOtherCa = clientCa !== undefined && clientCa !== current.ca;
      const next = {
        ...current,
        cert: certificate,
        key,
        ...(isOtherCa && current.ca !== undefined ? { ca: clientCa } : {}),
      };
      server.setSecureContext(next);
      current = next;
      if (isOtherCa) cutUntrusted(shown, clientCa);
    },
    stop: (graceMs) => stop(server, graceMs),
  };
}

/** An app answers its own failures: what comes here is a request that could not be handed to it. */
function answerUnread(error: unknown): Response {
  if (error instanceof RequestError) {
    return Response.json({ error: `bad request: ${error.message}` }, { status: 400 });
  }
  return Response.json({ error: 'internal error; the log of this process tells more' }, { status: 500 });
}

const refusals: Readonly<Record<string, readonly [status: number, text: string]>> = {
  HPE_HEADER_OVERFLOW: [431, `the headers are larger than ${headerBytesMax} bytes`],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not arrive in time'],
};

/** Answers what Node could not read as a request, and closes the connection. */
function refuse(error: Error & { readonly code?: string }, socket: Duplex): void {
  if (!socket.writable) return void socket.destroy();
  const [status, text] = refusals[error.code ?? ''] ?? [400, 'bad request: this is not HTTP'];
  const body = JSON.stringify({ error: text });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** Connections whose client showed a certificate that was verified. */
function clientsThatShowCertificates(server: Server): ReadonlySet<TLSSocket> {
  const shown = new Set<TLSSocket>();
  server.on('secureConnection', (socket) => {
    if (!socket.authorized) return;
    shown.add(socket);
    socket.once('close', () => shown.delete(socket));
  });
  return shown;
}

/** Who goes on over a connection that was opened in time must not keep the rights of a CA that was taken away. */
function cutUntrusted(shown: ReadonlySet<TLSSocket>, clientCa: string): void {
  for (const socket of shown) if (!isTrustedStill(socket, clientCa)) socket.destroy();
}

function listen(server: Server, options: HttpsServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Error(`cannot listen on ${options.host}:${options.port}: ${error.message}`, { cause: error })),
    );
    server.listen(options.port, options.host, () => resolve((server.address() as AddressInfo).port));
  });
}

const CLOSE_IDLE_EVERY_MS = 50;

function stop(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    // A connection whose request was running when the server closed is idle, and open, once that is answered.
    const sweep = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS);
    server.close(() => {
      clearTimeout(cut);
      clearInterval(sweep);
      resolve();
    });
  });
}
