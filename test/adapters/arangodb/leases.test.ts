import { beforeEach, describe, expect, it } from 'vitest';
import { ArangoLeaseStore } from '../../../src/adapters/arangodb/leases.ts';
import type { SeenLease } from '../../../src/domain/leadership/lease.ts';
import { ArangoUnreachable } from '../../../src/replication/arango.ts';
import { type ControlDatabase, useControlDatabase } from '../../support/control-database.ts';
import { FaultyServer } from '../../support/faulty-server.ts';

const lease = (holder: string, term = 1) => ({ name: 'leader', holder, term, leaseMs: 3000 });

describe('leases in the database', () => {
  const databases = useControlDatabase('single');
  let database: ControlDatabase;
  let faulty: FaultyServer;
  let leases: ArangoLeaseStore;
  beforeEach(async () => {
    database = await databases.open();
    faulty = new FaultyServer(database.server);
    leases = new ArangoLeaseStore(faulty);
  });

  const take = async (holder: string, term = 1, seen?: SeenLease): Promise<SeenLease> => {
    const outcome = await leases.write(lease(holder, term), seen);
    if (outcome.kind === 'lost') throw new Error('the lease is lost');
    return outcome.lease;
  };

  it('are not there before anyone took them', async () => {
    expect(await leases.read('leader')).toBeUndefined();
  });

  it('are read by others as they were taken', async () => {
    const taken = await take('m1');
    expect(await new ArangoLeaseStore(database.server).read('leader')).toEqual(taken);
    expect(taken).toMatchObject(lease('m1'));
  });

  it('have another revision after each renewal', async () => {
    const first = await take('m1');
    const second = await take('m1', 1, first);
    expect(second.revision).not.toBe(first.revision);
  });

  it('go to one of two that take them at once', async () => {
    const outcomes = await Promise.all([leases.write(lease('m1'), undefined), leases.write(lease('m2'), undefined)]);
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['held', 'lost']);
    const [winner] = outcomes.filter(({ kind }) => kind === 'held');
    expect(outcomes.every(({ lease: held }) => held?.holder === winner?.lease?.holder)).toBe(true);
  });

  it('go to one of two that take over an expired one at once', async () => {
    const expired = await take('m0');
    const outcomes = await Promise.all([leases.write(lease('m1', 2), expired), leases.write(lease('m2', 2), expired)]);
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['held', 'lost']);
  });

  it('S12: are not renewed by one who lost them, and tell him the holder', async () => {
    const mine = await take('m1');
    const theirs = await take('m2', 2, mine);
    expect(await leases.write(lease('m1'), mine)).toEqual({ kind: 'lost', lease: theirs });
  });

  it('S12: are not renewed under a term of the past by the same master', async () => {
    const first = await take('m1', 1);
    const second = await take('m1', 2, first);
    expect(await leases.write(lease('m1', 1), first)).toEqual({ kind: 'lost', lease: second });
  });

  it('do not count as renewed when the answer was lost, and are renewed from there the next time', async () => {
    const first = await take('m1');
    faulty.setFaults({ kind: 'answer-lost', times: 1, matches: ({ method }) => method === 'PUT' });
    await expect(leases.write(lease('m1'), first)).rejects.toThrow(ArangoUnreachable);
    expect(await leases.write(lease('m1'), first)).toMatchObject({ kind: 'held', lease: { holder: 'm1' } });
  });

  it('are let go by their holder, not by one of before', async () => {
    const mine = await take('m1');
    const theirs = await take('m2', 2, mine);
    await leases.release(mine);
    expect(await leases.read('leader')).toEqual(theirs);
    await leases.release(theirs);
    expect(await leases.read('leader')).toBeUndefined();
    await leases.release(theirs);
  });

  it('that are gone are lost for who renews them', async () => {
    const mine = await take('m1');
    await leases.release(mine);
    expect(await leases.write(lease('m1'), mine)).toEqual({ kind: 'lost', lease: undefined });
  });
});
