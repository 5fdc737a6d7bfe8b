import { BarrierInfo } from '../../src/wire/barrier-info.ts';
import { withMasters } from '../ask-master.ts';
import { defineCommand } from '../command.ts';
import { masterOptions } from '../master-options.ts';
import { outputOptions, printAnswer } from '../output.ts';

const PATH = '/_api/sync/barrier';
const { output } = outputOptions;

export const getBarrier = defineCommand({
  words: 'get barrier',
  summary: 'Show whether the source is held read-only for this target, and how many shards are in sync behind that',
  options: { ...masterOptions, output },
  run: async (values, terminal) => {
    const info = await withMasters(values, terminal, (masters) =>
      masters.ask({ method: 'GET', path: PATH }, BarrierInfo),
    );
    printAnswer(values.output, info, () => describe(info), terminal);
    return 0;
  },
});

function describe(info: BarrierInfo): string[] {
  const { in_sync_shards: inSync = 0, not_in_sync_shards: notInSync = 0, message } = info;
  const state = info.SourceServerReadonly ? 'established: the source is read-only' : 'not established';
  const lines = [`Barrier: ${state}`, `Shards in sync: ${inSync} of ${inSync + notInSync}`];
  return message === undefined ? lines : [...lines, message];
}
