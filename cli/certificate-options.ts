import {
  CURVES,
  emailOf,
  hostOf,
  type IssuedCertificate,
  issueCertificate,
  type KeyType,
  RSA_BITS,
} from '../src/adapters/tls/index.ts';
import type { Terminal } from './command.ts';
import { UsageError } from './errors.ts';
import { duration, fileOr, list, type OptionSpec, type OptionValues, text } from './options.ts';

/** What certificates are made for, by the words of the commands. */
export type CertificateUse = 'tls' | 'client-auth';

const DAY_MS = 86_400_000;
/** Past it dates have five digits in the end, and nobody means it. */
const VALID_FOR_MS_MAX = 100 * 365 * DAY_MS;
/** ArangoDB's tools: servers 2 years, clients 1 year, authorities 15 years. */
const VALID_FOR = { tls: '730d', 'client-auth': '365d', ca: '5475d' } as const;

/** A lifetime that a certificate can have. */
export function validFor(kind: keyof typeof VALID_FOR): OptionSpec<number> {
  const spec = duration('validfor', VALID_FOR[kind], { description: 'Lifetime' });
  return {
    ...spec,
    read: (texts) => {
      const ms = spec.read(texts);
      if (ms < 1_000 || ms > VALID_FOR_MS_MAX) throw new UsageError('must be from 1s to 36500d');
      return ms;
    },
  };
}

/** Which key is made. An authority lives long, so that its RSA key is longer. */
export const keyOptions = {
  curve: choice('curve', CURVES, 'Make an elliptic curve key, on this curve'),
  rsaBits: choice('rsa-bits', RSA_BITS.map(String), 'Length of an RSA key (default: 2048, of a CA 3072)'),
};

/** The key type that {@link keyOptions} ask for. */
export function keyTypeOf(values: OptionValues<typeof keyOptions>, defaultBits: (typeof RSA_BITS)[number]): KeyType {
  const { curve, rsaBits } = values;
  if (curve !== undefined && rsaBits !== undefined) {
    throw new UsageError('--rsa-bits does not go with --curve: a key is either RSA or of an elliptic curve');
  }
  if (curve !== undefined) return { algorithm: 'ec', curve };
  return { algorithm: 'rsa', bits: RSA_BITS.find((bits) => String(bits) === rsaBits) ?? defaultBits };
}

function choice<const C extends string>(
  name: string,
  choices: readonly C[],
  description: string,
): OptionSpec<C | undefined> {
  const spec = text(name, { placeholder: choices.join('|'), description });
  return {
    ...spec,
    read: (texts) => {
      const given = spec.read(texts);
      const chosen = choices.find((candidate) => candidate === given);
      if (given !== undefined && chosen === undefined) {
        throw new UsageError(`must be one of ${choices.join(', ')}, not '${given}'`);
      }
      return chosen;
    },
  };
}

/** Like {@link list}, of names that a certificate can hold. */
function names(name: string, described: Parameters<typeof list>[1], nameOf: (text: string) => string) {
  const spec = list(name, described);
  return {
    ...spec,
    read: (texts: readonly string[]) => spec.read(texts).map((given) => explained(() => nameOf(given))),
  };
}

/** The options of every command that issues a certificate. */
export function leafOptions(use: CertificateUse) {
  return {
    caCertificate: fileOr('cacert', `${use}-ca.crt`, {
      description: 'CA that signs, with its intermediates if any',
    }),
    caKey: fileOr('cakey', `${use}-ca.key`, { description: 'Private key of the CA' }),
    hosts: names('host', { placeholder: 'name|address', description: 'Host it is for; may be repeated' }, hostOf),
    emails: names('email', { placeholder: 'address', description: 'E-mail address; may be repeated' }, emailOf),
    validFor: validFor(use),
    ...keyOptions,
  };
}

/** Issues what the options ask for, or throws {@link UsageError}. */
export function issue(use: CertificateUse, values: OptionValues<ReturnType<typeof leafOptions>>): IssuedCertificate {
  const { hosts, emails } = values;
  if (use === 'tls' && hosts.length === 0) {
    throw new UsageError('--host is required: a TLS certificate without a host is accepted nowhere');
  }
  const keyType = keyTypeOf(values, 2048);
  return explained(
    () =>
      issueCertificate({
        ca: { certificate: values.caCertificate, key: values.caKey },
        kind: use === 'tls' ? 'server' : 'client',
        hosts,
        emails,
        commonName: hosts[0] ?? emails[0] ?? 'ArangoSync client',
        validForMs: values.validFor,
        keyType,
      }),
    '--cacert, --cakey: ',
  );
}

/** Says what was made, and until when it can be used. */
export function tellCreated(what: string, { notAfter, isCut }: IssuedCertificate, terminal: Terminal): void {
  terminal.out(`Created ${what}`);
  const end = notAfter.toISOString().replace(/\.\d+Z$/, 'Z');
  terminal.out(isCut ? `Valid until ${end}, shorter than asked for: the CA ends then` : `Valid until ${end}`);
}

function explained<T>(action: () => T, subject = ''): T {
  try {
    return action();
  } catch (error) {
    throw new UsageError(`${subject}${error instanceof Error ? error.message : String(error)}`);
  }
}
