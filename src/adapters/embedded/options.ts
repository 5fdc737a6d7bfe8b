import type { Environment } from './engine/types.ts';
import type { Features } from './versions/features.ts';

/** How an embedded deployment is started. */
export interface EmbeddedOptions {
  readonly mode: 'single' | 'cluster';
  /** Port of the single server, or of the first coordinator; coordinators, DB-Servers and the agent follow. 0 (default): free ports. */
  readonly port?: number;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Cluster only; default 3. */
  readonly dbServers?: number;
  /** Cluster only; default 2. */
  readonly coordinators?: number;
  /** Authentication is on when this is given. */
  readonly auth?: {
    /** One secret, or several: the first signs, all verify. Drawn when absent. */
    readonly jwtSecret?: string | readonly string[];
    /** Default empty. */
    readonly rootPassword?: string;
    /** Lifetime of user tokens; default 3600. */
    readonly sessionTimeoutSeconds?: number;
  };
  /** HTTPS, with key and certificate in one PEM text. */
  readonly tls?: { readonly keyfile: string };
  /** `3.10`, or one release, `3.10.14`; default 3.12.10. Throws for what it cannot pose as. */
  readonly serverVersion?: string;
  /** What it does otherwise than its version says: answers to questions that are open (reference 9.3). */
  readonly answers?: Partial<Features>;
  /** Name of the storage engine; default `rocksdb`. Another one only changes what it is called. */
  readonly storageEngine?: string;
  /** Seconds that a client of the log is tracked after its last contact; default 7200. */
  readonly clientLifetimeSeconds?: number;
  /** Bound of each server's log in bytes; default the engine's. */
  readonly walBytesMax?: number;
  /** How far the clock that revisions are made by is behind the servers' time; the control API moves it on. Default 0. */
  readonly clockBehindMs?: number;
  /** How long a DB-Server may not answer before its followers lead; default 1000. */
  readonly failoverGraceMs?: number;
  /** How long a coordinator waits for a leader before 503/1478; default 15 000. */
  readonly backendWaitMs?: number;
  /** The control API over HTTP, on a port of its own. Without it there is none. */
  readonly control?: { readonly port: number; readonly token: string };
  readonly environment?: Environment;
  /** Told of exceptions that are bugs of the stand-in; default: written to stderr. */
  readonly onBug?: (error: unknown, request: string) => void;
}

export const DB_SERVERS_DEFAULT = 3;
export const COORDINATORS_DEFAULT = 2;
export const SESSION_TIMEOUT_SECONDS_DEFAULT = 3600;
export const FAILOVER_GRACE_MS_DEFAULT = 1000;
