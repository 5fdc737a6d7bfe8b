import type { CheckFinding } from '../../src/wire/check.ts';
import { toNanoseconds } from '../../src/wire/durations.ts';
import { SyncInfo } from '../../src/wire/sync-info.ts';
import { runCheck } from '../check/run-check.ts';
import { describeFinding } from '../check/show-check.ts';
import { defineCommand, type Terminal } from '../command.ts';
import { CommandFailed } from '../errors.ts';
import { connectMasters, type MasterClient } from '../master-client.ts';
import { masterOptions } from '../master-options.ts';
import { duration, endpoints, file, requiredFile, secret, text } from '../options.ts';
import { configureReversed, followsReversed } from '../reverse/configure.ts';
import { stopForReversal } from '../reverse/stop.ts';

export const reverseSync = defineCommand({
  words: 'reverse sync',
  summary: 'Let the source follow its target: stop in sync, swap, configure, verify; may be repeated after a failure',
  options: {
    ...masterOptions,
    caCertificate: requiredFile('master.cacert', {
      description: "CA that signed the masters' certificates, of both datacenters unless --source.cacert names another",
    }),
    clientKeyfile: requiredFile('master.keyfile', {
      description: 'Client keyfile with which the masters of the source authenticate at the target, their source to be',
    }),
    source: endpoints('source.endpoint', { description: 'Masters of the source, which becomes the target' }),
    sourceCa: file('source.cacert', {
      description: "CA that signed the certificates of the source's masters (default: --master.cacert)",
    }),
    sourceUser: text('source.auth.user', { description: 'User at the source (default: --auth.user)' }),
    sourcePassword: secret('source.auth.password', { description: 'Its password (default: --auth.password)' }),
    timeout: duration('timeout', '5m', { description: 'How long each step may take' }),
  },
  run: async (values, terminal) => {
    const target = connectMasters(values, terminal.err);
    const atSource = {
      ...values,
      endpoints: values.source,
      caCertificate: values.sourceCa ?? values.caCertificate,
      user: values.sourceUser ?? values.user,
      password: values.sourcePassword ?? values.password,
    };
    const source = connectMasters(atSource, terminal.err);
    try {
      await reverse({ source, target }, values, terminal);
    } finally {
      await Promise.all([source.close(), target.close()]);
    }
    terminal.out('The direction is reversed.');
    return 0;
  },
});

interface Sides {
  /** The old source, the new target. */
  readonly source: MasterClient;
  /** The old target, the new source. */
  readonly target: MasterClient;
}

/** Each step looks first whether a run before has done it. The old source is read-only all the way (S8). */
async function reverse(
  { source, target }: Sides,
  values: { readonly clientKeyfile: string; readonly caCertificate: string; readonly timeout: number },
  terminal: Terminal,
): Promise<void> {
  const { clientKeyfile, caCertificate, timeout } = values;
  const deadline = () => performance.now() + timeout;
  if (await followsReversed(source, target)) {
    terminal.out('1/4 and 2/4 are done already: the old source follows the old target');
  } else {
    terminal.out('1/4 Stopping: the source becomes read-only until the target has everything');
    await stopForReversal(source, target, terminal, deadline());
    terminal.out('2/4 Configuring the other direction');
    await configureReversed(source, target, clientKeyfile, caCertificate);
  }
  terminal.out('3/4 Waiting until every shard runs');
  await untilRunning(source, terminal, deadline());
  terminal.out('4/4 Comparing both datacenters');
  let differing = 0;
  const onFinding = (finding: CheckFinding) => {
    differing += 1;
    terminal.out(describeFinding(finding));
  };
  const listener = { onFinding, onProgress: () => undefined };
  await runCheck(source, { timeout: toNanoseconds(timeout) }, listener, terminal.interrupted);
  if (differing > 0) {
    throw new CommandFailed(
      `the direction is reversed, but ${differing} shards or collections differ: run 'arangosync check sync' there`,
    );
  }
  terminal.out('The whole data is the same');
}

async function untilRunning(masters: MasterClient, terminal: Terminal, deadline: number): Promise<void> {
  for (;;) {
    const { status, status_message: why } = await masters.ask(
      { method: 'GET', path: '/_api/sync?details=short' },
      SyncInfo,
    );
    if (status === 'running') return;
    const state = `the new synchronization is ${status}${why ? ` (${why})` : ''}`;
    if (status === 'failed' || status === 'inactive') throw new CommandFailed(state);
    if (terminal.interrupted.aborted) throw new CommandFailed(`interrupted: ${state}; run the command again to go on`);
    if (performance.now() > deadline) throw new CommandFailed(`${state}; run the command again to go on`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
