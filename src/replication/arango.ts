/** A request to ArangoDB. Bodies that hold documents are passed as text or bytes, never parsed and printed again. */
export interface ArangoRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path behind `/_db/<database>`, e.g. `/_api/version`. */
  readonly path: string;
  /** Default `_system`. */
  readonly database?: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string or bytes go as they are; anything else as JSON. */
  readonly body?: unknown;
  /** Per attempt. Default: the client's. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /**
   * Whether the request may be sent again when its answer was lost. Default: true for GET and HEAD, else false. A dump is
   * a GET that may not be (its position moves on the server, reference 5.4); a PUT that only reads may.
   */
  readonly repeatable?: boolean;
  /**
   * Told how large an answer's body is, where the server says so, before it is read: nothing of it is taken until this
   * resolves. A rejection ends the request.
   */
  readonly admit?: (bytes: number) => Promise<void>;
}

export interface ArangoAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * One ArangoDB service behind one or more equivalent endpoints (the coordinators of a cluster, one DB-Server, a single
 * server). Adapter: `adapters/arangodb/client.ts`.
 */
export interface ArangoServer {
  /** For messages. */
  readonly name: string;
  /** One answer, whatever its status. Throws {@link ArangoUnreachable} when no endpoint answers. Not retried for unsafe methods after bytes were sent. */
  request(request: ArangoRequest): Promise<ArangoAnswer>;
  /** {@link request}, parsed as JSON. Throws {@link ArangoError} on a status of 400 and above. */
  json<T>(request: ArangoRequest): Promise<T>;
}

/** A deployment: its coordinators (or single server) and, with the superuser JWT, each of its DB-Servers. */
export interface ArangoDeployment {
  readonly kind: 'single' | 'cluster';
  /** Identity of the deployment (reference 2.5), the same on every process. */
  readonly id: string;
  /** Coordinators, or the single server. */
  readonly front: ArangoServer;
  /** Ids of the DB-Servers that health knows, with their endpoint and whether they are GOOD; the single server is its own. */
  dbServers(signal?: AbortSignal): Promise<readonly DbServerInfo[]>;
  /** The DB-Server itself; throws for an id that health does not know. */
  dbServer(id: string): Promise<ArangoServer>;
  databases(signal?: AbortSignal): Promise<readonly string[]>;
  /** Every coordinator and DB-Server that health knows, GOOD or not, each by its own address; or the single server. */
  everyServer(signal?: AbortSignal): Promise<readonly ArangoServer[]>;
}

export interface DbServerInfo {
  readonly id: string;
  readonly shortName: string;
  readonly endpoint: string;
  readonly healthy: boolean;
}

/** No endpoint of a service could be reached, or the connection broke before an answer: the outcome of a write is unknown. */
export class ArangoUnreachable extends Error {
  override readonly name = 'ArangoUnreachable';
  /** Certain: no server has taken anything of the request. */
  readonly isUnsent: boolean;
  constructor(message: string, options: ErrorOptions & { readonly isUnsent?: boolean } = {}) {
    super(message, options);
    this.isUnsent = options.isUnsent ?? false;
  }
}

/** A 503 with one of these numbers comes from the door, before anything was done (reference 1.4, 1.7). */
export const REFUSED_AT_THE_DOOR: ReadonlySet<number> = new Set([30, 38, 503, 21003]);

/** An error answer of ArangoDB, with the request's method and path in its message. */
export class ArangoError extends Error {
  override readonly name = 'ArangoError';
  readonly status: number;
  readonly errorNum: number;
  constructor(status: number, errorNum: number, message: string) {
    super(message);
    this.status = status;
    this.errorNum = errorNum;
  }
}
