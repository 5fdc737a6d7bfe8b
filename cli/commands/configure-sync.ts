import { SyncInfo } from '../../src/wire/sync-info.ts';
import { SyncPlan } from '../../src/wire/sync-plan.ts';
import { withMasters } from '../ask-master.ts';
import { defineCommand } from '../command.ts';
import { describePlan } from '../configure/show-plan.ts';
import { matchingCa } from '../configure/system-ca.ts';
import { readKeyfile } from '../keyfile.ts';
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
    dryRun: flag('dry-run', { description: 'Only show what would be created, replaced and lost on the target' }),
  },
  run: async (values, terminal) => {
    const caCertificate = values.sourceCa ?? (await matchingCa(values.source));
    const body = { source: values.source, authentication: clientAuthentication(values.clientKeyfile, caCertificate) };
    if (values.dryRun) {
      const call = { method: 'POST', path: '/_api/sync/plan', body } as const;
      const plan = await withMasters(values, terminal, (masters) => masters.ask(call, SyncPlan));
      for (const line of describePlan(plan)) terminal.out(line);
      return 0;
    }
    const { paused } = await withMasters(values, terminal, async (masters) => {
      await masters.tell({ method: 'POST', path: '/_api/sync', body });
      return await masters.ask({ method: 'GET', path: '/_api/sync?details=short' }, SyncInfo);
    });
    terminal.out('Synchronization activated.');
    if (paused !== undefined) terminal.out("It is paused: 'arangosync resume sync' lets it go on.");
    return 0;
  },
});

/** How a target's masters authenticate at their source, from the texts of the keyfile and of the CA certificate. */
export function clientAuthentication(keyfile: string, caCertificate: string) {
  const { certificate, key } = readKeyfile('--master.keyfile', keyfile, 'client');
  return { clientCertificate: certificate, clientKey: key, caCertificate };
}
