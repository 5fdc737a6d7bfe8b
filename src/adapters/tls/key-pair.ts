import { generateKeyPairSync, type KeyObject } from 'node:crypto';

/** Elliptic curves of keys, by NIST's names. P-224 is left out: TLS 1.3 has no signatures for it (RFC 8446, 4.2.3). */
export const CURVES = ['P256', 'P384', 'P521'] as const;
export type Curve = (typeof CURVES)[number];

/** Lengths of RSA keys in bits. */
export const RSA_BITS = [2048, 3072, 4096] as const;
export type RsaBits = (typeof RSA_BITS)[number];

export type KeyType =
  | { readonly algorithm: 'rsa'; readonly bits: RsaBits }
  | { readonly algorithm: 'ec'; readonly curve: Curve };

/** What every client and every version of Java takes. */
export const DEFAULT_KEY_TYPE: KeyType = { algorithm: 'rsa', bits: 2048 };

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Makes a new key pair, by OpenSSL. */
export function newKeyPair(type: KeyType): KeyPair {
  return type.algorithm === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: type.bits })
    : generateKeyPairSync('ec', { namedCurve: type.curve.replace('P', 'P-') });
}

/** PKCS#8, the form that Java reads as well. */
export function privateKeyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
