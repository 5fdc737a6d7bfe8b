import type { GivenSecrets } from '../../src/adapters/crypto/master-secrets.ts';
import type { Logger } from '../../src/adapters/logging/logger.ts';
import type { EnginesContext } from '../../src/adapters/worker-process.ts';
import { defineCommand } from '../command.ts';
import { defined } from '../defined.ts';
import { UsageError } from '../errors.ts';
import { duration, endpoints, file, integer, oneOf } from '../options.ts';
import { processOptions, runProcess, versionInfo } from '../process-options.ts';
import { reloadOf } from '../reload.ts';
import { masterSecret, type Reloadable } from '../reloadable-options.ts';

/** A marker more often would be a load, one more rarely tells nothing. */
const MARKER_MS_MIN = 100;
const MARKER_MS_MAX = 60_000;

export const runWorker = defineCommand({
  words: 'run worker',
  summary: 'Run a sync worker; all else it needs comes from its masters',
  options: {
    masterEndpoints: endpoints('master.endpoint', {
      description: 'Masters of this datacenter, any or all; may be repeated',
    }),
    masterSecret: masterSecret('master.jwt-secret', {
      description: 'JWT secret that masters and workers share, or a folder of them; read again on SIGHUP',
    }),
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
    copiesAtOnce: integer('worker.max-initial-sync-tasks', 16, {
      description: 'Shards that are copied at the same time; the others wait for their turn',
    }),
    markerEveryMs: duration('worker.lag-marker-interval', '1s', {
      description:
        "How often a small document is written into each followed server's log to time its arrival; 0s: never",
    }),
    packing: oneOf('worker.link-compression', ['auto', 'always', 'never'], 'auto', {
      description:
        'Whether what this worker receives is compressed on the way; auto: unless the other side is in the same place',
    }),
    ...processOptions,
  },
  run: (values, terminal) => {
    const { copiesAtOnce, markerEveryMs, packing } = values;
    if (copiesAtOnce === 0) throw new UsageError('--worker.max-initial-sync-tasks must be 1 or more');
    if (markerEveryMs > 0 && (markerEveryMs < MARKER_MS_MIN || markerEveryMs > MARKER_MS_MAX)) {
      throw new UsageError('--worker.lag-marker-interval must be between 100ms and 1m, or 0s for none');
    }
    const { masterEndpoints, port, masterCa, clusterCa, monitoringToken } = values;
    const [endpoint] = values.serverEndpoints;
    if (endpoint === undefined) throw new UsageError('--server.endpoint is required');
    const masterSecret = values.masterSecret.value.secrets;
    const optional = defined({ masterCa, clusterCa, monitoringToken, publicEndpoint: values.publicEndpoints[0] });
    const required = { masterEndpoints, masterSecret, endpoint, port };
    const start = async (log: Logger) => {
      // Loaded here, so that commands that only ask a master start quickly.
      const { startWorker } = await import('../../src/adapters/worker-process.ts');
      const { openEngines } = await import('../../src/adapters/worker-engines.ts');
      const engines = (context: EnginesContext) => openEngines(context, { copiesAtOnce, markerEveryMs });
      return startWorker({ ...required, ...optional, packing, log, version: versionInfo(), openEngines: engines });
    };
    return runProcess('worker', values, terminal, start, (worker) => [
      reloadOf(unlessUnchanged(values.masterSecret), (masterSecrets) => worker.reload(defined({ masterSecrets }))),
    ]);
  },
});

/** A file that still says what it said must not take back a secret that the masters have told meanwhile. */
function unlessUnchanged({ flag, value, again }: Reloadable<GivenSecrets>): Reloadable<GivenSecrets | undefined> {
  let last = value;
  return {
    flag,
    value,
    again: () => {
      const now = again();
      const isSame = now.secrets.join('\n') === last.secrets.join('\n');
      last = now;
      return isSame ? undefined : now;
    },
  };
}
