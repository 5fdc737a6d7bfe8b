import { type CertificateUse, issue, leafOptions, tellCreated } from '../certificate-options.ts';
import { defineCommand } from '../command.ts';
import { writeAtomically } from '../files.ts';
import { textOr } from '../options.ts';

function createCertificateCommand(use: CertificateUse, purpose: string) {
  return defineCommand({
    words: `create ${use} certificate`,
    summary: `Create a certificate and a private key for ${purpose}, over existing ones`,
    options: {
      ...leafOptions(use),
      cert: textOr('cert', `${use}.crt`, { placeholder: 'file', description: 'Certificate file to write' }),
      key: textOr('key', `${use}.key`, { placeholder: 'file', description: 'Private key file to write' }),
    },
    run: async (values, terminal) => {
      const { cert, key } = values;
      const issued = issue(use, values);
      writeAtomically(
        { path: key, content: issued.key, kind: 'secret' },
        { path: cert, content: issued.certificate, kind: 'public' },
      );
      tellCreated(`certificate & key in ${cert}, ${key}`, issued, terminal);
      return 0;
    },
  });
}

export const createTlsCertificate = createCertificateCommand('tls', 'a TLS server');
export const createClientAuthCertificate = createCertificateCommand('client-auth', 'client authentication');
