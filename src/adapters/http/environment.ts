import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Context } from 'hono';
import { CLIENT_ID_LENGTH_MAX } from '../../events/actor.ts';
import type { Caller } from '../../wire/caller.ts';

/** A client certificate that the configured CA verified. */
export interface PeerCertificate {
  readonly subject: string;
  /** SHA-256, lower-case hex. */
  readonly fingerprint: string;
}

/** What the server hands to the app with each request; tests that call the app without a socket give `peer` themselves. */
export interface Bindings {
  readonly incoming?: IncomingMessage;
  readonly peer?: PeerCertificate;
}

export interface Variables {
  caller: Caller;
  /** How many masters have forwarded the request already. */
  hops: number;
  /** The body, when it was read already; null: there was none. */
  heldBody?: Buffer | null;
}

export interface AppEnvironment {
  Bindings: Bindings;
  Variables: Variables;
}

/** The caller's verified client certificate, if it showed one. */
export function peerCertificate(bindings: Bindings | undefined): PeerCertificate | undefined {
  if (bindings?.peer !== undefined) return bindings.peer;
  const socket = bindings?.incoming?.socket;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  return {
    subject: certificate.subject.replaceAll('\n', ', '),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

/** The caller with where it came from and what it called itself, for the log. */
export function withOrigin(caller: Caller, context: Context<AppEnvironment>): Caller {
  const address = addressOf(context);
  const clientId = printable(context.req.header('x-arangosync-client-id') ?? '');
  return {
    ...caller,
    ...(clientId === '' ? {} : { clientId }),
    ...(address === undefined ? {} : { address }),
  };
}

/** Where a request came from; IPv4 reads as such also on a socket that takes both. */
export function addressOf(context: Context<AppEnvironment>): string | undefined {
  const address = (context.env as Bindings | undefined)?.incoming?.socket.remoteAddress;
  return address?.replace(/^::ffff:(?=\d+\.)/, '');
}

/** What a client says of itself ends up on terminals: control characters are left out. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '').trim().slice(0, CLIENT_ID_LENGTH_MAX);
}
