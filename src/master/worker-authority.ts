import { z } from 'zod';
import type { SecretStore } from '../domain/synchronization/secret-store.ts';
import type { CertificateAuthority } from './ports.ts';

const Signed = z.object({ certificate: z.string(), key: z.string() });
type Signed = z.infer<typeof Signed>;

const secretId = 'worker-ca';

/**
 * The masters' own CA for the certificates of their workers, kept encrypted. The leader makes it once, when the first
 * worker asks; all masters verify workers against it.
 */
export class WorkerAuthority {
  readonly #secrets: SecretStore;
  readonly #certificates: CertificateAuthority;
  #loaded: Signed | undefined;
  /** One for all workers that ask at once. */
  #making: Promise<Signed> | undefined;

  constructor(secrets: SecretStore, certificates: CertificateAuthority) {
    this.#secrets = secrets;
    this.#certificates = certificates;
  }

  /** Certificate of the CA, PEM; `''` until {@link load} has found it. */
  get certificate(): string {
    return this.#loaded?.certificate ?? '';
  }

  /** Reads the CA if it is there. */
  async load(signal?: AbortSignal): Promise<Signed | undefined> {
    if (this.#loaded !== undefined) return this.#loaded;
    const stored = await this.#secrets.get(secretId, signal);
    if (stored !== undefined) this.#loaded = Signed.parse(JSON.parse(stored));
    return this.#loaded;
  }

  /** A server certificate for the host of an endpoint, with the CA at the end of its chain. Only the leader issues. */
  async issueFor(endpoint: string, signal?: AbortSignal): Promise<Signed> {
    const authority = (await this.load(signal)) ?? (await this.#createOnce(signal));
    const host = new URL(endpoint).hostname.replace(/^\[|\]$/g, '');
    const { certificate, key } = this.#certificates.issueServerCertificate(authority, [host], 'ArangoSync worker');
    return { certificate: `${certificate.trimEnd()}\n${authority.certificate.trimEnd()}\n`, key };
  }

  #createOnce(signal?: AbortSignal): Promise<Signed> {
    this.#making ??= this.#create(signal).finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  async #create(signal?: AbortSignal): Promise<Signed> {
    const made = this.#certificates.createAuthority('ArangoSync worker CA');
    await this.#secrets.put(secretId, JSON.stringify(made), signal);
    this.#loaded = made;
    return made;
  }
}
