import { describe, expect, it } from 'vitest';
import type { Lease, LeaseOutcome, LeaseStore, SeenLease } from '../../src/domain/leadership/lease.ts';
import type { Leadership } from '../../src/domain/leadership/state.ts';
import { Election } from '../../src/master/election.ts';

const signal = new AbortController().signal;
const leaseMs = 3_000;

/** One lease document, whose calls take time on a clock that a test moves. */
class Leases implements LeaseStore {
  document: SeenLease | undefined;
  readonly clock: Clock;
  readTakesMs = 0;
  #revision = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  async read(): Promise<SeenLease | undefined> {
    const { document } = this;
    this.clock.nowMs += this.readTakesMs;
    return document;
  }

  async write(lease: Lease, seen: SeenLease | undefined): Promise<LeaseOutcome> {
    if (this.document?.revision !== seen?.revision) return { kind: 'lost', lease: this.document };
    this.#revision += 1;
    this.document = { ...lease, revision: String(this.#revision) };
    return { kind: 'held', lease: this.document };
  }

  async release(): Promise<void> {
    this.document = undefined;
  }
}

class Clock {
  nowMs = 0;
  /** What the wall clock is ahead: it jumps, and runs on while the machine is suspended. */
  aheadMs = 0;
  now = () => new Date(this.nowMs + this.aheadMs);
  monotonicMs = () => this.nowMs;
  sleep = async (ms: number) => {
    this.nowMs += ms;
  };
}

function given() {
  const clock = new Clock();
  const leases = new Leases(clock);
  const election = (masterId: string, own = clock) =>
    new Election({ masterId, leases, clock: own, leaseMs, renewEveryMs: 1_000, random: () => 0 });
  return { clock, leases, election };
}

const led = (by: string | null, term: number): { leadership: Leadership; mayLead: boolean } => ({
  leadership: { term, leader: by === null ? null : { masterId: by, endpoint: '' } },
  mayLead: true,
});

describe('the election', () => {
  it('claims an empty log at once, with the lease taken before', async () => {
    const { leases, election } = given();
    const one = election('one');
    expect(await one.step(led(null, 0), signal)).toEqual({ kind: 'claim', term: 1 });
    expect(leases.document).toMatchObject({ holder: 'one', term: 1 });
    expect(one.mayAct(led(null, 0))).toBe(false);
    expect(one.mayAct(led('one', 1))).toBe(true);
  });

  it('lets one of two claim that saw the same', async () => {
    const { leases, election } = given();
    const [one, two] = [election('one'), election('two')];
    const before = leases.document;
    const read = leases.read.bind(leases);
    leases.read = async () => before;
    const steps = await Promise.all([one.step(led(null, 0), signal), two.step(led(null, 0), signal)]);
    leases.read = read;
    expect(steps.filter(({ kind }) => kind === 'claim')).toHaveLength(1);
  });

  it('S12: acts for the lease from the beginning of a renewal, not from its answer', async () => {
    const { clock, leases, election } = given();
    const one = election('one');
    await one.step(led(null, 0), signal);
    clock.nowMs = 1_500;
    const write = leases.write.bind(leases);
    leases.write = async (lease, seen) => {
      const outcome = await write(lease, seen);
      clock.nowMs += 2_000;
      return outcome;
    };
    await one.step(led('one', 1), signal);
    expect(clock.nowMs).toBe(3_500);
    expect(one.mayAct(led('one', 1))).toBe(true);
    clock.nowMs = 4_500;
    expect(one.mayAct(led('one', 1))).toBe(false);
  });

  it('S12: does not act after its machine was suspended for longer than its lease, until it renewed', async () => {
    const { clock, election } = given();
    const one = election('one');
    await one.step(led(null, 0), signal);
    clock.nowMs = 1_000;
    clock.aheadMs = 3_000;
    expect(one.mayAct(led('one', 1))).toBe(false);
    await one.step(led('one', 1), signal);
    expect(one.mayAct(led('one', 1))).toBe(true);
  });

  it('S12: is not held in office by a wall clock that jumped back', async () => {
    const { clock, election } = given();
    const one = election('one');
    clock.aheadMs = 60_000;
    await one.step(led(null, 0), signal);
    clock.nowMs = 1_000;
    clock.aheadMs = 0;
    await one.step(led('one', 1), signal);
    clock.nowMs = 2_000;
    expect(one.mayAct(led('one', 1))).toBe(true);
    clock.nowMs = 4_500;
    expect(one.mayAct(led('one', 1))).toBe(false);
  });

  it('S12: counts another’s lease from after the reading that first showed it', async () => {
    const { clock, leases, election } = given();
    const one = election('one');
    await one.step(led(null, 0), signal);
    const two = election('two');
    leases.readTakesMs = 1_000;
    await two.step(led('one', 1), signal);
    leases.readTakesMs = 0;
    clock.nowMs = 3_900;
    expect(await two.step(led('one', 1), signal)).toEqual({ kind: 'wait' });
    clock.nowMs = 4_000;
    expect(await two.step(led('one', 1), signal)).toEqual({ kind: 'claim', term: 2 });
  });

  it('S12: takes nothing from a leader that renews in the same moment', async () => {
    const { clock, leases, election } = given();
    const [one, two] = [election('one'), election('two')];
    await one.step(led(null, 0), signal);
    await two.step(led('one', 1), signal);
    clock.nowMs = 3_500;
    const stale = leases.document;
    await one.step(led('one', 1), signal);
    const read = leases.read.bind(leases);
    leases.read = async () => stale;
    expect(await two.step(led('one', 1), signal)).toEqual({ kind: 'wait' });
    leases.read = read;
    expect(one.mayAct(led('one', 1))).toBe(true);
  });

  it('stops acting when the log names another, or what is in it is not understood', async () => {
    const { election } = given();
    const one = election('one');
    await one.step(led(null, 0), signal);
    expect(one.mayAct(led('two', 2))).toBe(false);
    expect(one.mayAct({ ...led('one', 1), mayLead: false })).toBe(false);
  });

  it('repeats a claim whose lease it holds, as long as it holds', async () => {
    const { clock, election } = given();
    const one = election('one');
    await one.step(led(null, 0), signal);
    expect(await one.step(led(null, 0), signal)).toEqual({ kind: 'claim', term: 1 });
    clock.nowMs = 4_000;
    expect(await one.step(led(null, 0), signal)).toEqual({ kind: 'wait' });
  });

  it('S18: claims above a term that was met anywhere', async () => {
    const { election } = given();
    const one = election('one');
    one.meetTerm(41);
    expect(await one.step(led(null, 3), signal)).toEqual({ kind: 'claim', term: 42 });
  });

  it('S12: lends leases to workers in the first half of its own only, by both clocks', async () => {
    const { clock, election } = given();
    const a = election('a');
    await a.step(led(null, 0), signal);
    expect(a.mayLend(led('a', 1))).toBe(true);
    clock.nowMs += leaseMs / 2 - 1;
    expect(a.mayLend(led('a', 1))).toBe(true);
    clock.nowMs += 1;
    expect([a.mayLend(led('a', 1)), a.mayAct(led('a', 1))]).toEqual([false, true]);
    await a.step(led('a', 1), signal);
    expect(a.mayLend(led('a', 1))).toBe(true);
    clock.aheadMs += leaseMs / 2;
    expect(a.mayLend(led('a', 1))).toBe(false);
  });

  it('S12: knows until when the leader before may have lent leases: never earlier than it did', async () => {
    const { clock, election } = given();
    const [a, b] = [election('a'), election('b')];
    await a.step(led(null, 0), signal);
    clock.nowMs += 700;
    await b.step(led('a', 1), signal);
    let lastLentMs = 0;
    for (let ms = 0; ms <= leaseMs; ms += 50) {
      if (a.mayLend(led('a', 1))) lastLentMs = clock.nowMs;
      clock.nowMs += 50;
    }
    expect(await b.step(led('a', 1), signal)).toEqual({ kind: 'claim', term: 2 });
    expect(b.othersLentUntilMs).toBe(700 + leaseMs / 2);
    expect(b.othersLentUntilMs).toBeGreaterThanOrEqual(lastLentMs);
  });

  it('S12: does not know that of a leader that resigned', async () => {
    const { election } = given();
    const [a, b] = [election('a'), election('b')];
    await a.step(led(null, 0), signal);
    expect(await b.step(led(null, 1), signal)).toEqual({ kind: 'claim', term: 2 });
    expect(b.othersLentUntilMs).toBeUndefined();
  });
});
