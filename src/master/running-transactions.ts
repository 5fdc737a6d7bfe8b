import type { ArangoDeployment } from '../replication/arango.ts';

const path = '/_api/transaction';

/**
 * Streaming transactions that run: they may still write after the deployment became read-only (reference 4.7). Each
 * database tells its own.
 */
export async function runningTransactions(deployment: ArangoDeployment, signal: AbortSignal): Promise<string[]> {
  const running: string[] = [];
  for (const database of await deployment.databases(signal)) {
    const { transactions } = await deployment.front.json<{ transactions: { id: string }[] }>({
      method: 'GET',
      database,
      path,
      signal,
    });
    running.push(...transactions.map(({ id }) => `${database}/${id}`));
  }
  return running;
}
