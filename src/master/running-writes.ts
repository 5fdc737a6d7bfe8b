import { z } from 'zod';
import type { ArangoDeployment } from '../replication/arango.ts';

/** What a server tells of a query that runs; `modificationQuery` since 3.12. */
const RunningQuery = z.object({ id: z.string(), query: z.string(), modificationQuery: z.boolean().optional() });

const WRITING_WORD = /\b(INSERT|UPDATE|REPLACE|REMOVE|UPSERT)\b/i;
/** The server shows so many characters of a query at most (`maxQueryStringLength`), and then how many there are. */
const IS_CUT = /\.\.\. \(\d+\)$/;

/** Something of users that may still write after the deployment became read-only: the mode does not end it (S8). */
export interface RunningWrite {
  readonly kind: 'transaction' | 'query';
  /** Tells it from others of the deployment. */
  readonly id: string;
}

export async function runningWrites(deployment: ArangoDeployment, signal: AbortSignal): Promise<RunningWrite[]> {
  return [...(await runningTransactions(deployment, signal)), ...(await writingQueries(deployment, signal))];
}

/** What is waited for, for people. */
export function textOfWrites(writes: readonly RunningWrite[]): string {
  const count = (kind: RunningWrite['kind']) => writes.filter((write) => write.kind === kind).length;
  const found = [
    ...(count('transaction') > 0 ? [`transactions (${count('transaction')})`] : []),
    ...(count('query') > 0 ? [`AQL queries that write (${count('query')})`] : []),
  ];
  return `users’ ${found.join(' and ')} to end`;
}

/** Streaming transactions live on after the mode changed (reference 4.7); each database tells its own. */
async function runningTransactions(deployment: ArangoDeployment, signal: AbortSignal): Promise<RunningWrite[]> {
  const path = '/_api/transaction';
  const running: RunningWrite[] = [];
  for (const database of await deployment.databases(signal)) {
    const { transactions } = await deployment.front.json<{ transactions: { id: string }[] }>({
      method: 'GET',
      database,
      path,
      signal,
    });
    running.push(...transactions.map(({ id }) => ({ kind: 'transaction', id: `${database}/${id}` }) as const));
  }
  return running;
}

/** A coordinator asks the others, too; `all`: of every database, which only `_system` tells, and only the superuser. */
async function writingQueries(deployment: ArangoDeployment, signal: AbortSignal): Promise<RunningWrite[]> {
  const request = { method: 'GET', path: '/_api/query/current', query: { all: true }, signal } as const;
  const queries = z.array(RunningQuery).parse(await deployment.front.json(request));
  return queries.filter(mayWrite).map(({ id }) => ({ kind: 'query', id }));
}

/** A query of which we cannot see that it only reads counts as one that writes. */
function mayWrite({ query, modificationQuery }: z.infer<typeof RunningQuery>): boolean {
  return modificationQuery ?? (IS_CUT.test(query) || WRITING_WORD.test(query));
}
