import { describe, expect, test } from 'vitest';
import { createCa, issueCertificate } from '../../src/adapters/tls/index.ts';
import { CertificateExpired, WorkerCertificate } from '../../src/adapters/worker-certificate.ts';
import type { WorkerConfiguration } from '../../src/wire/worker.ts';
import { ManualClock } from './support/manual-clock.ts';
import { MemoryLogger } from './support/memory-logger.ts';

const LIFE_MS = 3_600_000;
const DAY_MS = 24 * LIFE_MS;

function given() {
  const clock = new ManualClock();
  const log = new MemoryLogger();
  const made = () => new Date(clock.wallMs());
  const ca = createCa({ commonName: 'CA', validForMs: DAY_MS, now: made() });
  const issue = (version = 'v1'): WorkerConfiguration => {
    const options = {
      kind: 'server',
      hosts: ['127.0.0.1'],
      commonName: 'worker',
      validForMs: LIFE_MS,
      now: made(),
    } as const;
    const { certificate, key } = issueCertificate({ ca, ...options });
    return { cluster: { endpoints: [], token: '' }, httpServer: { certificate, key }, mq: { type: 'direct' }, version };
  };
  const used: WorkerConfiguration[] = [];
  let answer: () => WorkerConfiguration | Promise<WorkerConfiguration> = issue;
  const certificate = new WorkerCertificate({
    first: issue(),
    renew: async () => answer(),
    use: (configuration) => void used.push(configuration),
    clock,
    log,
  });
  const stopping = new AbortController();
  const kept = certificate.keep(stopping.signal).catch((error: unknown) => error);
  const pass = async (ms: number) => {
    for (let at = 0; at < ms; at += 30_000) await clock.advance(Math.min(30_000, ms - at));
  };
  const end = async () => {
    stopping.abort();
    await clock.advance(0);
    return kept;
  };
  const answers = (next: typeof answer) => {
    answer = next;
  };
  return { certificate, used, log, pass, kept, end, answers, issue, clock };
}

const away = (): WorkerConfiguration => {
  throw new Error('no master answers');
};

describe('the certificate of a worker', () => {
  test('is renewed at half its life, again and again', async () => {
    const { used, pass, end } = given();
    await pass(LIFE_MS / 2 - 60_000);
    expect(used).toHaveLength(0);
    await pass(120_000);
    expect(used).toHaveLength(1);
    await pass(5 * LIFE_MS);
    expect(used.length).toBeGreaterThanOrEqual(10);
    expect(await end()).toBeUndefined();
  });

  test('is tried again while no master answers, told once', async () => {
    const { used, log, pass, end, answers, issue } = given();
    answers(away);
    await pass(LIFE_MS / 2 + 600_000);
    expect(used).toHaveLength(0);
    expect(log.lines.filter((line) => line.includes('no master answers'))).toHaveLength(1);
    answers(issue);
    await pass(120_000);
    expect(used).toHaveLength(1);
    expect(await end()).toBeUndefined();
  });

  test('is never served once it has expired: the worker ends, and says why', async () => {
    const { pass, kept, answers } = given();
    answers(away);
    await pass(LIFE_MS + 1_000);
    const error = await kept;
    expect(error).toBeInstanceOf(CertificateExpired);
    expect(String(error)).toMatch(/the certificate of this worker expired on .*, and no master gave it another one/);
  });

  test('is renewed when the masters say that what they tell has changed, once', async () => {
    const { certificate, used, pass, end, answers, issue, clock } = given();
    const now = () => clock.monotonicMs();
    certificate.configurationIs('v1', now());
    certificate.configurationIs(undefined, now());
    await pass(60_000);
    expect(used).toHaveLength(0);
    answers(() => issue('v2'));
    const askedMs = now();
    await pass(1_000);
    certificate.configurationIs('v2', now());
    await pass(60_000);
    certificate.configurationIs('v2', now());
    // Answered late: of the time before.
    certificate.configurationIs('v1', askedMs);
    await pass(60_000);
    expect(used).toHaveLength(1);
    certificate.configurationIs('v1', now());
    await pass(60_000);
    expect(used).toHaveLength(2);
    expect(await end()).toBeUndefined();
  });

  test('is renewed once for a change of which the masters tell again while they are asked', async () => {
    const { certificate, used, pass, end, answers, issue, clock } = given();
    const asked = Promise.withResolvers<WorkerConfiguration>();
    answers(() => asked.promise);
    certificate.configurationIs('v2', clock.monotonicMs());
    await pass(1_000);
    certificate.configurationIs('v2', clock.monotonicMs());
    answers(() => issue('v3'));
    asked.resolve(issue('v2'));
    await pass(60_000);
    expect(used.map(({ version }) => version)).toEqual(['v2']);
    // It has changed once more since: the next answer says so.
    certificate.configurationIs('v3', clock.monotonicMs());
    await pass(60_000);
    expect(used.map(({ version }) => version)).toEqual(['v2', 'v3']);
    expect(await end()).toBeUndefined();
  });
});
