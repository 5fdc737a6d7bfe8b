import { parseKeyfile } from '../../src/adapters/tls/index.ts';
import { withMasters } from '../ask-master.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { masterOptions } from '../master-options.ts';
import { endpoints, requiredFile } from '../options.ts';

export const configureSync = defineCommand({
  words: 'configure sync',
  summary: 'Make the datacenter of --master.endpoint follow the one of --source.endpoint',
  options: {
    ...masterOptions,
    clientKeyfile: requiredFile('master.keyfile', {
      description: "Client keyfile with which the target's masters authenticate at the source",
    }),
    source: endpoints('source.endpoint', { description: 'Masters of the source; may be repeated' }),
    sourceCa: requiredFile('source.cacert', {
      description: "CA certificate that signed the source masters' certificates",
    }),
  },
  run: async (values, terminal) => {
    const body = { source: values.source, authentication: clientAuthentication(values.clientKeyfile, values.sourceCa) };
    await withMasters(values, terminal, (masters) => masters.tell({ method: 'POST', path: '/_api/sync', body }));
    terminal.out('Synchronization activated.');
    return 0;
  },
});

/** How a target's masters authenticate at their source, from the texts of the keyfile and of the CA certificate. */
export function clientAuthentication(keyfile: string, caCertificate: string) {
  const { certificate, key } = readClientKeyfile(keyfile);
  return { clientCertificate: certificate, clientKey: key, caCertificate };
}

function readClientKeyfile(text: string) {
  try {
    return parseKeyfile(text);
  } catch (error) {
    throw new UsageError(`--master.keyfile: ${error instanceof Error ? error.message : String(error)}`);
  }
}
