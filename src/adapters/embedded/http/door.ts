import type { IncomingMessage } from 'node:http';
import { EngineError } from '../engine/errors.ts';
import type { Identity } from './accounts.ts';
import type { ApiRequest, Method, ServerProcess } from './contract.ts';
import { ArangoApiError } from './errors.ts';
import { CHALLENGES, optionsHeaders } from './headers.ts';
import { type RequestPath, readPath } from './location.ts';
import type { Login, LoginReader } from './login.ts';
import { Query } from './query.ts';
import { empty, failure, type Reply } from './reply.ts';
import { decompress } from './request-body.ts';
import { databaseLevelOf, nameOf } from './rights.ts';
import type { Found, PathRouter } from './router.ts';

/** What the door of one server needs. */
export interface DoorOptions {
  readonly server: ServerProcess;
  readonly router: PathRouter;
  readonly logins: LoginReader;
  /** Takes a request before the handlers, e.g. a coordinator that passes it on to a DB-Server. */
  readonly intercept?: (request: ApiRequest) => Promise<Reply> | Reply | undefined;
  /** A received `x-arango-hlc` (1.8). */
  readonly adoptClock: (revision: string) => void;
  /** Seconds that requests wait at present, for `x-arango-queue-time-seconds`. */
  readonly queueTimeSeconds: () => number;
  /** An exception that is no refusal: a bug of the stand-in. It is answered as 500/4. */
  readonly onBug: (error: unknown, request: string) => void;
}

const openPrefixes: readonly string[] = ['/_open/', '/_admin/aardvark'];
const openPaths: ReadonlySet<string> = new Set(['/', '/_admin/server/availability']);

/** The checks every request passes in the order of reference 1.7, and then its handler. */
export class Door {
  readonly #options: DoorOptions;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /** Answers; never rejects. The body is as it came (not yet decompressed). */
  async answer(message: IncomingMessage, body: Buffer): Promise<Reply> {
    try {
      return await this.#admit(message, body);
    } catch (error) {
      return this.refusal(error, message);
    }
  }

  /** The error answer for an exception. */
  refusal(error: unknown, message: IncomingMessage): Reply {
    if (error instanceof EngineError) {
      const challenge = error.status === 401 && message.headers['x-omit-www-authenticate'] === undefined;
      return failure(error.status, error.errorNum, error.message, challenge ? CHALLENGES : undefined);
    }
    this.#options.onBug(error, `${message.method} ${message.url}`);
    return failure(500, 4, `internal error: ${error instanceof Error ? error.message : String(error)}`);
  }

  async #admit(message: IncomingMessage, rawBody: Buffer): Promise<Reply> {
    const method = message.method as string;
    if (method === 'OPTIONS') {
      return empty(
        200,
        optionsHeaders(message.headers.origin, message.headers['access-control-request-headers'] as string),
      );
    }
    const path = readPath(message.url as string);
    if (path === undefined) throw new ArangoApiError(400, 'invalid percent-encoding in the path');
    const login = this.#options.logins.read(message.headers.authorization);
    const identity = this.#judge(path, login);
    refuseUnknownVersion(path);
    const body = this.#decompressed(message, rawBody, login);
    if (login !== undefined) this.#adoptClock(message);
    this.#refuseLongQueue(message);
    const { handler, suffix } = this.#find(method, path.path);
    const request: ApiRequest = {
      method: method as Method,
      server: this.#options.server,
      database: path.database,
      path: path.path,
      suffix,
      query: new Query(path.query),
      headers: message.headers,
      body,
      identity,
    };
    return this.#run(request, handler);
  }

  #find(
    method: string,
    path: string,
  ): { handler: (request: ApiRequest) => Reply | Promise<Reply>; suffix: readonly string[] } {
    const { intercept, router } = this.#options;
    // Refused only when it runs: an intercepted request needs no handler of this server, and of a stored one (1.8) the
    // refusal is the job's answer.
    const found = foundOrRefusal(() => router.find(method, path));
    return {
      suffix: found instanceof EngineError ? [] : found.suffix,
      handler: (request) => {
        const passedOn = intercept?.(request);
        if (passedOn !== undefined) return passedOn;
        if (found instanceof EngineError) throw found;
        return found.handler(request);
      },
    };
  }

  #run(request: ApiRequest, handler: (request: ApiRequest) => Reply | Promise<Reply>): Reply | Promise<Reply> {
    const wish = request.headers['x-arango-async'];
    if (wish === undefined) return handler(request);
    const work = async () => {
      try {
        return await handler(request);
      } catch (error) {
        return this.refusal(error, { method: request.method, url: request.path, headers: {} } as IncomingMessage);
      }
    };
    if (wish === 'true') {
      void work();
      return empty(202);
    }
    const { jobs } = this.#options.server;
    if (wish !== 'store' || jobs === undefined) return handler(request);
    return empty(202, { 'X-Arango-Async-Id': jobs.start(nameOf(request.identity), work) });
  }

  /** Steps 4 and 5 of 1.7. */
  #judge(path: RequestPath, login: Login | undefined): Identity {
    const { server } = this.#options;
    const { deployment } = server;
    const internalOnly = server.role === 'dbserver' || server.role === 'agent';
    const known =
      server.role === 'agent' ? path.database === '_system' : server.front.database(path.database) !== undefined;
    const open = openPaths.has(path.path) || openPrefixes.some((prefix) => path.path.startsWith(prefix));
    if (login === undefined) {
      if (known && open) return nobody;
      throw unauthorized();
    }
    const { identity } = login;
    if (!known) {
      if (databaseLevelOf(deployment, identity, path.database) === 'none') throw unauthorized();
      throw new ArangoApiError(1228);
    }
    if (open) return identity;
    if (internalOnly && identity.kind === 'user') throw unauthorized();
    if (login.allowedPaths !== undefined && !login.allowedPaths.includes(path.path)) throw unauthorized();
    if (identity.kind === 'user' && databaseLevelOf(deployment, identity, path.database) === 'none') {
      if (path.path !== '/_api/cluster/endpoints' && !/^\/_api\/user(\/|$)/.test(path.path)) throw unauthorized();
    }
    return identity;
  }

  #decompressed(message: IncomingMessage, body: Buffer, login: Login | undefined): Buffer {
    const encoding = message.headers['content-encoding'];
    if (encoding === undefined) return body;
    if (login === undefined) throw new ArangoApiError(10, 'compressed bodies need a login');
    return decompress(body, encoding);
  }

  #adoptClock(message: IncomingMessage): void {
    const value = message.headers['x-arango-hlc'];
    if (typeof value === 'string' && value !== '') this.#options.adoptClock(value);
  }

  /** Step 7. */
  #refuseLongQueue(message: IncomingMessage): void {
    const wanted = Number(message.headers['x-arango-queue-time-seconds'] ?? 0);
    const { queueTimeSeconds } = this.#options;
    if (wanted > 0 && queueTimeSeconds() > wanted) throw new ArangoApiError(21004, 'queue time violated');
  }
}

/** Of open paths called without a login: a user without a name, who has no rights anywhere. */
const nobody: Identity = { kind: 'user', name: '' };

function unauthorized(): ArangoApiError {
  return new ArangoApiError(11, 'not authorized to execute this request', 401);
}

function refuseUnknownVersion(path: RequestPath): void {
  if (path.apiVersion === undefined || path.apiVersion === 'v0') return;
  throw new ArangoApiError(404, `unknown API version '${path.apiVersion}'`);
}

function foundOrRefusal(find: () => Found): Found | EngineError {
  try {
    return find();
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
}
