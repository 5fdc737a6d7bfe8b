import { createStorageServer } from '../engine/server.ts';
import type { Environment } from '../engine/types.ts';
import { features as featuresOf } from '../versions/features.ts';
import type { Ids } from './ids.ts';
import { LocalFront } from './local-front.ts';
import { drawServerId } from './names-of-servers.ts';
import { ServerNode, type ServerNodeOptions } from './server-node.ts';
import { SYSTEM_DATABASE_CLUSTER, SYSTEM_DATABASE_SINGLE } from './system-collections.ts';

/** What every server of a deployment is made with; `port` is the first one's, 0 for free ones. */
export interface NodeParts extends Omit<ServerNodeOptions, 'role' | 'id' | 'shortName' | 'front' | 'storage'> {
  readonly environment: Environment;
  readonly ids: Ids;
  readonly walBytesMax: number | undefined;
  readonly clientLifetimeSeconds: number | undefined;
}

/** Makes a single server that listens and has its `_system` database. */
export async function startSingle(parts: NodeParts): Promise<{ node: ServerNode; front: LocalFront }> {
  const { environment, ids, deployment, answers } = parts;
  const id = drawServerId('SNGL', environment);
  const features = featuresOf(deployment.version, answers);
  const storage = createStorageServer({ role: 'single', id, ids, environment, features, ...boundsOf(parts) });
  const front = new LocalFront(storage, ids);
  front.makeDatabase('_system', '1', features.denseSystemIds ? SYSTEM_DATABASE_SINGLE : SYSTEM_DATABASE_CLUSTER);
  const node = new ServerNode({ ...parts, id, shortName: id, role: 'single', front: () => front, storage });
  await node.start();
  return { node, front };
}

/** Limits of a server's memory, where they were given. */
export function boundsOf({ walBytesMax, clientLifetimeSeconds }: NodeParts) {
  return {
    ...(walBytesMax === undefined ? {} : { walBytesMax }),
    ...(clientLifetimeSeconds === undefined ? {} : { clientLifetimeSeconds }),
  };
}
