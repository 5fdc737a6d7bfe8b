import { afterEach, describe, expect, test } from 'vitest';
import type { WorkerInstructions } from '../../src/wire/worker.ts';
import { Worker } from '../../src/worker/worker.ts';
import { FakeMasters, LEASE_MS } from './support/fake-masters.ts';
import { FakeRoles, instructions, shardReport, task } from './support/fake-roles.ts';
import { ManualClock } from './support/manual-clock.ts';
import { MemoryLogger } from './support/memory-logger.ts';

const running: (() => Promise<void>)[] = [];

function start(first: WorkerInstructions, prepare: (masters: FakeMasters) => void = () => undefined) {
  const clock = new ManualClock();
  const masters = new FakeMasters(clock, first);
  prepare(masters);
  const roles = new FakeRoles();
  const log = new MemoryLogger();
  const registration = { id: 'w1', endpoint: 'https://worker:8729' };
  const worker = new Worker({ registration, masters, roles, clock, log, random: () => 0 });
  const stopping = new AbortController();
  const draining = new AbortController();
  const ended = worker.run(stopping.signal, draining.signal);
  const drain = () => {
    draining.abort(new Error('drain'));
    return ended;
  };
  const stop = async () => {
    stopping.abort(new Error('stop'));
    await ended;
  };
  running.push(stop);
  return { clock, masters, roles, log, worker, stop, drain };
}

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

const sendA = task('a', 'send-shard');
const sendB = task('b', 'send-inventory');
const receive = task('r', 'receive-shard');

describe('a worker', () => {
  test('registers, runs what it is told, and follows changes', async () => {
    const { clock, masters, roles, worker } = start(instructions([sendA]));
    await clock.advance(100);
    expect(masters.registrations).toEqual([{ id: 'w1', endpoint: 'https://worker:8729' }]);
    expect(roles.log).toEqual(['source starts', 'source: a']);
    masters.instruct(instructions([sendA, sendB]));
    await clock.advance(100);
    expect(roles.log.at(-1)).toBe('source: a b');
    expect(worker.status).toMatchObject({ registered: true, term: 3, tasks: 2 });
  });

  test('S12: has most of its lease left whenever its leader is killed: enough for the next one to come', async () => {
    const { clock, worker } = start(instructions([sendA]));
    await clock.advance(100);
    let leastMs = LEASE_MS;
    for (let step = 0; step < 60; step += 1) {
      await clock.advance(LEASE_MS / 30);
      leastMs = Math.min(leastMs, worker.status.leaseMs);
    }
    expect(leastMs).toBeGreaterThan(LEASE_MS * 0.6);
  });

  test('gives each engine its own kind of tasks', async () => {
    const { clock, roles } = start(instructions([sendA, receive], { epoch: 'E1' }));
    await clock.advance(100);
    expect(roles.log).toEqual(['source starts', 'source: a', 'target starts', 'target E1: r']);
  });

  test('S3: begins a new engine for another epoch, after the old one has stopped', async () => {
    const { clock, masters, roles } = start(instructions([receive], { epoch: 'E1' }));
    await clock.advance(100);
    masters.instruct(instructions([receive], { epoch: 'E2' }));
    await clock.advance(100);
    masters.instruct(instructions([]));
    await clock.advance(100);
    expect(roles.log).toEqual([
      'target starts',
      'target E1: r',
      'target stops',
      'target starts',
      'target E2: r',
      'target stops',
    ]);
  });

  test('keeps its engine within an epoch, whatever else changes', async () => {
    const { clock, masters, roles } = start(instructions([receive], { epoch: 'E1' }));
    await clock.advance(100);
    masters.instruct(instructions([receive, task('r2', 'receive-shard')], { epoch: 'E1', term: 4 }));
    await clock.advance(100);
    expect(roles.log).toEqual(['target starts', 'target E1: r', 'target E1: r r2']);
  });

  test('keeps its lease by polling, however long nothing changes', async () => {
    const { clock, masters, roles, worker } = start(instructions([sendA]));
    for (let at = 0; at < 100; at += 1) await clock.advance(1_000);
    expect(masters.registrations).toHaveLength(1);
    expect(roles.running).toBe(1);
    expect(roles.log).toEqual(['source starts', 'source: a']);
    expect(worker.status.tasks).toBe(1);
  });

  test('S12: confirms instructions only when what they do not list has stopped, and lives on meanwhile', async () => {
    const first = instructions([sendA]);
    const { clock, masters, roles, worker } = start(first);
    await clock.advance(100);
    const slow = Promise.withResolvers<void>();
    roles.slow = slow.promise;
    const second = instructions([]);
    masters.instruct(second);
    for (let at = 0; at < 30; at += 1) await clock.advance(1_000);
    expect(masters.asked).not.toContain(second.version);
    expect(masters.asked.length).toBeLessThan(20);
    expect(worker.status.registered).toBe(true);
    slow.resolve();
    await clock.advance(6_000);
    expect(masters.asked.at(-1)).toBe(second.version);
  });

  test('S12: does not confirm what it is told again while it still follows what came in between', async () => {
    const first = instructions([sendA]);
    const { clock, masters, roles } = start(first);
    await clock.advance(100);
    const slow = Promise.withResolvers<void>();
    roles.slow = slow.promise;
    masters.instruct(instructions([sendA, sendB]));
    await clock.advance(100);
    const before = masters.asked.length;
    masters.instruct(first);
    for (let at = 0; at < 30; at += 1) await clock.advance(1_000);
    expect(masters.asked.length).toBeGreaterThan(before);
    expect(masters.asked.slice(before)).not.toContain(first.version);
    slow.resolve();
    await clock.advance(6_000);
    expect(roles.log.at(-1)).toBe('source: a');
    expect(masters.asked.at(-1)).toBe(first.version);
  });

  test('refuses instructions of a lower term, and does not take them for a sign of life', async () => {
    const { clock, masters, roles, log } = start(instructions([sendA], { term: 5 }));
    await clock.advance(100);
    masters.instruct(instructions([sendB], { term: 4 }));
    await clock.advance(1_000);
    expect(roles.log).toEqual(['source starts', 'source: a']);
    expect(log.lines).toContainEqual(expect.stringContaining('instructions of term 4 are refused'));
    for (let at = 0; at < LEASE_MS / 1000; at += 1) await clock.advance(1_000);
    expect(roles.log.at(-1)).toBe('source stops');
  });

  test('S4: stops its engines when its lease ends unrenewed, and begins anew when the masters are back', async () => {
    const { clock, masters, roles, worker, log } = start(instructions([sendA]));
    await clock.advance(100);
    masters.away = new Error('connection refused');
    masters.instruct(instructions([sendA]));
    await clock.advance(LEASE_MS - 200);
    expect(roles.running).toBe(1);
    await clock.advance(300);
    expect(roles.running).toBe(0);
    expect(worker.status.registered).toBe(false);
    masters.away = undefined;
    await clock.advance(5_000);
    expect(masters.registrations).toHaveLength(2);
    expect(roles.log.slice(-2)).toEqual(['source starts', 'source: a']);
    expect(log.lines.filter((line) => line.includes('connection refused'))).toHaveLength(1);
  });

  test('stops at once when the leader does not know it any more, and registers again under the same id', async () => {
    const { clock, masters, roles } = start(instructions([sendA]));
    await clock.advance(100);
    masters.forgetWorker();
    await clock.advance(100);
    expect(roles.log).toContain('source stops');
    expect(masters.registrations.map(({ id }) => id)).toEqual(['w1', 'w1']);
    expect(roles.running).toBe(1);
  });

  test('stops its engines before it signs off', async () => {
    const { clock, masters, roles, stop } = start(instructions([sendA]));
    await clock.advance(100);
    const stopped = stop();
    await clock.advance(0);
    await stopped;
    expect(roles.running).toBe(0);
    expect(masters.deregistered).toBe(1);
  });

  test('waits for masters that are not there yet', async () => {
    const { clock, masters, roles } = start(instructions([sendA]));
    masters.away = new Error('connection refused');
    masters.forgetWorker();
    for (let at = 0; at < 60; at += 1) await clock.advance(1_000);
    expect(roles.running).toBe(0);
    masters.away = undefined;
    await clock.advance(6_000);
    expect(roles.running).toBe(1);
  });
});

describe('the reports of a worker', () => {
  test('tell what changed since the last one, and nothing when nothing did', async () => {
    const { clock, masters, roles } = start(instructions([sendA]));
    roles.shards = [shardReport('a'), shardReport('b')];
    await clock.advance(1_500);
    expect(masters.reports.map(({ shards }) => shards.map(({ taskId }) => taskId))).toEqual([['a', 'b']]);
    await clock.advance(3_000);
    expect(masters.reports).toHaveLength(1);
    roles.shards = [shardReport('a'), shardReport('b', { status: 'failed' })];
    await clock.advance(1_000);
    expect(masters.reports.at(-1)).toMatchObject({ term: 3, shards: [{ taskId: 'b', status: 'failed' }] });
  });

  test('S20: a lag that moves for all shards alike is told now and then, not every second', async () => {
    const { clock, masters, roles } = start(instructions([sendA]));
    for (let at = 0; at < 21; at += 1) {
      roles.shards = [shardReport('a', { delay: 500_000_000 + at, lastMessage: `2026-01-01T00:00:${10 + at}Z` })];
      await clock.advance(1_000);
    }
    expect(masters.reports.length).toBeGreaterThanOrEqual(2);
    expect(masters.reports.length).toBeLessThanOrEqual(3);
    const before = masters.reports.length;
    roles.shards = [shardReport('a', { delay: 60_000_000_000 })];
    await clock.advance(1_000);
    expect(masters.reports.length).toBe(before + 1);
  });

  test('tell a new leader everything', async () => {
    const { clock, masters, roles } = start(instructions([sendA]));
    roles.shards = [shardReport('a'), shardReport('b')];
    await clock.advance(1_500);
    masters.instruct(instructions([sendA], { term: 4 }));
    await clock.advance(1_500);
    expect(masters.reports).toHaveLength(2);
    expect(masters.reports[1]).toMatchObject({ term: 4, shards: [{ taskId: 'a' }, { taskId: 'b' }] });
  });

  test('that did not arrive are told again', async () => {
    const { clock, masters, roles } = start(instructions([sendA]));
    await clock.advance(500);
    masters.away = new Error('connection refused');
    roles.shards = [shardReport('a')];
    await clock.advance(2_000);
    expect(masters.reports).toEqual([]);
    masters.away = undefined;
    await clock.advance(2_000);
    expect(masters.reports).toHaveLength(1);
  });

  test('of the structure arrive although the masters were away', async () => {
    const { clock, masters, roles } = start(instructions([receive], { epoch: 'E1' }));
    await clock.advance(100);
    masters.away = new Error('connection refused');
    const report = { epoch: 'E1', sourceDeployment: 's', shards: [], problems: [], heldDrops: [], changes: ['x'] };
    const told = roles.structure?.(report);
    await clock.advance(2_000);
    masters.away = undefined;
    await clock.advance(6_000);
    await told;
    expect(masters.structures).toEqual([{ ...report, term: 3, sequence: 1 }]);
  });
});

describe('a worker that is to end', () => {
  test('asks the leader to take its tasks, lets them go in order, and signs off', async () => {
    const { clock, masters, roles, log, drain } = start(instructions([receive], { epoch: 'E1' }));
    await clock.advance(100);
    masters.onDrain = () => masters.instruct(instructions([], { epoch: 'E1' }));
    const ended = drain();
    await clock.advance(100);
    await ended;
    expect(roles.log).toEqual(['target starts', 'target E1: r', 'target E1: ', 'target stops']);
    expect(masters).toMatchObject({ drains: 1, deregistered: 1 });
    expect(log.lines).toContainEqual(expect.stringContaining('all tasks are handed over'));
  });

  test('goes on with what the leader has not taken from it yet', async () => {
    const { clock, masters, roles, drain } = start(instructions([receive, sendA], { epoch: 'E1' }));
    await clock.advance(100);
    const ended = drain();
    await clock.advance(10_000);
    expect(masters.drains).toBe(1);
    expect(roles.running).toBe(2);
    masters.instruct(instructions([], { epoch: 'E1' }));
    await clock.advance(100);
    await ended;
    expect(roles.running).toBe(0);
  });

  test('S12: does not sign off before what was taken from it has stopped', async () => {
    const { clock, masters, roles, drain } = start(instructions([sendA]));
    await clock.advance(100);
    const slow = Promise.withResolvers<void>();
    roles.slow = slow.promise;
    masters.onDrain = () => masters.instruct(instructions([]));
    const ended = drain();
    await clock.advance(10_000);
    expect(masters.deregistered).toBe(0);
    slow.resolve();
    await clock.advance(100);
    await ended;
    expect(masters.deregistered).toBe(1);
  });

  test('ends at once when it has nothing', async () => {
    const { clock, masters, drain } = start(instructions([]));
    await clock.advance(100);
    const ended = drain();
    await clock.advance(100);
    await ended;
    expect(masters).toMatchObject({ drains: 1, deregistered: 1 });
  });

  test('ends with its lease when no master answers, and does not register again', async () => {
    const { clock, masters, roles, drain } = start(instructions([sendA]));
    await clock.advance(100);
    masters.away = new Error('connection refused');
    const ended = drain();
    await clock.advance(LEASE_MS);
    await ended;
    expect(roles.running).toBe(0);
    expect(masters.registrations).toHaveLength(1);
  });

  test('ends before it has registered', async () => {
    const { clock, masters, drain } = start(instructions([]), (them) => {
      them.away = new Error('connection refused');
    });
    const ended = drain();
    await clock.advance(5_000);
    await ended;
    expect(masters.drains).toBe(0);
  });
});
