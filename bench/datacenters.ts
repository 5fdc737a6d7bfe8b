import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Datacenter } from '../cli/demo/datacenter.ts';
import { runCommand } from '../cli/demo/processes.ts';
import { leaderOf, mastersOf, until } from '../cli/demo/status.ts';
import type { MasterClient } from '../cli/master-client.ts';
import { type ConnectedDeployment, connectDeployment } from '../src/adapters/arangodb/deployment.ts';

export const DATABASE = 'bench';
export const NEVER = new AbortController().signal;
const ELECTED_TIMEOUT_MS = 300_000;

/** As its superuser. */
export async function connectTo({ endpoints, clusterSecret }: Datacenter): Promise<ConnectedDeployment> {
  return connectDeployment({ endpoints, credentials: { kind: 'secret', jwtSecret: clusterSecret }, verify: false });
}

/** Its masters; to be closed. */
export function mastersIn(datacenter: Datacenter, folder: string): MasterClient {
  return mastersOf(datacenter, readFileSync(join(folder, 'tls-ca.crt'), 'utf8'));
}

/** Waits until one of them leads. */
export async function hasLeader(masters: MasterClient): Promise<void> {
  const isElected = (leader: string | undefined) => leader !== undefined;
  await until('electing a leader', ELECTED_TIMEOUT_MS, NEVER, () => leaderOf(masters), isElected);
}

export async function createDatabase({ front }: ConnectedDeployment): Promise<void> {
  await front.json({ method: 'POST', path: '/_api/database', body: { name: DATABASE } });
}

export async function createCollection(
  { front }: ConnectedDeployment,
  name: string,
  numberOfShards: number,
): Promise<void> {
  const body = { name, numberOfShards, replicationFactor: 1 };
  await front.json({ method: 'POST', database: DATABASE, path: '/_api/collection', body });
}

/** Documents; none while the collection is not there. */
export async function count({ front }: ConnectedDeployment, collection: string): Promise<number> {
  const path = `/_api/collection/${collection}/count`;
  const answer = await front.request({ method: 'GET', database: DATABASE, path });
  return answer.status === 200 ? Number(JSON.parse(answer.body.toString()).count) : 0;
}

/** The target follows the source, which it reaches at its masters or where it is told. */
export async function configure(
  source: Datacenter,
  target: Datacenter,
  folder: string,
  reachedAt = endpointsOf(source),
): Promise<void> {
  const where = [`--source.endpoint=${reachedAt}`, `--source.cacert=${join(folder, 'tls-ca.crt')}`];
  const keyfile = `--master.keyfile=${join(folder, 'client-auth.keyfile')}`;
  await command(target, folder, ['configure', 'sync', keyfile, ...where]);
}

/** Throws when it fails. */
export async function command(datacenter: Datacenter, folder: string, words: readonly string[]): Promise<void> {
  const where = [`--master.endpoint=${endpointsOf(datacenter)}`, `--master.cacert=${join(folder, 'tls-ca.crt')}`];
  const password = { ARANGOSYNC_AUTH_PASSWORD: datacenter.rootPassword };
  const { exit, output } = await runCommand([...words, ...where, '--auth.user=root'], password);
  if (exit !== 0) throw new Error(`${words.slice(0, 2).join(' ')} failed: ${output.slice(-1_000)}`);
}

function endpointsOf({ masters }: Datacenter): string {
  return masters.map(({ endpoint }) => endpoint).join(',');
}
