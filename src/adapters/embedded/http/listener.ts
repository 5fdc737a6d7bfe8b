import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultRule, Faults } from '../control/faults.ts';
import { freePort } from '../free-ports.ts';
import type { Features } from '../versions/features.ts';
import type { Door } from './door.ts';
import { ArangoApiError } from './errors.ts';
import { headersOf } from './headers.ts';
import { failure, type Reply } from './reply.ts';
import { readBody, refuseBadLength } from './request-body.ts';

/** Longest URL and longest headers (reference 1.2); idle connections close after the last one. */
const URL_BYTES_MAX = 16 * 1024;
const HEADER_BYTES_MAX = 1024 * 1024;
const IDLE_MS_MAX = 300_000;

export interface ListenerOptions {
  readonly serverId: string;
  readonly host: string;
  /** 0 picks a free one; it is kept over {@link Listener.close} and a later {@link Listener.listen}. */
  readonly port: number;
  /** Key and certificate in one PEM text. */
  readonly keyfile: string | undefined;
  readonly door: Door;
  readonly faults: Faults;
  /** Resolves when the server is not frozen. */
  readonly thawed: () => Promise<void> | undefined;
  readonly queueTimeSeconds: () => number;
  readonly features: Features;
}

/**
 * One listening port. It stands on `node:http` itself and not on a framework: the server sends its header names
 * capitalised, which the Fetch API's headers cannot, and the stand-in must not be what a benchmark measures.
 */
export class Listener {
  readonly #options: ListenerOptions;
  #server: Server | undefined;
  #port: number;
  readonly #sockets = new Set<Socket>();

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#port = options.port;
  }

  get port(): number {
    return this.#port;
  }

  get listening(): boolean {
    return this.#server !== undefined;
  }

  async listen(): Promise<void> {
    const { host, keyfile } = this.#options;
    const settings = { maxHeaderSize: HEADER_BYTES_MAX + URL_BYTES_MAX, keepAliveTimeout: IDLE_MS_MAX };
    const server =
      keyfile === undefined ? createServer(settings) : createTlsServer({ ...settings, key: keyfile, cert: keyfile });
    // Long requests are the clients' affair, as with the real server.
    server.requestTimeout = 0;
    server.on('request', (request, response) => void this.#serve(request, response));
    server.on(keyfile === undefined ? 'connection' : 'secureConnection', (socket: Socket) => this.#hold(socket));
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuseRaw(error, socket));
    // Not one of the system's choice: an outgoing connection could have it while this server is stopped.
    if (this.#port === 0) this.#port = await freePort(host);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, host, () => resolve());
    });
    this.#server = server;
  }

  /** Closes the port and every connection at once. */
  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    this.cut();
    await closed;
  }

  /** Cuts every connection, but goes on listening. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #hold(socket: Socket): void {
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { door, faults, serverId, thawed } = this.#options;
    response.on('error', () => response.destroy());
    let body: Buffer;
    try {
      if ((request.url as string).length > URL_BYTES_MAX) throw new ArangoApiError(414, 'URI too long', 414);
      refuseBadLength(request);
      body = await readBody(request);
    } catch (error) {
      // What is left of the body is not read: the connection cannot be used again.
      response.once('finish', () => request.destroy());
      if (error instanceof ArangoApiError) this.#send(request, response, door.refusal(error, request));
      return;
    }
    await thawed();
    const fault = faults.take(serverId, request.method as string, request.url as string);
    const reply = fault === undefined ? await door.answer(request, body) : await this.#harmed(fault, request, body);
    // A server that was stopped or frozen meanwhile answers no more, or later; the effect stays.
    await thawed();
    if (reply === undefined) response.destroy();
    else this.#send(request, response, reply);
  }

  /** The answer under a fault; undefined: none, the connection is cut. */
  async #harmed(rule: FaultRule, request: IncomingMessage, body: Buffer): Promise<Reply | undefined> {
    const { door } = this.#options;
    const { action, when = 'before' } = rule;
    if (action.kind === 'cut-then-land') {
      void later(action.ms).then(() => door.answer(request, body));
      return undefined;
    }
    if (action.kind === 'cut-then-hold') {
      this.#options.faults.hold(() => door.answer(request, body));
      return undefined;
    }
    if (action.kind === 'delay') {
      if (when === 'before') await later(action.ms);
      const reply = await door.answer(request, body);
      if (when === 'after') await later(action.ms);
      return reply;
    }
    if (when === 'after') await door.answer(request, body);
    if (action.kind === 'cut') return undefined;
    const { status, errorNum = status, message = 'failed by a fault of the stand-in' } = action;
    return failure(status, errorNum, message);
  }

  #send(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
    if (response.destroyed) return;
    const body = reply.body ?? [];
    let length = 0;
    for (const piece of body) length += piece.length;
    response.sendDate = false;
    const closes = request.headers.connection?.toLowerCase() === 'close';
    const { queueTimeSeconds, features } = this.#options;
    const queued = features.queueTimeHeader ? queueTimeSeconds() : undefined;
    response.writeHead(reply.status, headersOf(reply, length, { queued, closes, secures: features.securityHeaders }));
    if (request.method === 'HEAD' || length === 0) {
      response.end();
      return;
    }
    if (body.length === 1) {
      response.end(body[0]);
      return;
    }
    response.cork();
    for (const piece of body) response.write(piece);
    response.end();
  }
}

/** What is still to come does not keep the process of a server that was stopped. */
function later(ms: number): Promise<void> {
  return sleep(ms, undefined, { ref: false });
}

/** What never became a request: headers too long, not HTTP. */
function refuseRaw(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, text] = error.code === 'HPE_HEADER_OVERFLOW' ? [431, 'header too large'] : [400, 'bad request'];
  const body = JSON.stringify({ code: status, error: true, errorMessage: text, errorNum: status });
  socket.end(
    `HTTP/1.1 ${status} ${text}\r\nServer: ArangoDB\r\nConnection: Close\r\n` +
      `Content-Type: application/json; charset=utf-8\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}
