import { BothEnds } from '../../src/wire/both-ends.ts';
import { withMasters } from '../ask-master.ts';
import { defineCommand } from '../command.ts';
import { masterOptions } from '../master-options.ts';
import { flag } from '../options.ts';
import { outputOptions, printAnswer } from '../output.ts';
import { describeStatus } from '../status/describe-status.ts';

export const getStatus = defineCommand({
  words: 'get status',
  summary: "Show this datacenter's synchronizations, incoming and outgoing, and what the source says of its end",
  options: {
    ...masterOptions,
    ...outputOptions,
    local: flag('local', { description: 'Ask this datacenter only, not its source' }),
  },
  run: async (values, terminal) => {
    const path = values.local ? '/_api/sync' : '/_api/sync/both';
    const info = await withMasters(values, terminal, async (masters) => {
      const ask = (details: 'full' | 'short') =>
        masters.ask({ method: 'GET', path: `${path}?details=${details}` }, BothEnds);
      if (values.verbose || values.output === 'json') return await ask('full');
      // Shards are asked for when some of them need attention: there may be many.
      const short = await ask('short');
      return needsAttention(short) ? await ask('full') : short;
    });
    printAnswer(values.output, info, () => describeStatus(info, values.verbose), terminal);
    return 0;
  },
});

function needsAttention({ status, outgoing = [], otherEnd }: BothEnds): boolean {
  const statuses = [status, ...outgoing.map((target) => target.status)];
  if (otherEnd !== undefined && 'outgoing' in otherEnd) statuses.push(otherEnd.outgoing.status);
  return statuses.some((each) => each !== 'running' && each !== 'inactive');
}
