import { z } from 'zod';
import type { ArangoDeployment, ArangoServer } from '../arango.ts';
import { IndexDefinition } from '../inventory.ts';

const Parameters = z.looseObject({
  id: z.string(),
  name: z.string(),
  type: z.number(),
  isSystem: z.boolean(),
  planId: z.string().optional(),
  globallyUniqueId: z.string().optional(),
  deleted: z.boolean().optional(),
  isSmart: z.boolean().optional(),
  isSmartChild: z.boolean().optional(),
  /** Leader first; a leader that resigned has a `_` in front. */
  shards: z.record(z.string(), z.array(z.string())).optional(),
});

/** What `clusterInventory` and `inventory` answer (reference 5.2, 5.3), as far as we read it. */
const RawInventory = z.looseObject({
  properties: z
    .looseObject({
      id: z.string().optional(),
      sharding: z.string().optional(),
      replicationFactor: z.union([z.number(), z.string()]).optional(),
      writeConcern: z.number().optional(),
      replicationVersion: z.string().optional(),
    })
    .optional(),
  collections: z.array(z.looseObject({ parameters: Parameters, indexes: z.array(IndexDefinition) })),
  views: z.array(z.looseObject({ name: z.string() })).optional(),
});

export type RawParameters = z.infer<typeof Parameters>;
export type RawInventory = z.infer<typeof RawInventory>;

/** Reads the structure of databases one by one. */
export type InventoryReader = (database: string) => Promise<RawInventory>;

const INCLUDE = { includeSystem: true, includeFoxxQueues: true };
const BATCH_TTL_SECONDS = 60;

/** Runs `work` with a reader of the deployment's structure. A single server needs a snapshot for it, made and deleted here. */
export async function withInventoryReader<T>(
  deployment: ArangoDeployment,
  signal: AbortSignal,
  work: (read: InventoryReader) => Promise<T>,
): Promise<T> {
  const { front } = deployment;
  if (deployment.kind === 'cluster') {
    return work((database) => read(front, database, '/_api/replication/clusterInventory', {}, signal));
  }
  const path = '/_api/replication/batch';
  const { id } = await front.json<{ id: string }>({ method: 'POST', path, body: { ttl: BATCH_TTL_SECONDS }, signal });
  try {
    return await work((database) => read(front, database, '/_api/replication/inventory', { batchId: id }, signal));
  } finally {
    await front.request({ method: 'DELETE', path: `${path}/${id}`, repeatable: true }).catch(() => undefined);
  }
}

async function read(
  front: ArangoServer,
  database: string,
  path: string,
  query: Record<string, string>,
  signal: AbortSignal,
): Promise<RawInventory> {
  const answer = await front.json<unknown>({ method: 'GET', path, database, query: { ...INCLUDE, ...query }, signal });
  return RawInventory.parse(answer);
}
