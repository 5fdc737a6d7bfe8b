import { once } from 'node:events';
import { connect, createServer, type TLSSocket } from 'node:tls';
import type { SignedCertificate } from '../../../../src/adapters/tls/index.ts';

export interface Sides {
  readonly server: SignedCertificate;
  readonly client?: SignedCertificate;
  /** What the client knows. */
  readonly serverCa: string;
  /** What the server knows. */
  readonly clientCa: string;
}

/** A TLS handshake over a socket; rejects when the client does not trust the server. */
export async function handshake({ server, client, serverCa, clientCa }: Sides) {
  const listener = createServer({
    key: server.key,
    cert: server.certificate,
    ca: clientCa,
    requestCert: true,
    rejectUnauthorized: false,
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const accepted = once(listener, 'secureConnection') as Promise<[TLSSocket]>;
  accepted.catch(() => {});
  const socket = connect({
    host: '127.0.0.1',
    port: address.port,
    ca: serverCa,
    ...(client && { key: client.key, cert: client.certificate }),
  });
  try {
    await once(socket, 'secureConnect');
    const [peer] = await accepted;
    return { clientAuthorized: peer.authorized, clientError: peer.authorizationError, protocol: socket.getProtocol() };
  } finally {
    socket.destroy();
    listener.close();
  }
}
