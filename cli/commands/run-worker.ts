import { defineCommand } from '../command.ts';
import { defined } from '../defined.ts';
import { UsageError } from '../errors.ts';
import { endpoints, file, integer, requiredSecret } from '../options.ts';
import { processOptions, runProcess, versionInfo } from '../process-options.ts';

export const runWorker = defineCommand({
  words: 'run worker',
  summary: 'Run a sync worker; all else it needs comes from its masters',
  options: {
    masterEndpoints: endpoints('master.endpoint', {
      description: 'Masters of this datacenter, any or all; may be repeated',
    }),
    masterSecret: requiredSecret('master.jwt-secret', { description: 'JWT secret that masters and workers share' }),
    masterCa: file('master.cacert', {
      description: "CA that signed the masters' certificates; without it they are not verified",
    }),
    clusterCa: file('cluster.cacert', {
      description: "CA that signed ArangoDB's certificates; without it they are not verified",
    }),
    serverEndpoints: endpoints('server.endpoint', { description: 'How this datacenter reaches this worker' }),
    publicEndpoints: endpoints(
      'server.public-endpoint',
      { description: 'How workers of the other datacenter may reach it without passing the masters' },
      false,
    ),
    port: integer('server.port', 8729, { description: 'Port to listen on' }),
    ...processOptions,
  },
  run: (values, terminal) => {
    const { masterEndpoints, masterSecret, port, masterCa, clusterCa, monitoringToken } = values;
    const [endpoint] = values.serverEndpoints;
    if (endpoint === undefined) throw new UsageError('--server.endpoint is required');
    const optional = defined({ masterCa, clusterCa, monitoringToken, publicEndpoint: values.publicEndpoints[0] });
    const required = { masterEndpoints, masterSecret, endpoint, port };
    return runProcess('worker', values, terminal, async (log) => {
      // Loaded here, so that commands that only ask a master start quickly.
      const { startWorker } = await import('../../src/adapters/worker-process.ts');
      const { openEngines } = await import('../../src/adapters/worker-engines.ts');
      return startWorker({ ...required, ...optional, log, version: versionInfo(), openEngines });
    });
  },
});
