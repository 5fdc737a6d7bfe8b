import type { z } from 'zod';
import { projectionNames } from '../../src/projections/replay.ts';
import { ReplayAnswer, type StateChange } from '../../src/wire/events.ts';
import { withMasters } from '../ask-master.ts';
import { defineCommand } from '../command.ts';
import { placeText, queryText } from '../events/filter-options.ts';
import { masterOptions } from '../master-options.ts';
import { oneOf, requiredText, text } from '../options.ts';
import { printAnswer } from '../output.ts';

export const replay = defineCommand({
  words: 'replay',
  summary: 'Show the state as it was at a position of the event log or a time, or with --from what changed in between',
  options: {
    ...masterOptions,
    to: requiredText('to', {
      placeholder: 'position|time',
      description: 'Show the state after this commit, or at this time',
    }),
    from: text('from', { placeholder: 'position|time', description: 'Show what changed from there on instead' }),
    projection: oneOf('projection', projectionNames, 'all', {
      placeholder: 'name',
      description: `Which part of the state: ${projectionNames.join(', ')}`,
    }),
    output: oneOf('output', ['table', 'json'], 'table', { description: 'Form of the output' }),
  },
  run: async (values, terminal) => {
    const { projection } = values;
    const to = placeText(values.to, '--to');
    const from = values.from === undefined ? undefined : placeText(values.from, '--from');
    const path = `/_api/events/replay${queryText({ projection, to, from })}`;
    const answer = await withMasters(values, terminal, (masters) => masters.ask({ method: 'GET', path }, ReplayAnswer));
    printAnswer(values.output, answer, () => answerLines(answer), terminal);
    return 0;
  },
});

function answerLines(answer: ReplayAnswer): readonly string[] {
  if (!('changes' in answer)) {
    return [`${answer.projection} ${placeOf(answer)}:`, JSON.stringify(answer.state, null, 2)];
  }
  const { projection, from, to, changes } = answer;
  const head = `${projection} from ${placeOf(from)} to ${placeOf(to)}: ${changes.length} changes`;
  return [head, ...changes.map(changeLine)];
}

function placeOf({ position, at }: { position: number; at: string }): string {
  return `position ${position}${at === '' ? '' : ` (${at})`}`;
}

const SIGNS = { add: '+', remove: '-', replace: '~' } as const;

function changeLine({ op, path, before, after }: z.infer<typeof StateChange>): string {
  const was = JSON.stringify(before);
  const is = JSON.stringify(after);
  if (op === 'replace') return `${SIGNS[op]} ${path || '/'}  ${was} → ${is}`;
  return `${SIGNS[op]} ${path || '/'}  ${op === 'add' ? is : was}`;
}
