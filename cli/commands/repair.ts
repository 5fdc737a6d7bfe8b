import { withMasters } from '../ask-master.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { masterOptions } from '../master-options.ts';
import { list, requiredText, text } from '../options.ts';

export const resetFailedShard = defineCommand({
  words: 'reset failed shard',
  summary: 'Start a failed shard again, with new tasks on both sides; all shards of the collection without --shard',
  options: {
    ...masterOptions,
    database: requiredText('database', { description: 'Database of the shard' }),
    collection: requiredText('collection', { description: 'Collection of the shard' }),
    shard: text('shard', { placeholder: 'index', description: 'Index of the shard, from 0' }),
  },
  run: async (values, terminal) => {
    const { database, collection, shard } = values;
    if (shard !== undefined && !/^\d{1,6}$/.test(shard))
      throw new UsageError(`--shard must be an index from 0, not '${shard}'`);
    const base = `/_api/sync/database/${encodeURIComponent(database)}/collection/${encodeURIComponent(collection)}`;
    const path = `${base}${shard === undefined ? '' : `/shard/${shard}`}/reset`;
    await withMasters(values, terminal, (masters) => masters.tell({ method: 'PUT', path }));
    terminal.out(`Reset ${database}/${collection}${shard === undefined ? '' : ` shard ${shard}`}.`);
    return 0;
  },
});

export const abortOutgoingSync = defineCommand({
  words: 'abort outgoing sync',
  summary: 'Forget targets that were aborted while this datacenter, their source, could not be reached',
  options: { ...masterOptions, target: text('target', { placeholder: 'id', description: 'Forget this target only' }) },
  run: async (values, terminal) => {
    const path = `/_api/sync/outgoing${values.target === undefined ? '' : `/${encodeURIComponent(values.target)}`}`;
    await withMasters(values, terminal, (masters) => masters.tell({ method: 'DELETE', path }));
    terminal.out('Outgoing synchronization removed.');
    return 0;
  },
});

export const confirmDrops = defineCommand({
  words: 'confirm drops',
  summary: 'Let the target drop collections that are gone from the source and were held back for being too many',
  options: {
    ...masterOptions,
    collections: list('collection', {
      placeholder: 'database/collection',
      description: 'Collection to drop; may be repeated',
    }),
  },
  run: async (values, terminal) => {
    const { collections } = values;
    if (collections.length === 0) throw new UsageError('--collection is required: name each as database/collection');
    const body = { collections };
    await withMasters(values, terminal, (masters) =>
      masters.tell({ method: 'POST', path: '/_api/sync/drops/confirm', body }),
    );
    terminal.out(`Confirmed ${collections.length} drop(s).`);
    return 0;
  },
});
