import type { IncomingHttpHeaders } from 'node:http';
import type { Front } from '../cluster/front.ts';
import type { ClusterView } from '../cluster/view.ts';
import type { Environment, IdSource, StorageServer } from '../engine/types.ts';
import type { Features } from '../versions/features.ts';
import type { Accounts, Identity } from './accounts.ts';
import type { Query } from './query.ts';
import type { Reply } from './reply.ts';

/** A method as handlers register it. HEAD goes to the GET handler unless HEAD is registered; OPTIONS never arrives. */
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One request that passed the door: logged in, database known, body read and decompressed. */
export interface ApiRequest {
  readonly method: Method;
  /** The server that got it. */
  readonly server: ServerProcess;
  /** Name of the database of the URL (`_system` without one); it exists. */
  readonly database: string;
  /** Path behind `/_db/<name>` and `/_arango/v0`, as it came (still encoded), e.g. `/_api/document/c/k%20`. */
  readonly path: string;
  /** Decoded path parts behind the registered path: `['c','k ']`. */
  readonly suffix: readonly string[];
  readonly query: Query;
  /** Lower-case names. */
  readonly headers: IncomingHttpHeaders;
  /** Never longer than the body limit; empty without a body. Documents in it go to the engine as they are. */
  readonly body: Buffer;
  readonly identity: Identity;
}

/** Answers a request, or throws {@link ArangoApiError} (or any `EngineError`, or `JsonSyntaxError` → 400/600). */
export type Handler = (request: ApiRequest) => Reply | Promise<Reply>;
export type Methods = { readonly [M in Method]?: Handler };

/**
 * Where handlers register. Known path and a method without a handler: 405/405; no path fits: 404/404. The longest
 * registered path wins. Every API file exports one `register…(router)` function.
 */
export interface Router {
  /** The process this router belongs to: for what a file keeps per server (`router.server.jobs = …`). */
  readonly server: ServerProcess;
  /** This path only; more parts are 404/404. */
  exact(path: string, methods: Methods): void;
  /** This path and everything below it: `suffix` holds the parts behind it (possibly none), the handler judges them. */
  prefix(path: string, methods: Methods): void;
}

/** Runs requests in the background for `x-arango-async: store` (1.8). One per server; the job API sets it. */
export interface AsyncJobs {
  /** Starts the work and tells the job's id. `owner` is the user's name (`''` of a superuser). The work never rejects. */
  start(owner: string, work: () => Promise<Reply>): string;
}

export type ServerRole = 'single' | 'coordinator' | 'dbserver' | 'agent';

/** One server of the deployment: a listening port with its router. */
export interface ServerProcess {
  readonly role: ServerRole;
  /** `SNGL-…`, `CRDN-…`, `PRMR-…`, `AGNT-…`. */
  readonly id: string;
  /** `http://127.0.0.1:port` (`https://` with TLS), without a slash at the end. */
  readonly endpoint: string;
  /** `3.12.10`; during a rolling upgrade servers differ. */
  readonly version: string;
  /** What it does by that version. */
  readonly features: Features;
  readonly deployment: DeploymentView;
  /** Databases and collections as this server shows them: logical ones (single, coordinator) or shards (DB-Server). Agents have none. */
  readonly front: Front;
  /** The engine: single server and DB-Servers only. Throws 501/1470 elsewhere. */
  readonly storage: StorageServer;
  /** The same without throwing. */
  readonly storageIfAny: StorageServer | undefined;
  /** Server mode `readonly` as this server knows it: the deployment's, unless a fault holds the news back (2.2). */
  readonly readOnly: boolean;
  /** Set by the job API when it registers. */
  jobs: AsyncJobs | undefined;
  /** Milliseconds since 1970 of the last (re)start. */
  readonly startedAt: number;
}

/** What all servers of a deployment share. */
export interface DeploymentView {
  readonly mode: 'single' | 'cluster';
  /** The version that its servers started with, or were all upgraded to. */
  readonly version: string;
  /** `/_api/engine`: another one than `rocksdb` only to see it refused. */
  readonly engine: string;
  /** The uuid of `/_admin/deployment/id` (and `ClusterId`). */
  readonly id: string;
  readonly ids: IdSource;
  readonly environment: Environment;
  readonly accounts: Accounts;
  readonly auth: AuthSettings;
  /** Server mode `readonly` (2.2) as it was set; what applies is each server's own. */
  readonly readOnly: boolean;
  setReadOnly(value: boolean): void;
  /** Undefined on a single server. */
  readonly cluster: ClusterView | undefined;
}

export interface AuthSettings {
  readonly enabled: boolean;
  /** The first signs, all verify. Empty when authentication is off and no secret was given. */
  readonly jwtSecrets: readonly string[];
  /** Seconds that a user token lives (`--server.session-timeout`). */
  readonly sessionTimeoutSeconds: number;
}
