import { createCa, issueCertificate } from '../../../src/adapters/tls/index.ts';

const validForMs = 24 * 3_600_000;

export const tlsCa = createCa({ commonName: 'tls', validForMs });
export const clientCa = createCa({ commonName: 'client auth', validForMs });
export const client = issueCertificate({ ca: clientCa, kind: 'client', hosts: [], commonName: 'target', validForMs });
/** A client certificate that the wrong CA signed. */
export const forged = issueCertificate({ ca: tlsCa, kind: 'client', hosts: [], commonName: 'target', validForMs });

const server = issueCertificate({ ca: tlsCa, kind: 'server', hosts: ['127.0.0.1'], commonName: 'master', validForMs });
/** For a master on 127.0.0.1. */
export const keyfile = `${server.certificate}${server.key}`;
