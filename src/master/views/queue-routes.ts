import { createHash } from 'node:crypto';
import { trustedCas } from '../../domain/keys/worker-ca.ts';
import type { ControlState } from '../../projections/control-state.ts';
import type { QueueRoutes } from '../../wire/queue-link.ts';

type Routes = NonNullable<QueueRoutes['routes']>;

/** Which worker holds each data channel of a target, and where it may be dialled directly. */
export function queueRoutes(state: ControlState, targetId: string): { version: string; routes: Routes } {
  const routes: Routes = {};
  for (const { type, peerId, workerId, channels } of state.tasks.values()) {
    if (!type.startsWith('send-') || peerId !== targetId || workerId === null) continue;
    const publicEndpoint = state.workers.byId.get(workerId)?.publicEndpoint;
    routes[channels.data] = { workerId, ...(publicEndpoint === undefined ? {} : { publicEndpoint }) };
  }
  const text = JSON.stringify([Object.entries(routes).sort(([a], [b]) => (a < b ? -1 : 1)), trustedCas(state.keys)]);
  return { version: createHash('sha256').update(text).digest('base64url'), routes };
}
