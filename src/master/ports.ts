import type { LeaseStore } from '../domain/leadership/lease.ts';
import type { SecretStore } from '../domain/synchronization/secret-store.ts';
import type { KeptLog } from '../events/log.ts';
import type { ControlPlane } from '../projections/control-state.ts';
import type { SnapshotStore } from '../projections/snapshot-store.ts';
import type { ArangoDeployment } from '../replication/arango.ts';
import type { Clock } from './clock.ts';
import type { ClusterTokenIssuer } from './cluster-tokens.ts';
import type { EventsRetentionSettings } from './events-keep.ts';
import type { Logger } from './logger.ts';
import type { SecretRotation } from './secret-rotation.ts';
import type { OpenSource } from './source-masters.ts';

/** Queue tokens of this datacenter, bound to a target (S23). Adapter: `adapters/mq/token.ts`. */
export interface QueueTokenIssuer {
  /** Time that an issued token is valid. */
  readonly ttlMs: number;
  issue(targetId: string): string;
  /** The target that a token of ours is bound to; undefined for anything else. */
  targetOf(token: string): string | undefined;
  /** Whether the secret that it was made with has been replaced: then it ends before its time. */
  isOld(token: string): boolean;
}

/** Certificates of this datacenter's workers. Adapter: `adapters/tls`. */
export interface CertificateAuthority {
  /** How long what is made here is valid, in milliseconds. */
  readonly lifetimes: { readonly certificateMs: number; readonly authorityMs: number };
  createAuthority(commonName: string): { readonly certificate: string; readonly key: string; readonly notAfter: Date };
  issueServerCertificate(
    authority: { readonly certificate: string; readonly key: string },
    hosts: readonly string[],
    commonName: string,
  ): { readonly certificate: string; readonly key: string; readonly fingerprint: string; readonly notAfter: Date };
}

/** Figures that the master counts. Adapter: `adapters/metrics`. */
export interface MasterMetrics {
  workerRegistered(): void;
  workerStored(op: 'save' | 'load', result: 'success' | 'failure'): void;
}

/** All that a master needs of the world. */
export interface MasterPorts {
  readonly deployment: ArangoDeployment;
  readonly log: KeptLog;
  /** The folded log as a snapshot left it, or empty. */
  readonly plane: ControlPlane;
  readonly snapshots: SnapshotStore;
  readonly leases: LeaseStore;
  readonly secrets: SecretStore;
  readonly openSource: OpenSource;
  readonly queueTokens: QueueTokenIssuer;
  readonly certificates: CertificateAuthority;
  readonly clusterTokens: ClusterTokenIssuer;
  /** Absent: the master secret never changes. */
  readonly rotation?: SecretRotation;
  readonly metrics: MasterMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  /** ULIDs. */
  readonly newEventId: () => string;
  /** Ids of tasks and epochs: 16 letters and digits. */
  readonly newId: () => string;
}

export interface MasterSettings {
  /** 32 hex digits, drawn at start: a process that starts again is another master. */
  readonly masterId: string;
  /** How its own datacenter reaches this master. */
  readonly endpoint: string;
  /** How the other datacenter reaches the masters. */
  readonly publicEndpoints: readonly string[];
  /** What workers need to reach the deployment. */
  readonly cluster: {
    readonly endpoints: readonly string[];
    readonly caCertificate?: string;
  };
  /** CA of the client certificates that workers accept as well, PEM, as it is now; undefined: none is. */
  readonly clientCa?: () => string | undefined;
  readonly times: MasterTimes;
  /** Bounds of the replication factor of what is made here as a target; absent: none. */
  readonly replicationFactor?: { readonly min?: number; readonly max?: number };
  /** As a target the deployment keeps its own user `root`; `--cluster.exclude-root-user`. */
  readonly excludeRootUser?: boolean;
  /** Absent: the whole event log stays in the database. */
  readonly retention?: EventsRetentionSettings;
  /** Absent: shards are compared when an operator asks. */
  readonly verification?: VerificationSettings;
}

/** How often every shard is held against the source without anybody asking. */
export interface VerificationSettings {
  readonly everyMs: number;
  /** What documents hold, and not their revisions alone. */
  readonly deep: boolean;
}

/** All in milliseconds. */
export interface MasterTimes {
  /** How long a leader may act after a renewal, and how long others wait for the next. */
  readonly leaderLeaseMs: number;
  readonly leaderRenewMs: number;
  /** How often the log is read. */
  readonly followEveryMs: number;
  /** A worker that did not ask for its instructions for so long has expired. */
  readonly workerLeaseMs: number;
  /** A master whose presence did not change for so long is left out. */
  readonly masterLeaseMs: number;
  /** How often the source is contacted. */
  readonly contactEveryMs: number;
  /** Reconcilers look at everything once in this time, whether something changed or not. */
  readonly reconcileEveryMs: number;
  /** Writes that a server had accepted before it became read-only have ended after this time; longer ones are transactions. */
  readonly barrierQuietMs: number;
  /** No write that a target's server has taken lands later than this (S4); `--sync.quiet-time`. */
  readonly quietTimeMs: number;
}

/**
 * Longest time from when a coordinator has taken a write of ours until it can be seen. The coordinator sends it to the
 * shard's leader and tries again for 900 s (`CL_DEFAULT_LONG_TIMEOUT` of `Cluster/ClusterMethods.cpp`); the leader, which
 * knows nothing of that limit, writes it and waits for each follower before it commits: 0.1 s per 4 KiB and at least
 * 900 s (`--cluster.synchronous-replication-timeout-minimum` and `-per-4k`), which at our 8 MiB a request is the 900 s.
 * A deployment where these were changed needs another `--sync.quiet-time`.
 */
export const writeLifeMsMax = (900 + 900) * 1_000;

export const defaultTimes: MasterTimes = {
  leaderLeaseMs: 3_000,
  leaderRenewMs: 1_000,
  followEveryMs: 250,
  workerLeaseMs: 7_000,
  masterLeaseMs: 5_000,
  contactEveryMs: 2_000,
  reconcileEveryMs: 1_000,
  barrierQuietMs: 1_000,
  quietTimeMs: writeLifeMsMax,
};
