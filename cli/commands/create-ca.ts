import { createCa } from '../../src/adapters/tls/index.ts';
import { defineCommand } from '../command.ts';
import { refuseToReplace, writeAtomically } from '../files.ts';
import { duration, flag, textOr } from '../options.ts';

function createCaCommand(use: 'tls' | 'client-auth', commonName: string) {
  return defineCommand({
    words: `create ${use} ca`,
    summary: `Create the certificate authority for ${use === 'tls' ? 'TLS servers' : 'client authentication'}`,
    options: {
      cert: textOr('cert', `${use}-ca.crt`, { placeholder: 'file', description: 'Certificate file to write' }),
      key: textOr('key', `${use}-ca.key`, { placeholder: 'file', description: 'Private key file to write' }),
      validFor: duration('validfor', '5475d', { description: 'Lifetime' }),
      force: flag('force', { description: 'Replace existing files; all certificates signed before become invalid' }),
    },
    run: async ({ cert, key, validFor, force }, terminal) => {
      refuseToReplace([cert, key], force);
      const ca = createCa({ commonName, validForMs: validFor });
      writeAtomically(key, ca.key, 'secret');
      writeAtomically(cert, ca.certificate, 'public');
      terminal.out(`Created CA certificate & key in ${cert}, ${key}`);
      return 0;
    },
  });
}

export const createTlsCa = createCaCommand('tls', 'ArangoSync TLS CA');
export const createClientAuthCa = createCaCommand('client-auth', 'ArangoSync client authentication CA');
