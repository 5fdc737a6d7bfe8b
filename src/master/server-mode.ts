import type { ArangoServer } from '../replication/arango.ts';

export type Mode = 'default' | 'readonly';

const path = '/_admin/server/mode';

/** Whether the deployment takes writes of users, as its front tells. */
export async function readMode(front: ArangoServer, signal: AbortSignal): Promise<Mode> {
  return (await front.json<{ mode: Mode }>({ method: 'GET', path, signal })).mode;
}

/** Sets the mode; in a cluster every server follows within moments, not at once (reference 2.2). */
export async function setMode(front: ArangoServer, mode: Mode, signal: AbortSignal): Promise<void> {
  await front.json({ method: 'PUT', path, body: { mode }, repeatable: true, signal });
}

/**
 * Whether the deployment asks for a login. With authentication off every level is capped in read-only mode, ours as well:
 * such a target could not be written (S23).
 */
export async function isAuthenticationOn(front: ArangoServer, signal: AbortSignal): Promise<boolean> {
  const headers = { authorization: '' };
  const answer = await front.request({ method: 'GET', path: '/_admin/server/role', headers, signal });
  return answer.status === 401;
}
