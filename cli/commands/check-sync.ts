import { withMasters } from '../ask-master.ts';
import { compareDatacenters } from '../check/compare-datacenters.ts';
import { defineCommand } from '../command.ts';
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
    const differing = await withMasters(values, terminal, (masters) =>
      compareDatacenters(masters, values.timeout, terminal.interrupted),
    );
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
