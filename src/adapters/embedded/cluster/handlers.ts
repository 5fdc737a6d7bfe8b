import { registerAdmin } from '../api/admin.ts';
import { registerAgency } from '../api/agency.ts';
import { registerAnalyzer } from '../api/analyzer.ts';
import { registerAqlFunction } from '../api/aqlfunction.ts';
import { registerAuth } from '../api/auth.ts';
import { registerCluster } from '../api/cluster.ts';
import { registerClusterInventory } from '../api/cluster-inventory.ts';
import { registerCollectionApi } from '../api/collection.ts';
import { registerDatabaseApi } from '../api/database.ts';
import { registerDocumentApi } from '../api/document.ts';
import { registerDump } from '../api/dump.ts';
import { registerEdges } from '../api/edges.ts';
import { registerGraph } from '../api/graph.ts';
import { registerImport } from '../api/import.ts';
import { registerIndex } from '../api/index.ts';
import { registerJob } from '../api/job.ts';
import { registerAbsent } from '../api/misc.ts';
import { registerQuery } from '../api/query.ts';
import { registerReplication } from '../api/replication.ts';
import { registerToken } from '../api/token.ts';
import { registerTransaction } from '../api/transaction.ts';
import { registerUser } from '../api/user.ts';
import { registerVersion } from '../api/version.ts';
import { registerView } from '../api/view.ts';
import { registerWal } from '../api/wal.ts';
import type { Router } from '../http/contract.ts';

type Register = (router: Router) => void;

const everywhere: readonly Register[] = [registerVersion, registerAdmin, registerJob];
const withData: readonly Register[] = [
  registerCollectionApi,
  registerDatabaseApi,
  registerDocumentApi,
  registerDump,
  registerIndex,
  registerReplication,
  registerTransaction,
  registerQuery,
  registerWal,
];
const forUsers: readonly Register[] = [
  registerAbsent,
  registerAnalyzer,
  registerAqlFunction,
  registerAuth,
  registerEdges,
  registerGraph,
  registerImport,
  registerToken,
  registerUser,
  registerView,
];

/** The calls that a server of this kind knows. */
export function registerHandlers(router: Router): void {
  const { role } = router.server;
  const groups: Readonly<Record<typeof role, readonly Register[]>> = {
    single: [...everywhere, ...withData, ...forUsers, registerCluster],
    coordinator: [...everywhere, ...withData, ...forUsers, registerCluster, registerClusterInventory],
    dbserver: [...everywhere, ...withData, registerCluster],
    agent: [...everywhere, registerAgency],
  };
  for (const register of groups[role]) register(router);
}
