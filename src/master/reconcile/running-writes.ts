import { z } from 'zod';
import type { ArangoDeployment } from '../../replication/arango.ts';

/** What a server tells of a query that runs; `modificationQuery` since 3.12. */
const RunningQuery = z.object({ query: z.string(), modificationQuery: z.boolean().optional() });

const WRITING_WORD = /\b(INSERT|UPDATE|REPLACE|REMOVE|UPSERT)\b/i;
/** The server shows so many characters of a query at most (`maxQueryStringLength`), and then how many there are. */
const IS_CUT = /\.\.\. \(\d+\)$/;

/**
 * What users began to write before the mode of a server changed, and what the mode does not end (S8): in words, or
 * undefined when there is nothing.
 */
export async function runningWrites(deployment: ArangoDeployment, signal: AbortSignal): Promise<string | undefined> {
  const transactions = await runningTransactions(deployment, signal);
  const queries = await writingQueries(deployment, signal);
  const found = [
    ...(transactions > 0 ? [`transactions (${transactions})`] : []),
    ...(queries > 0 ? [`AQL queries that write (${queries})`] : []),
  ];
  return found.length === 0 ? undefined : `users’ ${found.join(' and ')} to end`;
}

/** Streaming transactions live on after the mode changed (reference 4.7); each database tells its own. */
async function runningTransactions(deployment: ArangoDeployment, signal: AbortSignal): Promise<number> {
  const path = '/_api/transaction';
  let running = 0;
  for (const database of await deployment.databases(signal)) {
    const { transactions } = await deployment.front.json<{ transactions: unknown[] }>({
      method: 'GET',
      database,
      path,
      signal,
    });
    running += transactions.length;
  }
  return running;
}

/** A coordinator asks the others, too; `all`: of every database, which only `_system` tells, and only the superuser. */
async function writingQueries(deployment: ArangoDeployment, signal: AbortSignal): Promise<number> {
  const request = { method: 'GET', path: '/_api/query/current', query: { all: true }, signal } as const;
  const queries = z.array(RunningQuery).parse(await deployment.front.json(request));
  return queries.filter(mayWrite).length;
}

/** A query of which we cannot see that it only reads counts as one that writes. */
function mayWrite({ query, modificationQuery }: z.infer<typeof RunningQuery>): boolean {
  return modificationQuery ?? (IS_CUT.test(query) || WRITING_WORD.test(query));
}
