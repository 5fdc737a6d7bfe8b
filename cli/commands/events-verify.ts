import { verifyEvents } from '../../src/projections/verify.ts';
import { type VerifyFinding, VerifyLine } from '../../src/wire/events.ts';
import { withMasters } from '../ask-master.ts';
import { defineCommand, type Terminal } from '../command.ts';
import { CommandFailed } from '../errors.ts';
import { offlineOptions, openFiles, requireEndpoints } from '../events/offline.ts';
import { oneOf } from '../options.ts';

type Result = Extract<VerifyLine, { line: 'result' }>;
type Output = 'table' | 'json';

export const eventsVerify = defineCommand({
  words: 'events verify',
  summary: 'Check the event log: its chain of hashes, the rules of every state machine, and the states kept of it',
  options: {
    ...offlineOptions,
    output: oneOf('output', ['table', 'json'], 'table', {
      description: 'Form of the output; json is a line per finding',
    }),
  },
  run: async (values, terminal) => {
    const { files, masterSecrets, output } = values;
    if (files.length > 0) return conclude(await verifyFiles(files, masterSecrets, output, terminal), output, terminal);
    requireEndpoints(values.endpoints);
    const call = { method: 'POST', path: '/_api/events/verify' } as const;
    const result = await withMasters(values, terminal, async (masters) => {
      let end: Result | undefined;
      for await (const line of masters.lines(call, VerifyLine)) {
        if (line.line === 'finding') showFinding(line.finding, output, terminal);
        else if (line.line === 'result') end = line;
        else if (terminal.isInteractive && output === 'table')
          terminal.err(`verified up to ${line.position} of ${line.last}`);
        if (terminal.interrupted.aborted) throw new CommandFailed('interrupted; the log was not verified to its end');
      }
      return end;
    });
    if (result === undefined) throw new CommandFailed('the master broke off before the end of the log: verify again');
    return conclude(result, output, terminal);
  },
});

async function verifyFiles(
  files: readonly string[],
  secrets: readonly string[],
  output: Output,
  terminal: Terminal,
): Promise<Result> {
  const log = openFiles(files, secrets);
  const verified = await verifyEvents(log, {
    onFinding: (finding) => showFinding(finding, output, terminal),
    signal: terminal.interrupted,
  });
  return { line: 'result', ...verified, checked: [...verified.checked], untold: 0 };
}

function showFinding(finding: VerifyFinding, output: Output, terminal: Terminal): void {
  const { position, check, problem, detail } = finding;
  if (output === 'json') terminal.out(JSON.stringify({ finding }));
  else terminal.out(`position ${position}: ${check}: ${problem}: ${detail}`);
}

/** 0: the log is what was written, and what was written is what the masters may decide. */
function conclude(result: Result, output: Output, terminal: Terminal): number {
  const { commits, events, first, last, findings, untold, checked } = result;
  if (output === 'json') {
    terminal.out(JSON.stringify({ result: { commits, events, first, last, findings, checked } }));
  } else {
    if (untold > 0) terminal.out(`… and ${untold} findings more`);
    terminal.out(
      `Read ${commits} commits with ${events} events, positions ${commits === 0 ? 'none' : `${first} to ${last}`}.`,
    );
    terminal.out(`Checked ${checked.join(', ')}.`);
    terminal.out(
      findings === 0 ? 'The event log is whole.' : `${findings} FINDING(S): the event log is not what it should be.`,
    );
  }
  return findings === 0 ? 0 : 1;
}
