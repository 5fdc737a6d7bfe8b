import type { ArangoServer } from '../replication/arango.ts';

export type Mode = 'default' | 'readonly';

const path = '/_admin/server/mode';

/** Whether the deployment takes writes of users, as its front tells. */
export async function readMode(front: ArangoServer, signal: AbortSignal): Promise<Mode> {
  return (await front.json<{ mode: Mode }>({ method: 'GET', path, signal })).mode;
}

/** A server of which nobody can say that it refuses writes of users. */
export interface NotReadOnly {
  /** It answered that it takes writes; otherwise it was silent. */
  readonly isWritable: boolean;
  /** For people, with its name. */
  readonly text: string;
}

/** Nobody writes any more only when this is empty (S8). */
export async function notReadOnly(servers: readonly ArangoServer[], signal: AbortSignal): Promise<NotReadOnly[]> {
  const answers = await Promise.all(
    servers.map(async (server) => {
      const mode = await readMode(server, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        return `silent: ${error instanceof Error ? error.message : String(error)}`;
      });
      if (mode === 'readonly') return [];
      const isWritable = mode === 'default';
      return [{ isWritable, text: `${server.name} is ${isWritable ? 'writable' : mode}` }];
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
