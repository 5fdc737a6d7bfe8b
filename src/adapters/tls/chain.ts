import type { X509Certificate } from 'node:crypto';

/** The certificates above `leaf` that are among `others`, its issuer first, the root last if it is there. */
export function parentsOf(leaf: X509Certificate, others: readonly X509Certificate[]): X509Certificate[] {
  const issuer = isSelfSigned(leaf) ? undefined : others.find((other) => isIssuedBy(leaf, other));
  if (issuer === undefined) return [];
  return [
    issuer,
    ...parentsOf(
      issuer,
      others.filter((other) => other !== issuer),
    ),
  ];
}

/** A root: those who verify it have it, so that nobody needs to send it. */
export function isSelfSigned(certificate: X509Certificate): boolean {
  return isIssuedBy(certificate, certificate);
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** The common name of a certificate, or its whole subject in one line, for messages. */
export function subjectOf(certificate: X509Certificate): string {
  const subject = certificate.subject ?? '';
  return /^CN=(.+)$/m.exec(subject)?.[1] ?? (subject.replaceAll('\n', ', ') || 'a certificate without a subject');
}

/** `2028-11-20`. */
export function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
