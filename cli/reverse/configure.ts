import { z } from 'zod';
import { SyncInfo } from '../../src/wire/sync-info.ts';
import { clientAuthentication } from '../commands/configure-sync.ts';
import type { MasterClient } from '../master-client.ts';

const Endpoints = z.object({ endpoints: z.array(z.string()).min(1) });
const ENDPOINTS = { method: 'GET', path: '/_api/endpoints' } as const;

/** Whether the old source follows the old target already. */
export async function followsReversed(source: MasterClient, target: MasterClient): Promise<boolean> {
  const [info, { endpoints }] = await Promise.all([
    source.ask({ method: 'GET', path: '/_api/sync?details=short' }, SyncInfo),
    target.ask(ENDPOINTS, Endpoints),
  ]);
  return info.status !== 'inactive' && info.source.some((url) => endpoints.includes(url));
}

/** Refused unless the old source was read-only ever since. The old target's masters are named as they tell it themselves: usable from outside their datacenter. */
export async function configureReversed(
  source: MasterClient,
  target: MasterClient,
  keyfile: string,
  caCertificate: string,
): Promise<void> {
  const { endpoints } = await target.ask(ENDPOINTS, Endpoints);
  // What the old target has of the old source: all else there is not to be taken for surplus.
  const { selection, last_selection: last } = await target.ask(
    { method: 'GET', path: '/_api/sync?details=short' },
    SyncInfo,
  );
  const part = selection ?? last;
  const authentication = clientAuthentication(keyfile, caCertificate);
  const body = {
    source: endpoints,
    authentication,
    reversal: true,
    ...(part === undefined ? {} : { selection: part }),
  };
  await source.tell({ method: 'POST', path: '/_api/sync', body });
}
