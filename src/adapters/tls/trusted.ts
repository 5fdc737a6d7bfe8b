import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { certificatesOf } from './pem.ts';

/** Longer chains do not occur; a loop must end. */
const CHAIN_MAX = 10;

/** Whether the certificate that a client showed leads to one of these CAs, as it did to others at its handshake. */
export function isTrustedStill(socket: TLSSocket, ca: string): boolean {
  const authorities = certificatesOf(ca).map((pem) => new X509Certificate(pem));
  let certificate = socket.getPeerX509Certificate();
  for (let depth = 0; certificate !== undefined && depth < CHAIN_MAX; depth += 1) {
    const child = certificate;
    if (authorities.some((authority) => isIssuedBy(child, authority))) return true;
    certificate = certificate.issuerCertificate;
  }
  return false;
}

function isIssuedBy(child: X509Certificate, authority: X509Certificate): boolean {
  if (child.fingerprint256 === authority.fingerprint256) return true;
  return child.checkIssued(authority) && child.verify(authority.publicKey);
}
