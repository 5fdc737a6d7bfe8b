import { describeSelection } from '../../src/events/selection/selection.ts';
import type { CheckRequest } from '../../src/wire/check.ts';
import { toNanoseconds } from '../../src/wire/durations.ts';
import { SyncInfo } from '../../src/wire/sync-info.ts';
import { withMasters } from '../ask-master.ts';
import { runCheck } from '../check/run-check.ts';
import { describeCounts, showCheck } from '../check/show-check.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { masterOptions } from '../master-options.ts';
import { duration, flag, oneOf, text } from '../options.ts';

export const checkSync = defineCommand({
  words: 'check sync',
  summary: 'Compare shards, structure and users of the target with the source, also while writes go on',
  options: {
    ...masterOptions,
    database: text('database', { placeholder: 'name', description: 'Compare the shards of this database only' }),
    collection: text('collection', { placeholder: 'name', description: 'Compare this collection of --database only' }),
    deep: flag('deep', {
      description: 'Compare what documents hold, not their revisions alone, and name those that differ; reads them all',
    }),
    repair: flag('repair', { description: 'Catch up with the source what differs, and compare it once more' }),
    after: text('after', {
      placeholder: 'database/collection/index',
      description: 'Go on behind this shard, as a check that was interrupted says',
    }),
    timeout: duration('timeout', '1m', {
      description: 'A shard that cannot be compared for so long counts as UNKNOWN',
    }),
    output: oneOf('output', ['table', 'json'], 'table', {
      description: 'Form of the output; json is an object a line for each finding, and one for the result',
    }),
  },
  run: async (values, terminal) => {
    const { output } = values;
    const display = showCheck(output, terminal);
    let isSame = true;
    const onFinding: typeof display.onFinding = (finding) => {
      isSame &&= finding.result === 'repaired';
      display.onFinding(finding);
    };
    const { counts, selection } = await withMasters(values, terminal, async (masters) => ({
      counts: await runCheck(masters, requestOf(values), { ...display, onFinding }, terminal.interrupted),
      selection: (await masters.ask({ method: 'GET', path: '/_api/sync?details=short' }, SyncInfo)).selection,
    })).finally(() => display.end());
    if (output === 'json') terminal.out(JSON.stringify({ result: counts }));
    else {
      if (selection !== undefined) {
        terminal.out(`Compared is what is selected: ${describeSelection(selection)}. All else is not looked at.`);
      }
      if (!isSame || counts.repaired > 0) terminal.out(describeCounts(counts));
      if (isSame) terminal.out(`${whatOf(values, selection !== undefined)} is the same`);
    }
    return isSame ? 0 : 1;
  },
});

interface Values {
  readonly database: string | undefined;
  readonly collection: string | undefined;
  readonly after: string | undefined;
  readonly deep: boolean;
  readonly repair: boolean;
  readonly timeout: number;
}

function requestOf({ database, collection, after, deep, repair, timeout }: Values): CheckRequest {
  if (collection !== undefined && database === undefined) {
    throw new UsageError('--collection goes with --database: say in which database it is');
  }
  if (timeout === 0) throw new UsageError('--timeout must be longer than nothing');
  return {
    ...(database === undefined ? {} : { database }),
    ...(collection === undefined ? {} : { collection }),
    ...(after === undefined ? {} : { after }),
    ...(deep ? { deep } : {}),
    ...(repair ? { repair } : {}),
    timeout: toNanoseconds(timeout),
  };
}

function whatOf({ database, collection, after }: Values, isSelection: boolean): string {
  const what = collection === undefined ? database : `${database}/${collection}`;
  const rest = after === undefined ? '' : ` behind ${after}`;
  if (what !== undefined) return `All of ${what}${rest}`;
  return `${isSelection ? 'What is selected' : 'The whole data'}${rest}`;
}
