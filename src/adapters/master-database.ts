import { type ConnectedDeployment, connectDeployment } from './arangodb/deployment.ts';
import { createSyncCollections } from './arangodb/sync-collections.ts';
import type { MasterProcessOptions } from './master-process.ts';
import { systemClock as clock } from './system-clock.ts';

const connectPauseMs = 1_000;

/** The database of a master, with our collections. Waits for it for ever: it may start later than we do. */
export async function openMasterDatabase(
  options: MasterProcessOptions,
  signal: AbortSignal,
): Promise<ConnectedDeployment> {
  const { clusterEndpoints, clusterJwtSecret, clusterCa, masterCa, log } = options;
  const isSecure = clusterEndpoints.some((endpoint) => /^(https|ssl|http\+ssl):/i.test(endpoint));
  if (clusterCa === undefined && isSecure) {
    log.warn("the database's certificates are not verified: no --cluster.cacert was given");
  }
  if (masterCa === undefined) log.warn("the masters' certificates are not verified: no --master.cacert was given");
  for (let failure = ''; ; ) {
    signal.throwIfAborted();
    try {
      return await openDeployment(clusterEndpoints, clusterJwtSecret, clusterCa);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== failure) log.warn(`the database is not ready yet: ${message}`, { error });
      failure = message;
      await clock.sleep(connectPauseMs, signal);
    }
  }
}

async function openDeployment(endpoints: readonly string[], jwtSecret: string, ca: string | undefined) {
  const deployment = await connectDeployment({
    endpoints,
    credentials: jwtSecret === '' ? { kind: 'none' } : { kind: 'secret', jwtSecret },
    verify: ca !== undefined,
    ...(ca === undefined ? {} : { ca }),
  });
  try {
    await createSyncCollections(deployment.front);
    return deployment;
  } catch (error) {
    await deployment.close();
    throw error;
  }
}
