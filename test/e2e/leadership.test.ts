import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Member } from '../../cli/demo/datacenter.ts';
import { targetStatus } from '../../cli/demo/status.ts';
import type { Commit } from '../../src/events/log.ts';
import { eventually } from './support/eventually.ts';
import { LogWatch } from './support/log-watch.ts';
import { type Pair, startPair } from './support/pair.ts';
import { leaderAt } from './support/side.ts';

/** The ordinary suite takes few shards; `E2E_SCALE=full` is the storm that a release must stand. */
const isFull = process.env.E2E_SCALE === 'full';
const SHARDS = isFull ? 5_000 : 200;
const SHARDS_PER_COLLECTION = 8;
const STEP_TIMEOUT_MS = isFull ? 300_000 : 60_000;
const DATABASE = 'shop';
/** What operators are promised after a kill. */
const NEW_LEADER_MS = 5_000;

let pair: Pair;
let log: LogWatch;
let sourceLog: LogWatch;
const masters: Member[] = [];
const takeovers: Takeover[] = [];

interface Takeover {
  readonly what: string;
  readonly claim: Commit;
  /** The master that led before. */
  readonly before: string;
  readonly ms: number;
}

beforeAll(async () => {
  pair = await startPair({ masters: 2, workers: 2, dbServers: 3, coordinators: 1 });
  log = new LogWatch(pair.target);
  sourceLog = new LogWatch(pair.source);
  masters.push(...pair.target.datacenter.masters);
  await createShards();
  await Promise.all([pair.source, pair.target].map(leaderAt));
}, 2 * STEP_TIMEOUT_MS);
afterAll(() => pair?.stop());

async function createShards(): Promise<void> {
  const { front } = pair.source.database;
  await front.json({ method: 'POST', path: '/_api/database', body: { name: DATABASE } });
  for (let made = 0; made < SHARDS; made += SHARDS_PER_COLLECTION) {
    const body = { name: `goods-${made}`, numberOfShards: Math.min(SHARDS_PER_COLLECTION, SHARDS - made) };
    await front.json({ method: 'POST', database: DATABASE, path: '/_api/collection', body });
  }
}

/** Takes the leader out; resolves with what brings it back, as a service manager or an operator would. */
type Disruption = (leader: Member) => Promise<() => Promise<void>>;

const kill: Disruption = async (leader) => {
  await leader.process.kill();
  return async () => {
    masters[masters.indexOf(leader)] = pair.target.datacenter.restartMaster(leader);
  };
};

const freeze: Disruption = async (leader) => {
  process.kill(leader.process.pid, 'SIGSTOP');
  return async () => {
    process.kill(leader.process.pid, 'SIGCONT');
  };
};

/** Disrupts the leader as soon as the log says that something happened, and waits until another leads. */
async function whenItHappens(
  type: string,
  watch: LogWatch,
  after: number,
  name: string,
  disrupt: Disruption,
): Promise<void> {
  await watch.next(type, after, STEP_TIMEOUT_MS);
  const endpoint = await leaderAt(pair.target);
  const leader = masters.find((master) => master.endpoint === endpoint);
  if (leader === undefined) throw new Error(`nobody leads at ${type}`);
  await log.readOn();
  const before = log.commits.findLast(isClaim)?.writer ?? '';
  const at = new Date();
  const bringBack = await disrupt(leader);
  const claim = await log.next('LeadershipClaimed', log.commits.length, STEP_TIMEOUT_MS);
  await bringBack();
  const ms = new Date(claim.at).getTime() - at.getTime();
  takeovers.push({ what: `${name} at ${type}`, claim, before, ms });
  console.log(`${SHARDS} shards, leader ${name} at ${type}: a new one after ${ms} ms`);
  await expectOldLeaderAt(at, before);
  await expectWholeLog();
}

/** The state a moment before shows who led then. */
async function expectOldLeaderAt(at: Date, masterId: string): Promise<void> {
  const words = ['replay', `--to=${at.toISOString()}`, '--projection=leadership', '--output=json'];
  const { exit, output } = await pair.command(words, pair.target);
  expect({ exit, output }).toMatchObject({ exit: 0, output: expect.stringContaining(masterId) });
}

async function expectWholeLog(): Promise<void> {
  expect(await pair.command(['events', 'verify'], pair.target)).toMatchObject({ exit: 0 });
}

/** A master that does not lead writes only of itself. */
const OWN = new Set(['MasterRegistered', 'MasterLeft']);

function isClaim({ events }: Commit): boolean {
  return events.some(({ type }) => type === 'LeadershipClaimed');
}

/** Whoever was deposed decided nothing afterwards: what a term decides is its leader's, and terms only rise. */
async function expectNobodyDecidedLate(): Promise<void> {
  await log.readOn();
  let [term, leader] = [0, ''];
  for (const commit of log.commits) {
    if (isClaim(commit)) {
      expect(commit.term).toBeGreaterThan(term);
      [term, leader] = [commit.term, commit.writer];
    }
    if (!commit.events.every(({ type }) => OWN.has(type))) expect(commit).toMatchObject({ term, writer: leader });
  }
  for (const { claim, before } of takeovers) expect(claim.writer).not.toBe(before);
}

/** Waits for all masters to name one leader, which is what a woken one has to learn. */
async function allNameOneLeader(): Promise<void> {
  await eventually('every master naming the same leader', STEP_TIMEOUT_MS, async () => {
    const { output, exit } = await pair.command(['get', 'masters', '--output=json'], pair.target);
    return exit === 0 && output.split('"leader": true').length === 2;
  });
}

async function follows(): Promise<void> {
  await eventually('every shard running', STEP_TIMEOUT_MS, async () => {
    const { running, total } = await targetStatus(pair.target.masters);
    return running >= SHARDS && running === total;
  });
}

async function isDisrupted(name: string, disrupt: Disruption): Promise<void> {
  await Promise.all([log.readOn(), sourceLog.readOn()]);
  const start = log.commits.length;
  const configured = pair.configure();
  await whenItHappens('SyncConfigured', log, start, name, disrupt);
  await whenItHappens('ShardsAdded', log, start, name, disrupt);
  await configured;
  await follows();
  const stopping = pair.command(['stop', 'sync'], pair.target);
  await whenItHappens('BarrierSet', sourceLog, sourceLog.commits.length, name, disrupt);
  await stopping;
  // What the first call did not see to its end, the next one does.
  await eventually('the synchronization being stopped', STEP_TIMEOUT_MS, async () => {
    await pair.command(['stop', 'sync'], pair.target);
    return (await targetStatus(pair.target.masters)).status === 'inactive';
  });
  await allNameOneLeader();
  await expectNobodyDecidedLate();
  await expectWholeLog();
}

test('S12: a leader killed while it configures, gives out tasks, and stops behind a barrier', {
  timeout: 4 * STEP_TIMEOUT_MS,
}, async () => {
  await isDisrupted('killed', kill);
  for (const { what, ms } of takeovers) expect(ms, what).toBeLessThan(NEW_LEADER_MS);
});

test('S12: a leader frozen in the same moments decides nothing when it wakes', {
  timeout: 4 * STEP_TIMEOUT_MS,
}, async () => {
  await isDisrupted('frozen', freeze);
});
