import { X509Certificate } from 'node:crypto';
import type { CertificateAuthority } from '../master/ports.ts';
import { createCa, fingerprint, issueCertificate } from './tls/index.ts';

const DAY_MS = 24 * 3_600_000;

/** Workers renew at half of it. The CA outlives many of them. */
export const WORKER_LIFETIMES = { certificateMs: 90 * DAY_MS, authorityMs: 15 * 365 * DAY_MS } as const;

/** The CAs and certificates of a datacenter's workers. */
export function workerCertificates(
  lifetimes: CertificateAuthority['lifetimes'] = WORKER_LIFETIMES,
): CertificateAuthority {
  return {
    lifetimes,
    createAuthority: (commonName) => {
      const made = createCa({ commonName, validForMs: lifetimes.authorityMs });
      return { ...made, notAfter: new X509Certificate(made.certificate).validToDate };
    },
    issueServerCertificate: (ca, hosts, commonName) => {
      const issued = issueCertificate({ ca, kind: 'server', hosts, commonName, validForMs: lifetimes.certificateMs });
      return { ...issued, fingerprint: fingerprint(issued.certificate) };
    },
  };
}
