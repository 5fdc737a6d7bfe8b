import { commitHasher } from '../../src/adapters/crypto/commit-hasher.ts';
import { createCa } from '../../src/adapters/tls/index.ts';
import type { SourceCredentials } from '../../src/master/source-masters.ts';

const secret = 'the secret of the masters';

export const hasher = commitHasher([secret]);
export const snapshotHasher = commitHasher([secret], 'snapshots');

/** Opaque to all that is simulated: the one thing that differs from run to run, and nothing follows from it. */
const pair = createCa({ commonName: 'target', validForMs: 24 * 3_600_000 });

export const credentials: SourceCredentials = {
  clientCertificate: pair.certificate,
  clientKey: pair.key,
  caCertificate: pair.certificate,
};
