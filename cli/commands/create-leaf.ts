import { formatKeyfile, issueCertificate, type SignedCertificate } from '../../src/adapters/tls/index.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { writeAtomically } from '../files.ts';
import { duration, list, requiredFile, textOr } from '../options.ts';

/** Lifetimes of ArangoDB's own tools: servers 2 years, clients 1 year. */
const VALID_FOR = { tls: '730d', 'client-auth': '365d' } as const;

type Use = keyof typeof VALID_FOR;

function leafOptions(use: Use) {
  return {
    caCertificate: requiredFile('cacert', { description: `CA certificate (made by 'create ${use} ca')` }),
    caKey: requiredFile('cakey', { description: 'Private key of the CA' }),
    hosts: list('host', { placeholder: 'name|address', description: 'Host the certificate is for; may be repeated' }),
    validFor: duration('validfor', VALID_FOR[use], { description: 'Lifetime' }),
  };
}

interface LeafValues {
  readonly caCertificate: string;
  readonly caKey: string;
  readonly hosts: readonly string[];
  readonly validFor: number;
}

function issue(use: Use, values: LeafValues, emails: readonly string[] = []): SignedCertificate {
  if (use === 'tls' && values.hosts.length === 0) {
    throw new UsageError('--host is required: a TLS certificate without a host is accepted nowhere');
  }
  try {
    return issueCertificate({
      ca: { certificate: values.caCertificate, key: values.caKey },
      kind: use === 'tls' ? 'server' : 'client',
      hosts: values.hosts,
      emails,
      commonName: values.hosts[0] ?? emails[0] ?? 'ArangoSync client',
      validForMs: values.validFor,
    });
  } catch (error) {
    throw new UsageError(`--cacert, --cakey: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export const createTlsKeyfile = defineCommand({
  words: 'create tls keyfile',
  summary: 'Create a keyfile (certificate and private key) for a TLS server, over an existing one',
  options: {
    ...leafOptions('tls'),
    keyfile: textOr('keyfile', 'tls.keyfile', { placeholder: 'file', description: 'File to write' }),
  },
  run: async (values, terminal) => {
    writeAtomically(values.keyfile, formatKeyfile(issue('tls', values)), 'secret');
    terminal.out(`Created keyfile in ${values.keyfile}`);
    return 0;
  },
});

export const createTlsCertificate = defineCommand({
  words: 'create tls certificate',
  summary: 'Create a certificate and a private key for a TLS server, over existing ones',
  options: {
    ...leafOptions('tls'),
    cert: textOr('cert', 'tls.crt', { placeholder: 'file', description: 'Certificate file to write' }),
    key: textOr('key', 'tls.key', { placeholder: 'file', description: 'Private key file to write' }),
  },
  run: async (values, terminal) => {
    const leaf = issue('tls', values);
    writeAtomically(values.key, leaf.key, 'secret');
    writeAtomically(values.cert, leaf.certificate, 'public');
    terminal.out(`Created certificate & key in ${values.cert}, ${values.key}`);
    return 0;
  },
});

export const createClientAuthKeyfile = defineCommand({
  words: 'create client-auth keyfile',
  summary: 'Create a keyfile for client authentication, over an existing one',
  options: {
    ...leafOptions('client-auth'),
    emails: list('email', { placeholder: 'address', description: 'E-mail address of the client; may be repeated' }),
    keyfile: textOr('keyfile', 'client-auth.keyfile', { placeholder: 'file', description: 'File to write' }),
  },
  run: async (values, terminal) => {
    writeAtomically(values.keyfile, formatKeyfile(issue('client-auth', values, values.emails)), 'secret');
    terminal.out(`Created keyfile in ${values.keyfile}`);
    return 0;
  },
});
