import { z } from 'zod';
import type { ArangoServer } from '../../replication/arango.ts';
import { ApiError } from '../../wire/api-error.ts';
import type { UserCheck } from './authentication.ts';

const Grant = z.looseObject({ result: z.string() });

/**
 * Checks user and password at the datacenter's own ArangoDB. What counts is the grant as it was set: in read-only mode,
 * where a target stands, the effective level of everyone is `ro` (reference 1.6).
 */
export function arangoUserCheck(front: ArangoServer): UserCheck {
  return async (user, password) => {
    const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    const onSystem = await configuredGrant(front, authorization, user, '_system');
    if (onSystem === 'wrong') return 'wrong';
    // A grant on the wildcard holds where the database itself has none.
    const level = onSystem === 'undefined' ? await configuredGrant(front, authorization, user, '*') : onSystem;
    return level === 'rw' ? 'admin' : 'not-admin';
  };
}

async function configuredGrant(
  front: ArangoServer,
  authorization: string,
  user: string,
  database: string,
): Promise<string> {
  const answer = await front.request({
    method: 'GET',
    path: `/_api/user/${encodeURIComponent(user)}/database/${encodeURIComponent(database)}`,
    query: { configured: true },
    headers: { authorization },
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
