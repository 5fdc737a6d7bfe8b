import { collectionOperations } from './collection-operations.ts';
import { databaseOperations } from './database-operations.ts';
import { documentOperations } from './document-operations.ts';
import { graphOperations } from './graph-operations.ts';
import { indexOperations } from './index-operations.ts';
import type { Operation } from './operation.ts';
import { searchOperations } from './search-operations.ts';
import { systemOperations } from './system-operations.ts';
import { transactionOperations } from './transaction-operations.ts';
import { userOperations } from './user-operations.ts';

export const allOperations: readonly Operation[] = [
  ...documentOperations,
  ...transactionOperations,
  ...databaseOperations,
  ...collectionOperations,
  ...indexOperations,
  ...searchOperations,
  ...graphOperations,
  ...userOperations,
  ...systemOperations,
];
