import type { FrontCollection, FrontDatabase } from '../cluster/front.ts';
import {
  type AnalyzerDefinition,
  analyzerOfDocument,
  BUILT_IN_ANALYZERS,
  isBuiltIn,
  splitAnalyzerName,
} from '../definitions/analyzer.ts';
import type { ApiRequest } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';
import { jsonOf } from './stored-json.ts';

/** Where the analyzers of a database lie. */
export function analyzerCollection(database: FrontDatabase): FrontCollection {
  const collection = database.collection('_analyzers');
  if (collection === undefined) throw new ArangoApiError(1203, 'collection or view not found: _analyzers');
  return collection;
}

/** The analyzers made in a database. */
export async function analyzersOf(database: FrontDatabase): Promise<readonly AnalyzerDefinition[]> {
  const found: AnalyzerDefinition[] = [];
  for (const document of await analyzerCollection(database).documents()) {
    const analyzer = analyzerOfDocument(jsonOf(document));
    if (analyzer !== undefined) found.push(analyzer);
  }
  return found;
}

/** The analyzers that a database may use, by name: built-in ones, its own, and those of `_system`. */
export interface UsableAnalyzers {
  find(name: string): AnalyzerDefinition | undefined;
}

/** Looks all of them up at once; the answer does not follow later changes. */
export async function usableAnalyzers(request: ApiRequest): Promise<UsableAnalyzers> {
  const byDatabase = new Map<string, readonly AnalyzerDefinition[]>();
  for (const name of new Set(['_system', request.database])) {
    const database = request.server.front.database(name);
    if (database !== undefined) byDatabase.set(name, await analyzersOf(database));
  }
  return {
    find(text) {
      const { database = request.database, name } = splitAnalyzerName(text);
      if (isBuiltIn(text)) return BUILT_IN_ANALYZERS.find((analyzer) => analyzer.name === text);
      return byDatabase.get(database === '' ? '_system' : database)?.find((analyzer) => analyzer.name === name);
    },
  };
}
