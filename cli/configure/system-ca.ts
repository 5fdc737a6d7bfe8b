import { connect, type DetailedPeerCertificate, getCACertificates, type TLSSocket } from 'node:tls';
import { CommandFailed } from '../errors.ts';

const CONNECT_TIMEOUT_MS = 10_000;

/** What this machine trusts: its own store, and what Node brings or was told by NODE_EXTRA_CA_CERTS. */
export function systemCertificates(): string[] {
  return [...new Set([...getCACertificates('system'), ...getCACertificates('default')])];
}

/**
 * The CA, PEM, of `trusted` that verifies the certificate of the masters at `endpoints`: the first of them that can be
 * reached decides. Throws {@link CommandFailed}, which names `--source.cacert`, when none matches or none is reached.
 */
export async function matchingCa(
  endpoints: readonly string[],
  trusted: readonly string[] = systemCertificates(),
): Promise<string> {
  const failures: string[] = [];
  for (const endpoint of endpoints) {
    try {
      return await caOf(endpoint, trusted);
    } catch (error) {
      failures.push(`${endpoint}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new CommandFailed(
    `no CA of this system could be found for the source (${failures.join('; ')}): name the CA that signed its masters' certificates with --source.cacert`,
  );
}

async function caOf(endpoint: string, trusted: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(endpoint);
  const host = hostname.replace(/^\[|\]$/g, '');
  // A certificate for an address names the address itself; no name is sent for one.
  const servername = /^[\d.]+$|:/.test(host) ? {} : { servername: host };
  const options = { host, port: Number(port || 443), ca: [...trusted], ...servername, rejectUnauthorized: true };
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const socket = connect(options, () => resolve(socket));
  socket.once('error', reject);
  socket.setTimeout(CONNECT_TIMEOUT_MS, () => reject(new Error('no answer in time')));
  try {
    await promise;
    return pemOf(rootOf(socket.getPeerCertificate(true)));
  } finally {
    socket.destroy();
  }
}

/** The end of the verified chain; a root names itself as its issuer. */
function rootOf(leaf: DetailedPeerCertificate): DetailedPeerCertificate {
  let certificate = leaf;
  while (certificate.issuerCertificate && certificate.issuerCertificate !== certificate) {
    if (certificate.issuerCertificate.fingerprint256 === certificate.fingerprint256) break;
    certificate = certificate.issuerCertificate;
  }
  return certificate;
}

function pemOf({ raw }: DetailedPeerCertificate): string {
  const lines = raw.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
