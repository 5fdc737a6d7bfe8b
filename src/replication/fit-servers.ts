import { z } from 'zod';
import type { ArangoDeployment, ArangoServer } from './arango.ts';

/** Before it there are no revision trees, and revisions are no document ids (reference 9.1). */
const OLDEST = { major: 3, minor: 8 };
const ENGINE = 'rocksdb';

const Version = z.looseObject({ version: z.string().regex(/^\d+\.\d+/) });
const Engine = z.looseObject({ name: z.string() });

/**
 * The servers of a deployment that cannot take part in a replication, each with its name and the reason: in a rolling
 * upgrade they differ, so each is asked itself. One that does not answer is not judged.
 */
export async function unfitServers(deployment: ArangoDeployment, signal: AbortSignal): Promise<readonly string[]> {
  const servers = await deployment.everyServer(signal);
  const reasons = await Promise.all(servers.map((server) => unfitness(server, signal)));
  return reasons.filter((reason) => reason !== undefined);
}

async function unfitness(server: ArangoServer, signal: AbortSignal): Promise<string | undefined> {
  const [version, engine] = await Promise.all([
    told(server, '/_api/version', Version, signal),
    told(server, '/_api/engine', Engine, signal),
  ]);
  if (version !== undefined && isTooOld(version.version)) {
    return `${server.name} is ArangoDB ${version.version}: ${OLDEST.major}.${OLDEST.minor} is the oldest that can be replicated; upgrade it`;
  }
  if (engine !== undefined && engine.name !== ENGINE) {
    return `${server.name} has the storage engine ${engine.name}: only ${ENGINE} has a log that can be followed`;
  }
  return undefined;
}

async function told<T>(
  server: ArangoServer,
  path: string,
  schema: z.ZodType<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  try {
    return schema.safeParse(await server.json<unknown>({ method: 'GET', path, signal })).data;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor);
}
