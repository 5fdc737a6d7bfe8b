import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../src/events/vocabulary.ts';
import { keyRules } from '../../src/projections/invariants/keys.ts';
import { event } from '../domain/examples.ts';
import { given } from '../domain/given.ts';

const rotated = (sealId: string, previous: string) => event('MasterSecretRotated', { sealId, previous, vouched: 'v' });
const master = (...sealIds: string[]) =>
  event('MasterRegistered', { masterId: 'm1', endpoint: 'https://m1', publicEndpoints: [], sealIds });

/** Names of the rules that an event breaks behind others. */
function broken(next: NewEvent, ...before: readonly NewEvent[]): readonly string[] {
  const commit = { ...{ position: 9, term: 1, writer: 'm1', at: '', cause: '', prev: '', hash: '' }, events: [] };
  return keyRules(given(...before).control, { ...next, id: 'e' }, commit).map(({ rule }) => rule);
}

describe('the rules of the keys', () => {
  it('take a rotation that all masters accept', () => {
    expect(broken(rotated('k2', 'k1'), master('k1', 'k2'))).toEqual([]);
    expect(broken(rotated('k3', 'k2'), master('k3'), rotated('k2', 'k1'))).toEqual([]);
  });

  it('S22: find a key that came back, that follows another than the one in use, or that a master does not accept', () => {
    expect(broken(rotated('k1', 'k2'), rotated('k2', 'k1'))).toEqual(['key-stays-retired']);
    expect(broken(rotated('k3', 'k1'), rotated('k2', 'k1'))).toEqual(['key-follows-key']);
    expect(broken(rotated('k2', 'k1'), master('k1'))).toEqual(['key-accepted-by-all']);
  });
});
