import { certificatesOf, type Purpose, type SignedCertificate, usableKeyfile } from '../src/adapters/tls/index.ts';
import { UsageError } from './errors.ts';

/** The content of a keyfile that an option named, if it can be used now and for this; else {@link UsageError}. */
export function readKeyfile(flag: string, text: string, purpose: Purpose): SignedCertificate {
  try {
    return usableKeyfile(text, purpose, new Date());
  } catch (error) {
    throw new UsageError(`${flag}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Refuses a CA file without a certificate: everything that it should verify would be turned away, or nothing. */
export function checkCaFile(flag: string, text: string | undefined): void {
  if (text !== undefined && certificatesOf(text).length === 0) throw new UsageError(`${flag} holds no certificate`);
}
