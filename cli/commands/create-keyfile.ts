import { formatKeyfile } from '../../src/adapters/tls/index.ts';
import { type CertificateUse, issue, leafOptions, tellCreated } from '../certificate-options.ts';
import { defineCommand } from '../command.ts';
import { writeAtomically } from '../files.ts';
import { textOr } from '../options.ts';

function createKeyfileCommand(use: CertificateUse, purpose: string) {
  return defineCommand({
    words: `create ${use} keyfile`,
    summary: `Create a keyfile (certificate and private key) for ${purpose}, over an existing one`,
    options: {
      ...leafOptions(use),
      keyfile: textOr('keyfile', `${use}.keyfile`, { placeholder: 'file', description: 'File to write' }),
    },
    run: async (values, terminal) => {
      const issued = issue(use, values);
      writeAtomically({ path: values.keyfile, content: formatKeyfile(issued), kind: 'secret' });
      tellCreated(`keyfile in ${values.keyfile}`, issued, terminal);
      return 0;
    },
  });
}

export const createTlsKeyfile = createKeyfileCommand('tls', 'a TLS server');
export const createClientAuthKeyfile = createKeyfileCommand('client-auth', 'client authentication');
