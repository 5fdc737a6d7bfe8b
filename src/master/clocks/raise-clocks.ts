import type { ArangoDeployment, ArangoServer } from '../../replication/arango.ts';
import { decodeRevision, encodeHlc, revisionTimeMs } from '../../replication/revision.ts';

/** A clock cannot be turned back: what lies further ahead of the servers' time is not sent, whoever made it. */
const AHEAD_MS_MAX = 24 * 3_600_000;

/**
 * Moves the hybrid clock of every coordinator and DB-Server, followers included, to at least a revision (S16): any
 * authenticated request that carries one does (`x-arango-hlc`, step 5 of `GeneralCommTask::prepareExecution`). Throws when
 * one does not answer, or the revision is too far ahead.
 */
export async function raiseClocks(deployment: ArangoDeployment, revision: string, signal: AbortSignal): Promise<void> {
  await refuseFuture(deployment, revision, signal);
  const headers = { 'x-arango-hlc': encodeHlc(decodeRevision(revision)) };
  const servers = await deployment.everyServer(signal);
  const silent = await Promise.all(servers.map((server) => raise(server, headers, signal)));
  const texts = silent.flat();
  if (texts.length > 0) throw new Error(texts.join(', '));
}

async function raise(server: ArangoServer, headers: Record<string, string>, signal: AbortSignal): Promise<string[]> {
  try {
    const { status } = await server.request({ method: 'GET', path: '/_api/version', headers, signal });
    return status === 200 ? [] : [`${server.name} answered ${status}`];
  } catch (error) {
    signal.throwIfAborted();
    return [`${server.name} is silent: ${error instanceof Error ? error.message : String(error)}`];
  }
}

async function refuseFuture({ front }: ArangoDeployment, revision: string, signal: AbortSignal): Promise<void> {
  const { time } = await front.json<{ time: number }>({ method: 'GET', path: '/_admin/time', signal });
  const aheadMs = revisionTimeMs(revision) - time * 1_000;
  if (aheadMs <= AHEAD_MS_MAX) return;
  throw new Error(
    `a replicated document has the revision ${revision}, which is ${Math.round(aheadMs / 3_600_000)} hours ahead of the ` +
      "servers' clocks: correct the clocks, or write that document anew",
  );
}
