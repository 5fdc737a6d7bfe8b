import { createHash } from 'node:crypto';
import type { MasterSettings } from './ports.ts';

/** What of a worker's configuration all workers have in common. */
interface CommonConfiguration {
  readonly cluster: MasterSettings['cluster'];
  /** CA of client certificates, PEM. */
  readonly clientCa: string | undefined;
}

/**
 * Another one once a worker would be configured otherwise: it asks for its configuration again then. `caId`: of the CA that
 * issues workers' certificates.
 */
export function configurationVersion({ cluster, clientCa }: CommonConfiguration, caId: string | undefined): string {
  const text = JSON.stringify([cluster, clientCa ?? null, caId ?? null]);
  return createHash('sha256').update(text).digest('base64url');
}
