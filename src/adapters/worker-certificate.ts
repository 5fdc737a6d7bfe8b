import { X509Certificate } from 'node:crypto';
import type { WorkerConfiguration } from '../wire/worker.ts';
import type { Clock } from '../worker/clock.ts';
import { ConditionLog } from '../worker/condition-log.ts';
import type { Logger } from '../worker/logger.ts';
import { fingerprint } from './tls/index.ts';

/** The wall clock is looked at so often: machines sleep, and clocks are set. */
const LOOK_MS_MAX = 30_000;
/** Pause after a renewal that failed: a tenth of what is left, but not longer or shorter than this. */
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 60_000;

export interface WorkerCertificateOptions {
  readonly first: WorkerConfiguration;
  /** Asks the masters for another one. */
  readonly renew: (signal: AbortSignal) => Promise<WorkerConfiguration>;
  /** Serves new connections with it. */
  readonly use: (configuration: WorkerConfiguration) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The masters gave no other certificate in time. */
export class CertificateExpired extends Error {
  override readonly name = 'CertificateExpired';
}

/**
 * The certificate that a worker serves with: renewed at half its life, and whenever the masters say that theirs has
 * changed. A worker never serves with one that has expired: who accepts that would accept anybody.
 */
export class WorkerCertificate {
  readonly #options: WorkerCertificateOptions;
  readonly #trouble: ConditionLog;
  #certificate: X509Certificate;
  #halfMs: number;
  /** Version of the configuration that it came with, and when that was answered. */
  #version: string | undefined;
  #answeredMs: number;
  /** Somebody asked for another one. */
  #isWanted = false;
  /** The masters tell of another version than it came with. */
  #isOutdated = false;
  #wake: () => void = () => undefined;

  constructor(options: WorkerCertificateOptions) {
    this.#options = options;
    this.#trouble = new ConditionLog(options.log, 'renewing the certificate');
    this.#certificate = new X509Certificate(options.first.httpServer.certificate);
    this.#halfMs = this.#halfLife();
    this.#version = options.first.version;
    this.#answeredMs = options.clock.monotonicMs();
  }

  /**
   * What the masters tell to all workers is of this version now. `askedMs`: when they were asked. An answer to a question from
   * before the certificate came may be of the time before, too: the next one says how it is.
   */
  configurationIs(version: string | undefined, askedMs: number): void {
    if (askedMs < this.#answeredMs) return;
    if (version === undefined || version === this.#version) return;
    this.#isOutdated = true;
    this.#wake();
  }

  renewNow(): void {
    this.#isWanted = true;
    this.#wake();
  }

  /** Renews until the signal fires. Rejects with {@link CertificateExpired} at the end of a certificate without a successor. */
  async keep(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let retryAtMs = 0;
    while (!signal.aborted) {
      const nowMs = clock.wallMs();
      const endMs = this.#certificate.validToDate.getTime();
      if (nowMs >= endMs) throw new CertificateExpired(this.#expiredText());
      if (this.#isDue(nowMs) && clock.monotonicMs() >= retryAtMs && !(await this.#renew(signal))) {
        retryAtMs = clock.monotonicMs() + Math.min(RETRY_MS_MAX, Math.max(RETRY_MS_MIN, (endMs - nowMs) / 10));
      }
      const nextMs = this.#isDue(nowMs) ? retryAtMs - clock.monotonicMs() : this.#halfMs - nowMs;
      await this.#sleep(Math.min(LOOK_MS_MAX, Math.max(0, nextMs), endMs - nowMs), signal);
    }
  }

  #isDue(nowMs: number): boolean {
    return this.#isWanted || this.#isOutdated || nowMs >= this.#halfMs;
  }

  async #renew(signal: AbortSignal): Promise<boolean> {
    const { renew, use, log } = this.#options;
    this.#isWanted = false;
    try {
      const configuration = await renew(signal);
      use(configuration);
      this.#certificate = new X509Certificate(configuration.httpServer.certificate);
      this.#halfMs = this.#halfLife();
      this.#version = configuration.version;
      // What was told while it was on its way may be what it brings: whether it is, the next answer says.
      this.#isOutdated = false;
      this.#answeredMs = this.#options.clock.monotonicMs();
      this.#trouble.fine();
      const print = fingerprint(configuration.httpServer.certificate);
      log.info('serves with a new certificate', { fingerprint: print, valid_until: this.#certificate.validToDate });
      return true;
    } catch (error) {
      this.#isWanted = true;
      if (!signal.aborted) this.#trouble.failed(error);
      return false;
    }
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await this.#options.clock.sleep(ms, AbortSignal.any([signal, woken.signal]));
    this.#wake = () => undefined;
  }

  #halfLife(): number {
    const nowMs = this.#options.clock.wallMs();
    return nowMs + (this.#certificate.validToDate.getTime() - nowMs) / 2;
  }

  #expiredText(): string {
    const end = this.#certificate.validToDate.toISOString();
    return `the certificate of this worker expired on ${end}, and no master gave it another one: look at the masters, then start the worker again`;
  }
}
