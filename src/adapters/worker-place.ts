import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { z } from 'zod';
import type { ArangoServer } from '../replication/arango.ts';

/** What `GET /_admin/cluster/health` says of a server (reference 2.6). */
const Health = z.object({
  Health: z.record(
    z.string(),
    z.looseObject({ Role: z.string(), Endpoint: z.string().optional(), Host: z.string().optional() }),
  ),
});

export interface DbServerPlace {
  readonly id: string;
  /** Name or address in its endpoint. */
  readonly host: string;
  /** What it says of the machine that it runs on; `''`: nothing. */
  readonly hostId: string;
}

/** Where a worker runs. */
export interface OwnPlace {
  /** The host of `--server.endpoint`. */
  readonly host: string;
  /** Names and addresses of this machine. */
  readonly addresses: readonly string[];
  readonly hostId: string;
}

export interface WorkerPlace {
  readonly HostID: string;
  readonly dbServerAffinity?: string;
}

const HEALTH_TIMEOUT_MS = 5_000;
const MACHINE_ID = '/etc/machine-id';

/**
 * Names this machine as ArangoDB names it in its health: by `HOST` or `NODE_NAME` of the environment, else by the machine's
 * id, else by the host's name (arangod's `ServerState`).
 */
export function hostId(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const given = environment.HOST ?? environment.NODE_NAME ?? '';
  if (given !== '') return given;
  try {
    const id = readFileSync(MACHINE_ID, 'utf8').trim();
    return id === '' ? hostname() : id;
  } catch {
    return hostname();
  }
}

/** Where this worker runs, and beside which DB-Server. A single server has nothing to be nearer to. */
export async function placeOfWorker(front: ArangoServer, endpoint: string, signal: AbortSignal): Promise<WorkerPlace> {
  const id = hostId();
  const addresses = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  const own = { host: new URL(endpoint).hostname, addresses: [hostname(), ...addresses], hostId: id };
  const near = nearestDbServer(await dbServerPlaces(front, signal), own);
  return { HostID: id, ...(near === undefined ? {} : { dbServerAffinity: near }) };
}

/**
 * The one DB-Server that is nearer than all others: at the worker's own address, else at an address of its machine, else
 * on the machine of the same id. Undefined when none is, or several are alike: a preference among these would be chance.
 */
export function nearestDbServer(servers: readonly DbServerPlace[], own: OwnPlace): string | undefined {
  const measures: readonly ((server: DbServerPlace) => boolean)[] = [
    ({ host }) => host === own.host,
    ({ host }) => own.addresses.includes(host),
    (server) => server.hostId !== '' && server.hostId === own.hostId,
  ];
  for (const isNear of measures) {
    const [first, ...more] = servers.filter(isNear);
    if (first !== undefined) return more.length === 0 ? first.id : undefined;
  }
  return undefined;
}

async function dbServerPlaces(front: ArangoServer, signal: AbortSignal): Promise<readonly DbServerPlace[]> {
  const answer = await front.request({
    method: 'GET',
    path: '/_admin/cluster/health',
    timeoutMs: HEALTH_TIMEOUT_MS,
    signal,
  });
  // A single server knows no health of a cluster.
  if (answer.status !== 200) return [];
  const { Health: health } = Health.parse(JSON.parse(answer.body.toString()));
  return Object.entries(health)
    .filter(([, { Role }]) => Role === 'DBServer')
    .map(([id, { Endpoint = '', Host = '' }]) => ({ id, host: hostOfEndpoint(Endpoint), hostId: Host }));
}

/** ArangoDB writes `tcp://` and `ssl://`, whose host a URL knows as well. */
function hostOfEndpoint(endpoint: string): string {
  const url = endpoint.replace(/^(tcp|ssl|vst):/, 'https:');
  return URL.canParse(url) ? new URL(url).hostname : '';
}
