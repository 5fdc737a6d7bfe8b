import type { ArangoServer } from '../replication/arango.ts';

export type Mode = 'default' | 'readonly';

const path = '/_admin/server/mode';

/** Whether the deployment takes writes of users, as its front tells. */
export async function readMode(front: ArangoServer, signal: AbortSignal): Promise<Mode> {
  return (await front.json<{ mode: Mode }>({ method: 'GET', path, signal })).mode;
}

/**
 * The servers that do not refuse writes of users, each with what it said instead; a silent one is among them. Nobody
 * writes any more only when there is none (S8).
 */
export async function notReadOnly(servers: readonly ArangoServer[], signal: AbortSignal): Promise<string[]> {
  const answers = await Promise.all(
    servers.map(async (server) => {
      const mode = await readMode(server, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        return `silent: ${error instanceof Error ? error.message : String(error)}`;
      });
      return mode === 'readonly' ? [] : [`${server.name} is ${mode === 'default' ? 'writable' : mode}`];
    }),
  );
  return answers.flat();
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
