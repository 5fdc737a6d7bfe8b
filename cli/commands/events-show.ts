import { actorOf, describeActor } from '../../src/events/actor.ts';
import type { Commit } from '../../src/events/log.ts';
import { StoredCommit } from '../../src/wire/events.ts';
import { withMasters } from '../ask-master.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { masterOptions } from '../master-options.ts';
import { oneOf } from '../options.ts';
import { printAnswer } from '../output.ts';

export const eventsShow = defineCommand({
  words: 'events show',
  summary: 'Show one commit of the event log in full',
  argument: 'position',
  options: {
    ...masterOptions,
    output: oneOf('output', ['table', 'json'], 'table', { description: 'Form of the output' }),
  },
  run: async (values, terminal, argument) => {
    if (!/^[1-9]\d{0,14}$/.test(argument))
      throw new UsageError(`<position> must be a whole number from 1, not '${argument}'`);
    const path = `/_api/events/commit/${argument}`;
    const stored = await withMasters(values, terminal, (masters) => masters.ask({ method: 'GET', path }, StoredCommit));
    printAnswer(values.output, stored, () => commitLines(stored as unknown as Commit), terminal);
    return 0;
  },
});

function commitLines(commit: Commit): readonly string[] {
  const actor = actorOf(commit);
  return [
    `Position   ${commit.position}`,
    `Time       ${commit.at}`,
    `Term       ${commit.term}`,
    `Writer     ${commit.writer}`,
    `Cause      ${commit.cause}`,
    ...(actor === undefined ? [] : [`By         ${describeActor(actor)}`]),
    ...(actor?.fingerprint === undefined ? [] : [`           certificate ${actor.fingerprint}`]),
    `Follows    ${commit.prev || '(nothing: the first commit)'}`,
    `Hash       ${commit.hash}`,
    ...commit.events.flatMap(({ id, type, v, data }) => [
      '',
      `${type} (version ${v}, ${id})`,
      JSON.stringify(data, null, 2),
    ]),
  ];
}
