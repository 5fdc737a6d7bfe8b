import { defineAgency } from './suite/agency.ts';
import { defineBatchesAndDump } from './suite/batches-and-dump.ts';
import { defineClusterRouting } from './suite/cluster-routing.ts';
import { defineCollections } from './suite/collections.ts';
import { defineDatabases } from './suite/databases.ts';
import { defineDbServerDirect } from './suite/db-server-direct.ts';
import { defineDocumentsBulk } from './suite/documents-bulk.ts';
import { defineDocumentsSingle } from './suite/documents-single.ts';
import { defineDoorAndHeaders } from './suite/door-and-headers.ts';
import { defineImport } from './suite/import.ts';
import { defineIndexes } from './suite/indexes.ts';
import { defineIsRestore } from './suite/is-restore.ts';
import { defineQuietServer } from './suite/quiet-server.ts';
import { defineReadOnlyMode } from './suite/read-only-mode.ts';
import { defineRestore } from './suite/restore.ts';
import { defineRevisionTrees } from './suite/revision-trees.ts';
import { defineTransactions } from './suite/transactions.ts';
import { defineUsersAndRights } from './suite/users-and-rights.ts';
import { defineVersionAndAdmin } from './suite/version-and-admin.ts';
import { defineViewsAnalyzersGraphs } from './suite/views-analyzers-graphs.ts';
import { defineWal } from './suite/wal.ts';
import type { Target } from './target.ts';

/** Every subject of the suite. */
const subjects: readonly ((target: Target) => void)[] = [
  defineDoorAndHeaders,
  defineVersionAndAdmin,
  defineDatabases,
  defineCollections,
  defineIndexes,
  defineDocumentsSingle,
  defineDocumentsBulk,
  defineIsRestore,
  defineReadOnlyMode,
  defineTransactions,
  defineUsersAndRights,
  defineViewsAnalyzersGraphs,
  defineImport,
  defineBatchesAndDump,
  defineRevisionTrees,
  defineWal,
  defineRestore,
  defineClusterRouting,
  defineDbServerDirect,
  defineAgency,
  defineQuietServer,
];

/** Defines all checks that apply to a target. */
export function defineChecks(target: Target): void {
  for (const define of subjects) define(target);
}
