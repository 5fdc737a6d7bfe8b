import { createStorageServer } from '../engine/server.ts';
import { features as featuresOf } from '../versions/features.ts';
import type { Cluster } from './cluster.ts';
import { ClusterTransactions } from './cluster-transactions.ts';
import { CoordinatorFront } from './coordinator-front.ts';
import type { Front } from './front.ts';
import { LocalFront } from './local-front.ts';
import { drawServerId, shortName } from './names-of-servers.ts';
import { ServerNode } from './server-node.ts';
import { ShardAccess } from './shard-access.ts';
import { boundsOf, type NodeParts } from './start-single.ts';
import { Structure } from './structure.ts';
import { SYSTEM_DATABASE_CLUSTER } from './system-collections.ts';

/** How many servers a cluster gets. */
export interface ClusterSize {
  readonly dbServers: number;
  readonly coordinators: number;
}

/** A cluster whose servers listen and whose `_system` is there. */
export interface StartedCluster {
  readonly nodes: readonly ServerNode[];
  /** A front for the deployment's own use. */
  readonly front: Front;
}

/** Makes the servers of a cluster: coordinators first, then DB-Servers, then one agent. */
export async function startCluster(parts: NodeParts, cluster: Cluster, size: ClusterSize): Promise<StartedCluster> {
  const structure = new Structure(cluster);
  const access = new ShardAccess(cluster);
  const transactions = new ClusterTransactions(cluster, access);
  const shared = { cluster, structure, access, transactions };
  let offset = 0;
  const port = () => (parts.port === 0 ? 0 : parts.port + offset++);
  for (let index = 0; index < size.coordinators; index++) {
    const front = (node: ServerNode) =>
      new CoordinatorFront({ ...shared, hlc: () => node.hlc, features: () => node.features });
    const name = { id: drawServerId('CRDN', parts.environment), shortName: shortName('Coordinator', index) };
    cluster.coordinators.push(
      new ServerNode({ ...parts, ...name, role: 'coordinator', front, storage: undefined, port: port() }),
    );
  }
  for (let index = 0; index < size.dbServers; index++) cluster.dbServers.push(dbServer(parts, index, port()));
  const agentId = drawServerId('AGNT', parts.environment);
  const features = featuresOf(parts.deployment.version, parts.answers);
  const front = new CoordinatorFront({ ...shared, hlc: () => undefined, features: () => features });
  const agent = { id: agentId, shortName: shortName('Agent', 0), role: 'agent', front: () => front } as const;
  cluster.agents.push(new ServerNode({ ...parts, ...agent, storage: undefined, port: port() }));
  for (const node of cluster.nodes()) await node.start();
  structure.createDatabase('_system', '1', { replicationFactor: 1 }, SYSTEM_DATABASE_CLUSTER);
  return { nodes: cluster.nodes(), front };
}

function dbServer(parts: NodeParts, index: number, port: number): ServerNode {
  const { environment, ids, deployment, answers } = parts;
  const id = drawServerId('PRMR', environment);
  const features = featuresOf(deployment.version, answers);
  const storage = createStorageServer({ role: 'dbserver', id, ids, environment, features, ...boundsOf(parts) });
  const front = () => new LocalFront(storage, ids);
  return new ServerNode({
    ...parts,
    id,
    shortName: shortName('DBServer', index),
    role: 'dbserver',
    front,
    storage,
    port,
  });
}
