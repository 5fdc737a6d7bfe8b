import { createPrivateKey, type KeyObject } from 'node:crypto';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
/** PKCS#8 (plain or encrypted), PKCS#1 (`RSA`) and SEC1 (`EC`). */
const PRIVATE_KEY = /-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----[\s\S]+?-----END \1-----/;
/** Of PKCS#8, and of the older forms. */
const ENCRYPTED = /BEGIN ENCRYPTED |^Proc-Type: .*ENCRYPTED/m;

/** The certificates of a PEM text, in its order. */
export function certificatesOf(pem: string): string[] {
  return pem.match(CERTIFICATE) ?? [];
}

/** The text of the first private key in a PEM text; undefined when there is none. */
export function privateKeyTextOf(pem: string): string | undefined {
  return pem.match(PRIVATE_KEY)?.[0];
}

/** The private key of a PEM text; throws when there is none or it cannot be read. */
export function privateKeyOf(pem: string): KeyObject {
  const text = privateKeyTextOf(pem);
  if (text === undefined) throw new Error('no private key in the PEM text');
  if (ENCRYPTED.test(text)) {
    throw new Error("the private key is encrypted: take the passphrase off with 'openssl pkey'");
  }
  try {
    return createPrivateKey(text);
  } catch (error) {
    throw new Error('the private key cannot be read: it is damaged, or of a kind that is not known', { cause: error });
  }
}
