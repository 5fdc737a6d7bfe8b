import { type ArangoDeployment, ArangoError, type ArangoRequest } from '../arango.ts';
import type { UserDocument } from '../users/user-documents.ts';

/** One write of users: each has the servers read all users again. */
const WRITE_BYTES = 1024 * 1024;
const USER_NOT_FOUND = 1703;
/** Names that a URL loses. */
const UNADDRESSABLE: ReadonlySet<string> = new Set(['.', '..']);

/**
 * Puts users over what the target has under their names, hashes of passwords included, and has every coordinator learn it:
 * restore-data matches them by name, and raises the version that servers watch (reference 7.4). It swallows what it cannot
 * write: only reading the users again shows what came of it.
 */
export async function putUsers(
  deployment: ArangoDeployment,
  users: readonly UserDocument[],
  signal: AbortSignal,
): Promise<void> {
  const query = { collection: '_users' };
  for (const body of bodiesOf(users)) {
    const request: ArangoRequest = { method: 'PUT', path: '/_api/replication/restore-data', query, body, signal };
    await write(deployment, request, []);
  }
}

/** Drops a user with its grants. That it is gone already is success. */
export async function dropUser(deployment: ArangoDeployment, name: string, signal: AbortSignal): Promise<void> {
  if (UNADDRESSABLE.has(name)) throw new ArangoError(400, 0, 'no call can name it: remove its document from _users');
  const path = `/_api/user/${encodeURIComponent(name)}`;
  await write(deployment, { method: 'DELETE', path, signal }, [USER_NOT_FOUND]);
}

/** Throws an error without the server's own text: it quotes the line that it could not read, and hashes stand there. */
async function write(deployment: ArangoDeployment, request: ArangoRequest, done: readonly number[]): Promise<void> {
  const { status, body } = await deployment.front.request(request);
  if (status < 400) return;
  const errorNum = numberIn(body);
  if (done.includes(errorNum)) return;
  throw new ArangoError(status, errorNum, `${request.method} ${request.path}: ${status}/${errorNum}`);
}

function numberIn(body: Buffer): number {
  try {
    const { errorNum } = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
    return typeof errorNum === 'number' ? errorNum : 0;
  } catch {
    return 0;
  }
}

function* bodiesOf(users: readonly UserDocument[]): Generator<string> {
  let lines: string[] = [];
  let bytes = 0;
  for (const { document } of users) {
    if (lines.length > 0 && bytes + document.length > WRITE_BYTES) {
      yield lines.join('\n');
      lines = [];
      bytes = 0;
    }
    lines.push(document);
    bytes += document.length;
  }
  if (lines.length > 0) yield lines.join('\n');
}
