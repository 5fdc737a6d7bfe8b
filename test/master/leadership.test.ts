import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openArangoLog } from '../../src/adapters/arangodb/event-log.ts';
import { commitHasher } from '../../src/adapters/crypto/commit-hasher.ts';
import { FaultyServer } from '../support/faulty-server.ts';
import { patientClock } from '../support/patient-clock.ts';
import { CuttableServer } from './support/cuttable-server.ts';
import { Datacenter, fastTimes, operator, secret } from './support/datacenter.ts';
import { FakeWorker } from './support/fake-worker.ts';
import { steadyLeases } from './support/steady-leases.ts';
import { until } from './support/until.ts';

const signal = new AbortController().signal;
const hour = { messageTimeout: 3_600_000_000_000 };

let datacenter: Datacenter;

beforeEach(async () => {
  datacenter = await Datacenter.open('AAA');
});

afterEach(async () => {
  await datacenter.stop();
});

function events(type: string): unknown[] {
  const commits = [...(datacenter.deployment.front.documents.collections.get('_sync_events')?.values() ?? [])];
  return commits.flatMap(({ events }) => (events as { type: string }[]).filter((event) => event.type === type));
}

describe('leadership', () => {
  it('is one of several masters, and all agree who', async () => {
    const masters = await Promise.all(['a1', 'a2', 'a3'].map((name) => datacenter.startMaster(name)));
    const leader = await datacenter.leader();
    await until('all know', () => masters.every(({ state }) => state.leadership.leader?.masterId === leader.id));
    expect(masters.filter(({ leads }) => leads)).toEqual([leader]);
    expect(events('LeadershipClaimed')).toHaveLength(1);
  });

  it('is taken over when the leader is cut off, after its lease and not before', async () => {
    const way = new CuttableServer(datacenter.deployment.front);
    const first = await datacenter.startMaster('a1', way);
    await until('it leads', () => first.leads);
    const second = await datacenter.startMaster('a2');
    await until('the second follows', () => second.state.masters.has('a2'));
    way.isCut = true;
    const cutAt = patientClock.monotonicMs();
    await until('the second leads', () => {
      // S12: never both at once.
      if (second.leads) expect(first.leads).toBe(false);
      return second.leads;
    });
    expect(patientClock.monotonicMs() - cutAt).toBeGreaterThan(fastTimes.leaderLeaseMs - fastTimes.leaderRenewMs - 50);
    expect(second.state.leadership.term).toBe(2);
  });

  it('S12: a leader that cannot renew stops acting when its lease ends, and refuses commands', async () => {
    const way = new CuttableServer(datacenter.deployment.front);
    const leader = await datacenter.startMaster('a1', way);
    await until('it leads', () => leader.leads);
    way.isCut = true;
    await until('it knows', () => !leader.leads);
    await expect(leader.sync.setMessageTimeout(hour, operator, signal)).rejects.toMatchObject({ status: 503 });
    expect(leader.state.leadership.leader?.masterId).toBe('a1');
  });

  it('a deposed leader that comes back reads the claim and follows', async () => {
    const way = new CuttableServer(datacenter.deployment.front);
    const first = await datacenter.startMaster('a1', way);
    await until('it leads', () => first.leads);
    const second = await datacenter.startMaster('a2');
    way.isCut = true;
    await until('the second leads', () => second.leads);
    way.isCut = false;
    await until('the first follows', () => first.state.leadership.leader?.masterId === 'a2');
    await expect(first.sync.setMessageTimeout(hour, operator, signal)).rejects.toMatchObject({ status: 503 });
  });

  it('passes on at once when the leader stops', async () => {
    const first = await datacenter.startMaster('a1');
    await until('it leads', () => first.leads);
    const second = await datacenter.startMaster('a2');
    await until('the second follows', () => second.state.masters.has('a2'));
    const stoppedAt = patientClock.monotonicMs();
    await first.stop();
    await until('the second leads', () => second.leads);
    expect(patientClock.monotonicMs() - stoppedAt).toBeLessThan(fastTimes.leaderLeaseMs);
    expect([...second.state.masters.keys()]).toEqual(['a2']);
  });

  it('S12: a leader that stops decides nothing any more, though nobody knows whether its resignation was taken', async () => {
    const way = new CuttableServer(datacenter.deployment.front);
    const faulty = new FaultyServer(way);
    const leader = await datacenter.startMaster('a1', faulty, { times: { ...fastTimes, leaderLeaseMs: 5_000 } });
    await until('it leads', () => leader.leads);
    faulty.setFaults({
      kind: 'answer-lost',
      matches: ({ body }) => JSON.stringify(body ?? '').includes('LeadershipResigned'),
      times: 1,
      meanwhile: async () => {
        way.isCut = true;
      },
    });
    const stopped = leader.stop();
    await until('its resignation is on its way', () => way.isCut);
    expect(leader.leads).toBe(false);
    await stopped;
  });

  it('is not for a master that met an event which it does not know', async () => {
    const log = openArangoLog(datacenter.deployment.front, commitHasher([secret]));
    const event = { id: '01ARZ3NDEKTSV4RRFFQ69G5FAV', type: 'FromTheFuture', v: 1, data: {} };
    const draft = { term: 0, writer: 'new', at: '2026-01-01T00:00:00Z', cause: 'test', events: [event] };
    await log.append({ position: 0, hash: '' }, draft);
    const master = await datacenter.startMaster('a1');
    await until('it follows', () => master.state.masters.has('a1'));
    await expect(datacenterLeads(master)).resolves.toBe(false);
  });

  it('S18: a master whose log went back stops and says so', async () => {
    const master = await datacenter.startMaster('a1');
    await until('it leads', () => master.leads);
    datacenter.deployment.front.documents.collections.get('_sync_events')?.clear();
    const failure = await master.failed;
    expect(failure.message).toContain('missing');
    expect(datacenter.logged.some((line) => line.startsWith('error this master stops'))).toBe(true);
  });

  it('S18: a claim is above every term that was met, also in the lease alone', async () => {
    const leases = datacenter.deployment.front.documents.collections.get('_sync_leases');
    const stored = { _key: 'leader', _rev: 'x', holder: 'gone', term: 41, leaseMs: 50 };
    leases?.set('leader', stored);
    const master = await datacenter.startMaster('a1');
    await until('it leads', () => master.leads);
    expect(master.state.leadership.term).toBeGreaterThan(41);
  });

  it('leaves a dead master out of the endpoints within seconds', async () => {
    const first = await datacenter.startMaster('a1');
    await until('it leads', () => first.leads);
    const way = new CuttableServer(datacenter.deployment.front);
    await datacenter.startMaster('a2', way);
    await until('both are there', () => first.members.publicEndpoints().length === 2);
    way.isCut = true;
    await until('one is left', () => first.members.publicEndpoints().length === 1);
    expect(first.members.publicEndpoints()).toEqual(['https://a1.public:8629']);
    way.isCut = false;
    await until('it is back', () => first.members.publicEndpoints().length === 2);
  });

  it('loses no command when two masters write at once', async () => {
    // The workers are silent, and must not be given up before all are there.
    const start = (name: string) =>
      datacenter.startMaster(name, undefined, { times: { ...fastTimes, ...steadyLeases } });
    const [first, second] = [await start('a1'), await start('a2')];
    const leader = await datacenter.leader();
    const workers = Array.from({ length: 10 }, (_, index) => new FakeWorker(`w${index}`));
    await Promise.all([...workers.map((worker) => worker.register(leader)), start('a3'), start('a4')]);
    await until('all are known to all', () =>
      [first, second].every(({ state }) => state.workers.byId.size === 10 && state.masters.size === 4),
    );
  });

  it('S12: a new leader waits out every lease that the one before may have lent before it gives tasks away', async () => {
    const way = new CuttableServer(datacenter.deployment.front);
    const first = await datacenter.startMaster('a1', way);
    await until('it leads', () => first.leads);
    await new FakeWorker('w1').register(first);
    const second = await datacenter.startMaster('a2');
    const cutAt = patientClock.monotonicMs();
    way.isCut = true;
    await until('the second leads', () => second.leads);
    expect(second.state.workers.byId.has('w1')).toBe(true);
    await until('the silent worker is gone', () => !second.state.workers.byId.has('w1'));
    expect(patientClock.monotonicMs() - cutAt).toBeGreaterThan(fastTimes.workerLeaseMs - 50);
  });
});

/** Whether the master leads within twice the time in which it otherwise would. */
async function datacenterLeads(master: { readonly leads: boolean }): Promise<boolean> {
  const endMs = patientClock.monotonicMs() + 2 * fastTimes.leaderLeaseMs;
  return until('time passes', () =>
    master.leads ? 'yes' : patientClock.monotonicMs() > endMs ? 'no' : undefined,
  ).then((answer) => answer === 'yes');
}
