import { z } from 'zod';
import { ArangoError, type ArangoServer } from '../../replication/arango.ts';
import { withSignal } from './documents.ts';

/** Our collections in `_system`. They are never replicated and never dropped by us. */
export const SYNC_COLLECTIONS = {
  events: '_sync_events',
  snapshots: '_sync_snapshots',
  leases: '_sync_leases',
  secrets: '_sync_secrets',
  checkpoints: '_sync_checkpoints',
} as const;

/** What was acknowledged there must survive a power cut. */
const SYNCED: ReadonlySet<string> = new Set([SYNC_COLLECTIONS.events, SYNC_COLLECTIONS.secrets]);

const ERROR_DUPLICATE_NAME = 1207;

const Replication = z.looseObject({
  replicationFactor: z.union([z.number(), z.string()]).optional(),
  writeConcern: z.number().optional(),
});
const Properties = z.looseObject({
  isSystem: z.boolean(),
  waitForSync: z.boolean(),
  numberOfShards: z.number().optional(),
});

/**
 * Makes the collections that are missing: system collections of one shard, as often replicated as `_users`, so that the
 * cluster's `--cluster.system-replication-factor` holds for them (reference 3.6). Repeatable, and safe for several
 * masters at once. Throws when one of that name exists and cannot serve.
 */
export async function createSyncCollections(server: ArangoServer, signal?: AbortSignal): Promise<void> {
  const replication = await replicationOfSystem(server, signal);
  for (const name of Object.values(SYNC_COLLECTIONS)) {
    await createCollection(server, { name, waitForSync: SYNCED.has(name), ...replication }, signal);
    await checkCollection(server, name, signal);
  }
}

async function replicationOfSystem(server: ArangoServer, signal?: AbortSignal): Promise<object> {
  const path = '/_api/collection/_users/properties';
  const users = Replication.parse(await server.json<unknown>({ method: 'GET', path, ...withSignal(signal) }));
  const { replicationFactor, writeConcern } = users;
  return {
    ...(replicationFactor === undefined ? {} : { replicationFactor }),
    ...(replicationFactor === undefined || writeConcern === undefined ? {} : { writeConcern }),
  };
}

async function createCollection(server: ArangoServer, properties: object, signal?: AbortSignal): Promise<void> {
  try {
    await server.json<unknown>({
      method: 'POST',
      path: '/_api/collection',
      body: { ...properties, isSystem: true, numberOfShards: 1, type: 2 },
      repeatable: true,
      ...withSignal(signal),
    });
  } catch (error) {
    if (!(error instanceof ArangoError && error.errorNum === ERROR_DUPLICATE_NAME)) throw error;
  }
}

/** A collection that somebody else made can serve if it is a system collection of one shard; syncing is set. */
async function checkCollection(server: ArangoServer, name: string, signal?: AbortSignal): Promise<void> {
  const path = `/_api/collection/${name}/properties`;
  const found = Properties.parse(await server.json<unknown>({ method: 'GET', path, ...withSignal(signal) }));
  if (!found.isSystem || (found.numberOfShards ?? 1) !== 1) {
    throw new Error(`collection ${name} of _system must be a system collection of one shard: rename or drop it`);
  }
  if (!SYNCED.has(name) || found.waitForSync) return;
  const body = { waitForSync: true };
  await server.json<unknown>({ method: 'PUT', path, body, repeatable: true, ...withSignal(signal) });
}
