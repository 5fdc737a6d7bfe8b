import { describe, expect, it } from 'vitest';
import { issuingCa, needsWorkerCa, trustedCas } from '../../src/domain/keys/worker-ca.ts';
import { event, worker } from './examples.ts';
import { fold, given, timeOf } from './given.ts';

const master = (masterId: string, ...sealIds: string[]) =>
  event('MasterRegistered', { masterId, endpoint: `https://${masterId}:8629`, publicEndpoints: [], sealIds });
const data = { sealId: 'new', previous: 'old', vouched: 'old.abc' };
const rotate = { kind: 'rotate-secret', ...data, workersWithout: [] } as const;
const rotated = event('MasterSecretRotated', data);

describe('rotating the master secret', () => {
  it('happens once all masters and workers accept the new one', () => {
    const { control } = given(master('m1', 'old', 'new'), worker('w1', 1))
      .when(rotate)
      .thenThese(rotated);
    expect(control.keys).toMatchObject({ current: 'new', retired: ['old'], reencrypted: false });
  });

  it('S22: waits for a master that could not read the log, and for a worker that would refuse tokens', () => {
    given(master('m1', 'new', 'old'), master('m2', 'old'))
      .when(rotate)
      .thenNothing();
    given(master('m1', 'new'), worker('w1', 1))
      .when({ ...rotate, workersWithout: ['w1'] })
      .thenNothing();
  });

  it('does not wait for a worker that has left meanwhile', () => {
    given(master('m1', 'new'))
      .when({ ...rotate, workersWithout: ['w1'] })
      .thenThese(rotated);
  });

  it('changes nothing when it is done already', () => {
    given(master('m1', 'new'), rotated).when(rotate).thenNothing();
  });

  it('S22: never goes back to a key that was given up', () => {
    given(master('m1', 'old', 'new'), rotated)
      .when({ ...rotate, sealId: 'old', previous: 'new' })
      .thenRefused(412, 'key-retired');
  });

  it('is over when what is kept encrypted is under the new one, told once', () => {
    const note = { kind: 'note-reencryption', sealId: 'new', count: 3 } as const;
    const { control } = given(master('m1', 'new'), rotated)
      .when(note)
      .thenThese(event('SecretsReencrypted', { sealId: 'new', count: 3 }));
    expect(control.keys.reencrypted).toBe(true);
    given(rotated, event('SecretsReencrypted', { sealId: 'new', count: 3 }))
      .when(note)
      .thenNothing();
    given().when(note).thenNothing();
  });
});

describe('CAs of workers', () => {
  const hour = 3_600_000;
  const ca = (caId: string, fromMs: number, untilMs: number) => ({
    caId,
    issuer: `PEM ${caId}\n`,
    issuesFrom: new Date(fromMs).toISOString(),
    validUntil: new Date(untilMs).toISOString(),
  });
  const startMs = Date.parse(timeOf(0));
  const first = ca('a', startMs, startMs + 10 * hour);
  const second = ca('b', startMs + 6 * hour, startMs + 20 * hour);
  const both = fold(given().control, [event('WorkerCaCreated', first), event('WorkerCaCreated', second)]);

  it('are made once, although two leaders ask', () => {
    const create = { kind: 'create-worker-ca', ...first, after: [] } as const;
    given().when(create).thenThese(event('WorkerCaCreated', first));
    given(event('WorkerCaCreated', second)).when(create).thenNothing();
  });

  it('are trusted at once, and issue when their time has come', () => {
    expect(trustedCas(both.keys)).toBe('PEM a\nPEM b\n');
    expect(issuingCa(both.keys, startMs + 5 * hour)?.caId).toBe('a');
    expect(issuingCa(both.keys, startMs + 6 * hour)?.caId).toBe('b');
    expect(issuingCa(both.keys, startMs + 21 * hour)).toBeUndefined();
  });

  it('are followed by another one in time', () => {
    expect(needsWorkerCa(both.keys, startMs + 17 * hour, 2 * hour)).toBe(false);
    expect(needsWorkerCa(both.keys, startMs + 18 * hour, 2 * hour)).toBe(true);
    expect(needsWorkerCa(given().control.keys, startMs, hour)).toBe(true);
  });

  it('are forgotten when they have expired and another one comes', () => {
    const early = event('WorkerCaCreated', ca('old', startMs - hour, startMs - 1));
    const { keys } = fold(given().control, [early, event('WorkerCaCreated', second)]);
    expect(keys.workerCas.map(({ caId }) => caId)).toEqual(['b']);
  });
});
