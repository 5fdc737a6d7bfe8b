import { SyncInfo } from '../../src/wire/sync-info.ts';
import { withMasters } from '../ask-master.ts';
import { compareShards, type ShardVerdict } from '../check/compare-shards.ts';
import { compareStructure } from '../check/compare-structure.ts';
import { defineCommand } from '../command.ts';
import { CommandFailed } from '../errors.ts';
import { masterOptions } from '../master-options.ts';
import { duration } from '../options.ts';
import { formatTable } from '../table.ts';

export const checkSync = defineCommand({
  words: 'check sync',
  summary: 'Compare every shard of the target with the source, by their revision trees and counts',
  options: {
    ...masterOptions,
    timeout: duration('timeout', '1m', {
      description: 'How long shards that differ are compared again, since writes may be on their way',
    }),
  },
  run: async (values, terminal) => {
    const verdicts = await withMasters(values, terminal, async (masters) => {
      const info = await masters.ask({ method: 'GET', path: '/_api/sync?details=full' }, SyncInfo);
      if (info.status === 'inactive')
        throw new CommandFailed('this datacenter receives no synchronization: nothing to compare');
      const structure = await compareStructure(masters, info.shards ?? []);
      return [
        ...problemsOf(info),
        ...structure,
        ...(await compareShards(masters, info.shards ?? [], values.timeout, terminal.interrupted)),
      ];
    });
    const differing = verdicts.filter(({ result }) => result !== 'equal');
    if (differing.length === 0) {
      terminal.out('The whole data is the same');
      return 0;
    }
    const rows = differing.map(({ database, collection, shardIndex, result, detail }) => [
      database,
      collection,
      shardIndex === undefined ? '-' : String(shardIndex),
      result === 'different' ? 'DIFFERENT' : 'UNKNOWN',
      detail,
    ]);
    terminal.out(formatTable(['Database', 'Collection', 'Shard', 'Result', 'Detail'], rows));
    return 1;
  },
});

/** What the target itself says it does not replicate is a difference too. */
function problemsOf({ problems, heldDrops }: SyncInfo): ShardVerdict[] {
  const held = (heldDrops ?? []).map((path) => {
    const [database = '', ...collection] = path.split('/');
    return {
      database,
      collection: collection.join('/'),
      reason: 'gone from the source; dropping it here waits for confirmation',
    };
  });
  return [...(problems ?? []), ...held].map(({ database, collection, reason }) => ({
    database,
    collection,
    shardIndex: undefined,
    result: 'different' as const,
    detail: reason,
  }));
}
