import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { targetStatus } from '../../cli/demo/status.ts';
import { compareDeployments } from './support/compare.ts';
import { copiesOf, sum } from './support/copies.ts';
import { eventually } from './support/eventually.ts';
import { Members } from './support/members.ts';
import { type Pair, type Side, startPair } from './support/pair.ts';
import { Workload } from './support/workload.ts';

/** What operators are promised after a killed process or a restarted server. */
const RECOVERY_MS = 15_000;
const DOCUMENTS = 40_000;

let pair: Pair;
let workload: Workload;
let probes = 0;
const members = new Map<Side, Members>();

beforeAll(async () => {
  pair = await startPair({ masters: 2, workers: 2, dbServers: 3, coordinators: 2 });
  for (const side of [pair.source, pair.target]) members.set(side, new Members(side));
  workload = new Workload(pair.source.database, 11);
  await workload.create({ databases: 2, collections: 8 });
  await workload.load(DOCUMENTS);
}, 240_000);
afterAll(() => pair?.stop());

function membersOf(side: Side): Members {
  const found = members.get(side);
  if (found === undefined) throw new Error('unknown datacenter');
  return found;
}

const killWorker = (side: Side, index: number) => membersOf(side).killWorker(index);
const killLeader = (side: Side) => membersOf(side).killLeader();

/** Until its tasks are others'; then it wakes, perhaps in the middle of a batch (S4). */
async function freezeWorker(side: Side): Promise<void> {
  const pid = membersOf(side).workers[0]?.process.pid;
  if (pid === undefined) throw new Error('no worker is left to be frozen');
  const left = async () =>
    (await side.events()).flatMap(({ events }) => events).filter(({ type }) => type === 'WorkerLeft').length;
  const before = await left();
  process.kill(pid, 'SIGSTOP');
  await eventually('the frozen worker being given up', 60_000, async () => (await left()) > before);
  process.kill(pid, 'SIGCONT');
}

/** Writes one document into every collection and waits until all have arrived: every shard's stream goes on. */
async function goesOn(): Promise<number> {
  const round = probes++;
  const written = await workload.probe(round);
  return eventually('probes arriving on the target', RECOVERY_MS, async () => {
    for (const { database, path } of written) {
      const { status } = await pair.target.database.front.request({ method: 'HEAD', database, path });
      if (status !== 200) return false;
    }
    return true;
  });
}

async function endsEqual(): Promise<void> {
  await eventually('both sides being equal', 60_000, async () => {
    const { differences } = await compareDeployments(pair.source.database, pair.target.database);
    return differences.length === 0;
  });
}

/** Keeps writing while `work` runs, and stops whatever becomes of it. */
async function whileWriting<T>(work: () => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const writing = workload.mix(stop.signal);
  try {
    return await work();
  } finally {
    stop.abort();
    await writing;
  }
}

test('a worker killed during the copy: another one goes on, and all arrives', { timeout: 120_000 }, async () => {
  await pair.configure();
  await eventually('the copy having begun', 60_000, async () => {
    const { running, total } = await targetStatus(pair.target.masters);
    return total > 0 && running > 0;
  });
  await killWorker(pair.target, 0);
  const ms = await goesOn();
  await endsEqual();
  console.log(`went on ${Math.round(ms)} ms after the kill`);
});

describe('while streaming, nothing that was checkpointed is copied again', () => {
  const cases: readonly (readonly [string, () => Promise<void>])[] = [
    ['a killed worker of the target', () => killWorker(pair.target, 0)],
    ['a killed worker of the source', () => killWorker(pair.source, 0)],
    ['a killed leader of the target', () => killLeader(pair.target)],
    ['a killed leader of the source', () => killLeader(pair.source)],
    [
      'a worker and the leader of the target killed at once',
      async () => {
        await Promise.all([killWorker(pair.target, 1), killLeader(pair.target)]);
      },
    ],
    ['a worker of the target that was frozen past its lease and wakes', () => freezeWorker(pair.target)],
    ['a restarted DB-Server of the source', () => restartDbServer(pair.source)],
    ['a restarted DB-Server of the target', () => restartDbServer(pair.target)],
  ];

  test.each(cases)('%s: it goes on within 15 s and ends equal', { timeout: 180_000 }, async (name, disturb) => {
    await eventually('every shard running', 60_000, async () => {
      const { status, running, total } = await targetStatus(pair.target.masters);
      return status === 'running' && total >= workload.shards && running === total;
    });
    const before = await copiesOf(pair.target);
    const ms = await whileWriting(async () => {
      await disturb();
      return goesOn();
    });
    await endsEqual();
    const after = await copiesOf(pair.target);
    console.log(`${name}: went on after ${Math.round(ms)} ms; copies ${sum(before)} before, ${sum(after)} after`);
    expect(after).toEqual(before);
  });
});

async function restartDbServer(side: Side): Promise<void> {
  const [server] = await side.database.dbServers();
  await side.control('restart', { server: server?.id });
}
