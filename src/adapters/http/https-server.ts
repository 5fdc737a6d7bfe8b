import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Bindings } from './environment.ts';

export interface HttpsServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** PEM, the chain included. */
  readonly certificate: string;
  readonly key: string;
  /** CA of the client certificates to accept; absent: none is asked for. */
  readonly clientCa?: string;
}

/** What answers requests: an app, or something that decides which one. */
export interface RequestHandler {
  fetch(request: Request, bindings: Bindings): Response | Promise<Response>;
}

export interface RunningServer {
  readonly port: number;
  /** Replaces the certificate for new connections. */
  useCertificate(certificate: string, key: string): void;
  /** Stops accepting, gives running requests `graceMs`, then cuts what is left. */
  stop(graceMs: number): Promise<void>;
}

/** Time to send all headers. */
const headersTimeoutMs = 10_000;
/** Time to send a whole request; answers may take longer. */
const requestTimeoutMs = 120_000;
/** Longer than clients keep an idle connection, so that the client is the one to close it. */
const keepAliveTimeoutMs = 75_000;
const headerBytesMax = 32 * 1024;

/**
 * Serves an app over HTTPS. Client certificates are asked for and verified, not required: whether one is needed is the
 * app's decision, call by call.
 */
export async function serveHttps(app: RequestHandler, options: HttpsServerOptions): Promise<RunningServer> {
  const tls = {
    cert: options.certificate,
    key: options.key,
    minVersion: 'TLSv1.2',
    ...(options.clientCa === undefined ? {} : { ca: options.clientCa, requestCert: true, rejectUnauthorized: false }),
  } as const;
  const server = createAdaptorServer({
    fetch: (request, { incoming }) => app.fetch(request, { incoming: incoming as IncomingMessage }),
    createServer,
    serverOptions: {
      ...tls,
      maxHeaderSize: headerBytesMax,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
    },
  }) as Server;
  server.on('tlsClientError', () => {
    // A client that does not speak TLS, or refuses our certificate, is its own affair: the connection is closed.
  });
  const port = await listen(server, options);
  return {
    port,
    useCertificate: (certificate, key) => server.setSecureContext({ ...tls, cert: certificate, key }),
    stop: (graceMs) => stop(server, graceMs),
  };
}

function listen(server: Server, options: HttpsServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Error(`cannot listen on ${options.host}:${options.port}: ${error.message}`, { cause: error })),
    );
    server.listen(options.port, options.host, () => resolve((server.address() as AddressInfo).port));
  });
}

function stop(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
