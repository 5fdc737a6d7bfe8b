import { createHmac } from 'node:crypto';

/** A token of the superuser by reference 1.5, signed here and not by the code under test. */
export function superuserToken(secret: string, claims: Readonly<Record<string, unknown>> = {}): string {
  const head = part({ alg: 'HS256', typ: 'JWT' });
  const body = part({ iss: 'arangodb', server_id: 'conformance', ...claims });
  return `${head}.${body}.${createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url')}`;
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
