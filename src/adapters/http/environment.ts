import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
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
