import { z } from 'zod';
import { issuingCa, needsWorkerCa, trustedCas } from '../domain/keys/worker-ca.ts';
import type { Core } from './reconcile/core.ts';

const CaKey = z.object({ key: z.string() });

/** A CA is trusted for so long before it issues: masters and the other datacenter hear of it meanwhile. */
const headStartMsMax = 10 * 60_000;

/** A certificate for one worker, and by whom it was issued. */
export interface IssuedForWorker {
  readonly certificate: string;
  readonly key: string;
  readonly caId: string;
  readonly fingerprint: string;
  readonly validUntil: string;
}

/** Where the private key of a CA lies among the secrets. */
export function workerCaSecretId(caId: string): string {
  return `worker-ca-${caId}`;
}

/**
 * The masters' own CAs for the certificates of their workers. Which there are is in the log; their keys are kept
 * encrypted. The next one is made long before the last one ends, is trusted at once and issues a little later, so that
 * nobody meets a certificate whose CA it does not know.
 */
export class WorkerAuthority {
  readonly #core: Core;
  /** One for all workers that ask at once. */
  #making: Promise<void> | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Certificates of all CAs that issued what may still be met, PEM; `''` until there is one. */
  get certificate(): string {
    return trustedCas(this.#core.control.state.keys);
  }

  /** The CA that issues now; undefined before there is one. */
  get issuing(): string | undefined {
    return issuingCa(this.#core.control.state.keys, this.#nowMs())?.caId;
  }

  /** Makes the next CA in time. For the leader. */
  async step(signal: AbortSignal): Promise<void> {
    const { workerCas } = this.#core.control.state.keys;
    const { certificateMs, authorityMs } = this.#core.ports.certificates.lifetimes;
    const renewBeforeMs = Math.min(2 * certificateMs, authorityMs / 2);
    const isFirst = workerCas.length === 0;
    if (!isFirst && needsWorkerCa(this.#core.control.state.keys, this.#nowMs(), renewBeforeMs))
      await this.#make(signal);
  }

  /** A server certificate for the host of an endpoint, with the CA at the end of its chain. Only the leader issues. */
  async issueFor(endpoint: string, signal: AbortSignal): Promise<IssuedForWorker> {
    const { certificates, secrets } = this.#core.ports;
    if (this.issuing === undefined) await this.#makeOnce(signal);
    const ca = issuingCa(this.#core.control.state.keys, this.#nowMs());
    if (ca === undefined) throw new Error('there is no valid CA for the certificates of workers');
    const stored = await secrets.get(workerCaSecretId(ca.caId), signal);
    if (stored === undefined) throw new Error(`the key of the workers' CA ${ca.caId} is not in _sync_secrets any more`);
    const authority = { certificate: ca.issuer, key: CaKey.parse(JSON.parse(stored)).key };
    const host = new URL(endpoint).hostname.replace(/^\[|\]$/g, '');
    const issued = certificates.issueServerCertificate(authority, [host], 'ArangoSync worker');
    return {
      certificate: `${issued.certificate.trimEnd()}\n${ca.issuer.trimEnd()}\n`,
      key: issued.key,
      caId: ca.caId,
      fingerprint: issued.fingerprint,
      validUntil: issued.notAfter.toISOString(),
    };
  }

  #makeOnce(signal: AbortSignal): Promise<void> {
    this.#making ??= this.#make(signal).finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  /** The key is kept before the log names the CA: one that the log names can issue. */
  async #make(signal: AbortSignal): Promise<void> {
    const { control, desk, ports } = this.#core;
    const { certificates, logger, newId, secrets } = ports;
    desk.assertLeads();
    const before = control.state.keys.workerCas;
    const made = certificates.createAuthority('ArangoSync worker CA');
    const caId = newId();
    await secrets.put(workerCaSecretId(caId), JSON.stringify({ key: made.key }), signal);
    const hasOther = issuingCa(control.state.keys, this.#nowMs()) !== undefined;
    const headStartMs = hasOther ? Math.min(headStartMsMax, certificates.lifetimes.certificateMs / 4) : 0;
    const command = {
      kind: 'create-worker-ca',
      caId,
      issuer: made.certificate,
      issuesFrom: new Date(this.#nowMs() + headStartMs).toISOString(),
      validUntil: made.notAfter.toISOString(),
      after: before.map((ca) => ca.caId),
    } as const;
    const events = await desk.internal(command, "the workers' CA", signal);
    if (events.length === 0) return await secrets.delete(workerCaSecretId(caId), signal);
    const { issuesFrom, validUntil } = command;
    logger.info("made a CA for the workers' certificates", {
      ca: caId,
      issues_from: issuesFrom,
      valid_until: validUntil,
    });
    const { workerCas } = control.state.keys;
    const gone = before.filter((ca) => !workerCas.some((kept) => kept.caId === ca.caId));
    for (const ca of gone) await secrets.delete(workerCaSecretId(ca.caId), signal);
  }

  #nowMs(): number {
    return this.#core.ports.clock.now().getTime();
  }
}
