import { createCa } from '../../src/adapters/tls/index.ts';
import { type CertificateUse, keyOptions, keyTypeOf, validFor } from '../certificate-options.ts';
import { defineCommand } from '../command.ts';
import { refuseToReplace, writeAtomically } from '../files.ts';
import { flag, textOr } from '../options.ts';

function createCaCommand(use: CertificateUse, commonName: string) {
  return defineCommand({
    words: `create ${use} ca`,
    summary: `Create the certificate authority for ${use === 'tls' ? 'TLS servers' : 'client authentication'}`,
    options: {
      cert: textOr('cert', `${use}-ca.crt`, { placeholder: 'file', description: 'Certificate file to write' }),
      key: textOr('key', `${use}-ca.key`, { placeholder: 'file', description: 'Private key file to write' }),
      validFor: validFor('ca'),
      ...keyOptions,
      force: flag('force', { description: 'Replace existing files; all certificates signed before become invalid' }),
    },
    run: async ({ cert, key, validFor: validForMs, force, ...keyValues }, terminal) => {
      refuseToReplace([cert, key], force);
      const ca = createCa({ commonName, validForMs, keyType: keyTypeOf(keyValues, 3072) });
      writeAtomically(
        { path: key, content: ca.key, kind: 'secret' },
        { path: cert, content: ca.certificate, kind: 'public' },
      );
      terminal.out(`Created CA certificate & key in ${cert}, ${key}`);
      return 0;
    },
  });
}

export const createTlsCa = createCaCommand('tls', 'ArangoSync TLS CA');
export const createClientAuthCa = createCaCommand('client-auth', 'ArangoSync client authentication CA');
