import { z } from 'zod';
import { Nanoseconds, PositiveNanoseconds } from './durations.ts';
import { Endpoint } from './endpoint.ts';
import { Selection } from './selection.ts';

/** `POST /_api/sync`: PEM texts; `clientToken` is accepted and not compared. */
export const ConfigureSync = z.object({
  source: Endpoint.min(1, { error: 'source must name at least one master of the source' }),
  authentication: z.object({
    clientCertificate: z.string().min(1),
    clientKey: z.string().min(1),
    clientToken: z.string().optional(),
    caCertificate: z.string().min(1),
  }),
  /** Ours: refused unless this deployment is held read-only since the source to be stopped in sync behind a barrier (S8). */
  reversal: z.boolean().optional(),
  /** Ours: what is to be replicated; absent: as it is recorded, else everything. */
  selection: Selection.optional(),
  /** Ours: the selection of a synchronization that is active may become this one; refused without. */
  change_selection: z.boolean().optional(),
});
export type ConfigureSync = z.infer<typeof ConfigureSync>;

/** Empty text means absent: clients send query parameters and fields without a value. */
export const ServerMode = z
  .preprocess((value) => (value === '' ? undefined : value), z.enum(['default', 'readonly']).optional())
  .meta({ type: 'string', enum: ['', 'default', 'readonly'] });

/** `DELETE /_api/sync`; durations in nanoseconds. */
export const CancelSync = z.object({
  wait_timeout: Nanoseconds.optional(),
  force: z.boolean().optional(),
  force_timeout: Nanoseconds.optional(),
  target_server_mode: ServerMode,
  source_server_mode: ServerMode,
  /** Ours: refused unless a barrier holds and every shard is in sync behind it (S8). */
  ensure_in_sync: z.boolean().optional(),
  /** Ours, with `force`: the target becomes writable although old writes may still land in it (S4). */
  skip_quiet_time: z.boolean().optional(),
});
export type CancelSync = z.infer<typeof CancelSync>;

export const CancelSyncAnswer = z.object({
  aborted: z.boolean().optional(),
  source: Endpoint.optional(),
  cluster_id: z.string().optional(),
  cancelling: z.boolean().optional(),
  message: z.string().optional(),
});
export type CancelSyncAnswer = z.infer<typeof CancelSyncAnswer>;

/** `GET` and `PUT /_api/message-timeout`, in nanoseconds. */
export const MessageTimeout = z.object({ messageTimeout: PositiveNanoseconds });
export type MessageTimeout = z.infer<typeof MessageTimeout>;

/** `POST /_api/sync/drops/confirm`: `database/collection` each; none named means all that are held. */
export const ConfirmDrops = z.object({ collections: z.array(z.string()).default([]) });
