import { z } from 'zod';
import type { ArangoServer } from '../../replication/arango.ts';
import { ApiError } from '../../wire/api-error.ts';
import type { UserCheck } from './authentication.ts';

/** A caller waits no longer than this for the database to answer; it has two minutes for all endpoints together. */
const checkTimeoutMs = 10_000;
/** So many passwords are checked at once: guessing must not take the database's connections. */
const checksAtOnceMax = 32;

const Grant = z.looseObject({ result: z.string() });

/**
 * Checks user and password at the datacenter's own ArangoDB. What counts is the grant as it was set: in read-only mode,
 * where a target stands, the effective level of everyone is `ro` (reference 1.6).
 */
export function arangoUserCheck(front: ArangoServer): UserCheck {
  let running = 0;
  return async (user, password) => {
    if (running >= checksAtOnceMax)
      throw new ApiError(503, 'too many users are being checked at this moment; try again');
    running += 1;
    const signal = AbortSignal.timeout(checkTimeoutMs);
    try {
      return await verdictOn(front, user, password, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new ApiError(503, 'the database does not answer: users cannot be checked now', { cause: error });
    } finally {
      running -= 1;
    }
  };
}

async function verdictOn(front: ArangoServer, user: string, password: string, signal: AbortSignal) {
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const onSystem = await configuredGrant(front, authorization, user, '_system', signal);
  if (onSystem === 'wrong') return 'wrong';
  // A grant on the wildcard holds where the database itself has none.
  const level = onSystem === 'undefined' ? await configuredGrant(front, authorization, user, '*', signal) : onSystem;
  return level === 'rw' ? 'admin' : 'not-admin';
}

async function configuredGrant(
  front: ArangoServer,
  authorization: string,
  user: string,
  database: string,
  signal: AbortSignal,
): Promise<string> {
  const answer = await front.request({
    method: 'GET',
    path: `/_api/user/${encodeURIComponent(user)}/database/${encodeURIComponent(database)}`,
    query: { configured: true },
    headers: { authorization },
    signal,
  });
  if (answer.status === 401 || answer.status === 404) return 'wrong';
  if (answer.status === 403) return 'none';
  const grant = Grant.safeParse(parse(answer.body));
  if (answer.status !== 200 || !grant.success) {
    throw new ApiError(503, `the database cannot check users now (status ${answer.status})`);
  }
  return grant.data.result;
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

/** For the time before the database was reached: nobody is refused for that, and clients try again. */
export async function userCheckTooEarly(): Promise<never> {
  throw new ApiError(503, 'users cannot be checked yet: the database was not reached');
}
