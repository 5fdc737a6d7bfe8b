import { defineCollections } from './suite/collections.ts';
import { defineDatabases } from './suite/databases.ts';
import { defineDocumentsBulk } from './suite/documents-bulk.ts';
import { defineDocumentsSingle } from './suite/documents-single.ts';
import { defineDoorAndHeaders } from './suite/door-and-headers.ts';
import { defineIndexes } from './suite/indexes.ts';
import { defineIsRestore } from './suite/is-restore.ts';
import { defineReadOnlyMode } from './suite/read-only-mode.ts';
import { defineVersionAndAdmin } from './suite/version-and-admin.ts';
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
];

/** Defines all checks that apply to a target. */
export function defineChecks(target: Target): void {
  for (const define of subjects) define(target);
}
