import { createCa, issueCertificate } from '../../../../src/adapters/tls/index.ts';

const VALID_MS = 3_600_000;

/** A CA and a server certificate for 127.0.0.1, made once for each test file. */
export function loopbackCertificates() {
  const ca = createCa({ commonName: 'test CA', validForMs: VALID_MS });
  const server = issueCertificate({
    ca,
    kind: 'server',
    hosts: ['127.0.0.1'],
    commonName: 'test server',
    validForMs: VALID_MS,
  });
  return { ca: ca.certificate, server };
}

export type LoopbackCertificates = ReturnType<typeof loopbackCertificates>;
