import { z } from 'zod';
import { PositiveNanoseconds } from './durations.ts';
import { EndpointUrl } from './endpoint.ts';
import { KeptLog } from './kept-log.ts';
import { Selection } from './selection.ts';
import { Channels, ShardRef, SyncStatus } from './shards.ts';
import { WorkerThrottle } from './throttle.ts';
import { Time } from './time.ts';

/** `PUT /_api/worker`: registers a worker, or renews it under the same `id`. */
export const WorkerRegistration = z.object({
  endpoint: EndpointUrl,
  /** Chosen by the worker at its start; absent from the original's clients. */
  id: z.string().optional(),
  HostID: z.string().optional(),
  dbServerAffinity: z.string().optional(),
  /** Where workers of the other datacenter may dial it without passing the masters. */
  publicEndpoint: EndpointUrl.optional(),
});
export type WorkerRegistration = z.infer<typeof WorkerRegistration>;

/** Answer of `PUT /_api/worker`; durations in nanoseconds. */
export const WorkerRegistered = z.object({
  id: z.string(),
  endpoint: z.string(),
  expiresAt: Time,
  serverID: z.number().int().positive().meta({ format: 'int64' }),
  messageTimeout: PositiveNanoseconds,
  expiresDuration: PositiveNanoseconds,
  clusterToken: z.string(),
});
export type WorkerRegistered = z.infer<typeof WorkerRegistered>;

/** Body of `POST /_api/worker/configure`. */
export const ConfigureWorker = z.object({
  endpoint: EndpointUrl,
  /** The certificate takes the place of one that the worker has. */
  renew: z.boolean().optional(),
});

/** Body of `PUT /_api/worker/configure` on a worker: a new master secret. */
export const NewMasterSecret = z.object({ secret: z.string().min(1) });

/** Answer of `POST /_api/worker/configure`: all a worker needs beside its flags. */
export const WorkerConfiguration = z.object({
  cluster: z.object({
    endpoints: z.array(z.string()),
    /** Superuser token that ends with the worker's lease (S4); empty without authentication. */
    token: z.string(),
    caCertificate: z.string().optional(),
  }),
  /** PEM texts; the certificate is issued by the masters' worker CA, whose certificate ends the chain. */
  httpServer: z.object({
    certificate: z.string(),
    key: z.string(),
    /** CA of the client certificates that the masters accept, and the workers with them. */
    clientCaCertificate: z.string().optional(),
  }),
  mq: z.object({ type: z.enum(['direct', 'kafka']), endpoints: z.array(z.string()).optional() }),
  /** Changes with all of this but certificate and token, and with the CA that issues; see `WorkerInstructions.configuration`. */
  version: z.string().optional(),
});
export type WorkerConfiguration = z.infer<typeof WorkerConfiguration>;

/** A task as its worker gets it. Shard tasks name their shard; inventory tasks have one data channel and no shard. */
export const WorkerTask = z.object({
  id: z.string(),
  type: z.enum(['send-inventory', 'receive-inventory', 'send-shard', 'receive-shard']),
  channels: Channels,
  /** The other side's deployment: the target on send tasks, the source on receive tasks. */
  peerId: z.string(),
  shard: ShardRef.optional(),
  /** Of a shard to which an old write may have landed: to be compared from now on, and told as `settled` (S4). */
  suspicion: z.number().int().optional(),
});
export type WorkerTask = z.infer<typeof WorkerTask>;

/** What a receiving worker needs to reach a source: from `POST /_api/sync/outgoing`, renewed by the leader. */
export const RemoteQueue = z.object({
  /** The source's masters. */
  endpoints: z.array(z.string()),
  /** CA that verifies them, PEM. */
  caCertificate: z.string(),
  /** Direct-queue bearer token, bound to the target's id. */
  token: z.string(),
});
export type RemoteQueue = z.infer<typeof RemoteQueue>;

/** What the leader wants a worker to do: `GET /_api/worker/{id}/tasks?after=<version>` (long poll). Level, not edge. */
export const WorkerInstructions = z.object({
  /** A worker refuses a term below the highest it has seen. */
  term: z.number().int(),
  /** Changes whenever the content does; opaque. */
  version: z.string(),
  deploymentId: z.string(),
  /** Takes the place of the token before; no part of what `version` names. Absent while none can be made. */
  clusterToken: z.string().optional(),
  /** Version of what `POST /_api/worker/configure` tells now: a worker that has another asks again. */
  configuration: z.string().optional(),
  /** Id of the key of the master secret in use: one that a worker must not give up. */
  keyInUse: z.string().optional(),
  /** How long a shard may be without a message, in nanoseconds; an operator may change it at any time. */
  messageTimeout: z.number().int().positive().optional(),
  /** This worker's part of the datacenter's limits; absent while there are none. */
  throttle: WorkerThrottle.optional(),
  /** The incoming synchronization while one is active. */
  incoming: z
    .object({
      epoch: z.string(),
      sourceDeployment: z.string(),
      remote: RemoteQueue,
      /** Collections whose held drop an operator confirmed (S1): `database/collection`. */
      confirmedDrops: z.array(z.string()),
      /** All that this deployment held when the epoch began the source had as well: equal revisions are equal documents. */
      equalAtStart: z.boolean().optional(),
      /** What is replicated; absent: everything. */
      selection: Selection.optional(),
      /** Names the selection as it was given last. */
      selectionVersion: z.string().optional(),
      /** Bounds of the replication factor of what is made here; absent: none. */
      replicationFactor: z.object({ min: z.number().optional(), max: z.number().optional() }).optional(),
      /** The target keeps its own user `root`. */
      excludeRootUser: z.boolean().optional(),
      /** Ends of the source's logs behind an established barrier: a shard tells once it has come there (S8). */
      barrier: z
        .object({
          epoch: z.string(),
          ticks: z.array(z.object({ dbServer: z.string(), serverId: z.string(), tick: z.string() })),
        })
        .optional(),
    })
    .optional(),
  /** Shards are being compared: the worker asks which (`wire/comparisons.ts`). */
  comparing: z.boolean().optional(),
  tasks: z.array(WorkerTask),
  /** Nothing changed since the version that was asked with: the tasks are as they were, and not listed again. */
  unchanged: z.boolean().optional(),
});
export type WorkerInstructions = z.infer<typeof WorkerInstructions>;

/** How one shard fares, from the worker that runs its task; times RFC 3339, durations nanoseconds. */
export const ShardReport = z.object({
  taskId: z.string(),
  shard: ShardRef,
  status: SyncStatus,
  statusMessage: z.string(),
  /** Lag; absent while it is unknown. */
  delay: z.number().int().nonnegative().optional(),
  /** Estimate of the source's log, in bytes, between what is applied and its end; absent while it is unknown. */
  logBehindBytes: z.number().int().nonnegative().optional(),
  /** Sending workers: whether the source keeps the log that the target may come back to. */
  logKept: KeptLog.optional(),
  lastMessage: z.string().optional(),
  lastDataChange: z.string().optional(),
  /** When the worker last found another leader of the shard on its side; receiving workers only. */
  lastShardMasterChange: z.string().optional(),
  shardMasterKnown: z.boolean(),
  /** How the shard got where it is: recorded as an event when it changes. */
  way: z.enum(['none', 'tail', 'copy', 'difference']),
  /** Why the way was taken. */
  reason: z.string(),
  /**
   * Documents are held against the source's by key and content, since revisions tell nothing: the sides have other shards,
   * or one of them no trees. Absent: by revisions.
   */
  comparedBy: z.literal('content').optional(),
  documentsCopied: z.number().int().nonnegative(),
  documentsExpected: z.number().int().nonnegative().optional(),
  /** While the shard waits to be copied, or to be caught up with by difference, and while it is; rates once they are known. */
  copy: z
    .discriminatedUnion('state', [
      z.object({ state: z.literal('waiting') }),
      z.object({
        state: z.literal('copying'),
        bytes: z.number().int().nonnegative(),
        documentsPerS: z.number().int().nonnegative().optional(),
        bytesPerS: z.number().int().nonnegative().optional(),
        /** `documentsExpected` is all that there is to be moved, not only what is known of it so far. */
        isTotalKnown: z.boolean(),
      }),
    ])
    .optional(),
  /** Epoch of the barrier up to which everything of the shard is applied and durable. */
  reachedBarrier: z.string().optional(),
  /** Of a shard that is compared by content: epoch of the barrier behind which nothing differed. */
  equalBehind: z.string().optional(),
  /** The shard was compared, or caught up with, after it was told to look into this suspicion. */
  settled: z.object({ suspicion: z.number().int(), how: z.enum(['equal', 'repaired', 'copied']) }).optional(),
  operationsApplied: z.number().int().nonnegative(),
  bytesApplied: z.number().int().nonnegative(),
});
export type ShardReport = z.infer<typeof ShardReport>;

/** `PUT /_api/worker/{id}/report`: changed shards since the last report, or all of them. */
export const WorkerReport = z.object({
  term: z.number().int(),
  shards: z.array(ShardReport),
  /** Shards that got writes of which the worker does not know the outcome (S4): in the log when it is answered. */
  suspected: z.array(z.object({ reason: z.string(), shards: z.array(ShardRef) })).optional(),
});
export type WorkerReport = z.infer<typeof WorkerReport>;

/** What is other on purpose on the target: of `count` collections of the database, the first few of which are named. */
export const StructureNote = z.object({
  database: z.string(),
  note: z.string(),
  collections: z.array(z.string()),
  count: z.number().int().nonnegative(),
});

/** `PUT /_api/sync/structure`: what the receive-inventory task found and did. */
export const StructureReport = z.object({
  epoch: z.string(),
  sourceDeployment: z.string(),
  /** Shards to replicate, of collections that exist on the target with equal sharding. */
  shards: z.array(ShardRef),
  /** Collections that cannot be replicated 1:1 or at all, each with the reason; never skipped silently. */
  problems: z.array(z.object({ database: z.string(), collection: z.string(), reason: z.string() })),
  /** What is other on purpose than on the source. */
  notes: z.array(StructureNote).optional(),
  /** Held drops, waiting for an operator (S1): `database/collection`. */
  heldDrops: z.array(z.string()),
  /** What was changed since the last report, for the log: `created collection d/c`, … */
  changes: z.array(z.string()),
  /** Epoch of the source's barrier behind which the structure was told that the target has now: users and views as well. */
  reachedBarrier: z.string().optional(),
  /** Under which selection it was made: where another one holds by now, it says nothing of shards. */
  selectionVersion: z.string().optional(),
  /** The term in which it was sent: one that comes late, to another leader, is not taken. */
  term: z.number().int().optional(),
  /** Rises with every report of the worker: of two that overtake each other on their way the newer one stays. */
  sequence: z.number().int().optional(),
});
export type StructureReport = z.infer<typeof StructureReport>;
