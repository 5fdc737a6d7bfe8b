import { createKeystore, type KeystoreType } from '../../src/adapters/tls/index.ts';
import { type CertificateUse, issue, leafOptions, tellCreated } from '../certificate-options.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { writeAtomically } from '../files.ts';
import { oneOf, secret, textOr } from '../options.ts';

const PRINTABLE = /^[\x20-\x7e]*$/;

function createKeystoreCommand(use: CertificateUse, purpose: string) {
  return defineCommand({
    words: `create ${use} keystore`,
    summary: `Create a Java keystore (certificate and private key) for ${purpose}, over an existing one`,
    options: {
      ...leafOptions(use),
      keystore: textOr('keystore', `${use}.jks`, { placeholder: 'file', description: 'File to write' }),
      type: oneOf('keystore-type', ['auto', 'jks', 'pkcs12'], 'auto', {
        description: 'Format to write; auto: pkcs12 into files named *.p12 or *.pfx, jks into all others',
      }),
      password: secret('keystore-password', { description: 'Password of the keystore and of its key (default: none)' }),
      alias: textOr('alias', use, { description: 'Name of the key in the keystore; Java makes it lower-case' }),
    },
    run: async (values, terminal) => {
      const { keystore, alias, password = '' } = values;
      if (!PRINTABLE.test(alias)) throw new UsageError('--alias must be printable ASCII');
      if (!PRINTABLE.test(password)) throw new UsageError('--keystore-password must be printable ASCII');
      const issued = issue(use, values);
      const type = values.type === 'auto' ? typeByName(keystore) : values.type;
      const content = createKeystore(issued, { type, alias, password, createdAt: new Date() });
      writeAtomically({ path: keystore, content, kind: 'secret' });
      tellCreated(`keystore in ${keystore}`, issued, terminal);
      return 0;
    },
  });
}

/** There is no content yet that could say it. */
function typeByName(path: string): KeystoreType {
  return /\.(p12|pfx)$/i.test(path) ? 'pkcs12' : 'jks';
}

export const createTlsKeystore = createKeystoreCommand('tls', 'a TLS server');
export const createClientAuthKeystore = createKeystoreCommand('client-auth', 'client authentication');
