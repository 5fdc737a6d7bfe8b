import { SyncInfo } from '../../src/wire/sync-info.ts';
import { SyncPlan } from '../../src/wire/sync-plan.ts';
import { withMasters } from '../ask-master.ts';
import { defineCommand, type Terminal } from '../command.ts';
import { selectionOf, selectionOptions } from '../configure/selection-options.ts';
import { describePlan } from '../configure/show-plan.ts';
import { counted, describeChange } from '../configure/show-selection.ts';
import { matchingCa } from '../configure/system-ca.ts';
import { readKeyfile } from '../keyfile.ts';
import type { MasterClient } from '../master-client.ts';
import { masterOptions } from '../master-options.ts';
import { endpoints, file, flag, requiredFile } from '../options.ts';

export const configureSync = defineCommand({
  words: 'configure sync',
  summary: 'Make the datacenter of --master.endpoint follow the one of --source.endpoint',
  options: {
    ...masterOptions,
    clientKeyfile: requiredFile('master.keyfile', {
      description: "Client keyfile with which the target's masters authenticate at the source",
    }),
    source: endpoints('source.endpoint', { description: 'Masters of the source; may be repeated' }),
    sourceCa: file('source.cacert', {
      description:
        "CA certificate that signed the source masters' certificates (default: the one of this system's that did)",
    }),
    ...selectionOptions,
    changeSelection: flag('change-selection', {
      description: 'Let --include and --exclude take the place of the selection of a synchronization that is active',
    }),
    dryRun: flag('dry-run', { description: 'Only show what would be created, replaced and lost on the target' }),
  },
  run: async (values, terminal) => {
    const caCertificate = values.sourceCa ?? (await matchingCa(values.source));
    const selection = selectionOf(values);
    const body = {
      source: values.source,
      authentication: clientAuthentication(values.clientKeyfile, caCertificate),
      ...(selection === undefined ? {} : { selection }),
    };
    if (values.dryRun) {
      const call = { method: 'POST', path: '/_api/sync/plan', body } as const;
      const plan = await withMasters(values, terminal, (masters) => masters.ask(call, SyncPlan));
      for (const line of describePlan(plan)) terminal.out(line);
      return 0;
    }
    const { paused } = await withMasters(values, terminal, async (masters) => {
      if (selection !== undefined) await showChange(masters, body, terminal);
      const change = values.changeSelection ? { change_selection: true } : {};
      await masters.tell({ method: 'POST', path: '/_api/sync', body: { ...body, ...change } });
      return await masters.ask({ method: 'GET', path: '/_api/sync?details=short' }, SyncInfo);
    });
    terminal.out('Synchronization activated.');
    if (paused !== undefined) terminal.out("It is paused: 'arangosync resume sync' lets it go on.");
    return 0;
  },
});

/** What would become of a synchronization that is active: shown before it is changed, or the change is refused. */
async function showChange(masters: MasterClient, body: unknown, terminal: Terminal): Promise<void> {
  const { status } = await masters.ask({ method: 'GET', path: '/_api/sync?details=short' }, SyncInfo);
  if (status === 'inactive' || status === 'cancelling' || status === 'failed') return;
  const plan = await masters.ask({ method: 'POST', path: '/_api/sync/plan', body }, SyncPlan);
  for (const line of describeChange(plan)) terminal.out(line);
  if (plan.drop.length > 0)
    terminal.out(`Dropped on the target, since the source does not have them: ${counted(plan.drop)}`);
}

/** How a target's masters authenticate at their source, from the texts of the keyfile and of the CA certificate. */
export function clientAuthentication(keyfile: string, caCertificate: string) {
  const { certificate, key } = readKeyfile('--master.keyfile', keyfile, 'client');
  return { clientCertificate: certificate, clientKey: key, caCertificate };
}
