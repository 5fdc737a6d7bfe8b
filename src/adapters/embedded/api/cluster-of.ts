import { Cluster } from '../cluster/cluster.ts';
import type { ServerProcess } from '../http/contract.ts';
import { ArangoApiError } from '../http/errors.ts';

/** The cluster that a server belongs to; 501/1471 on a single server. */
export function clusterOf(server: ServerProcess): Cluster {
  const { cluster } = server.deployment;
  if (cluster instanceof Cluster) return cluster;
  throw new ArangoApiError(1471);
}

/** An endpoint in the agency's words: `tcp://…`, `ssl://…` (2.6). */
export function agencyEndpoint(endpoint: string): string {
  return endpoint.replace(/^https:/, 'ssl:').replace(/^http:/, 'tcp:');
}
