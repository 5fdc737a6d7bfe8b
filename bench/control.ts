import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Member } from '../cli/demo/datacenter.ts';
import { leaderOf, targetStatus, until } from '../cli/demo/status.ts';
import { NEVER } from './datacenters.ts';
import {
  areAssigned,
  areRunning,
  bothTold,
  createCollections,
  measureCommand,
  type Pair,
  type Side,
  startSync,
  withPair,
} from './pair.ts';
import { type ProcessFigures, processFigures } from './process-figures.ts';
import { type Measurement, reportMeasurements } from './report.ts';

const ASSIGNED_TIMEOUT_MS = 300_000;
const RUNNING_TIMEOUT_MS = 600_000;
const TAKEOVER_TIMEOUT_MS = 60_000;
/** Of the whole stop, with the comparison of every shard behind the barrier. */
const STOP_TIMEOUT = '10m';
/** Between the last shard that begins to run and the measurement of what is at rest, and its length. */
const SETTLE_MS = 10_000;
const REST_MS = 20_000;
const MIB = 1_024 * 1_024;

/**
 * Many shards, empty, between two embedded clusters, with masters and workers as processes of their own: what they cost
 * the control plane. Times from `configure sync` until every task has a worker, and until every shard runs; what the
 * leaders hold in memory and use at rest; what was appended to the logs; and the time from `kill -9` of the target's
 * leader until the next one leads, and until that one tells the status of every shard.
 */
export async function run({ json, shards: counts }: { json: boolean; shards: readonly number[] }): Promise<void> {
  const results: Measurement[] = [];
  for (const shards of counts) results.push(...(await measure(shards)));
  reportMeasurements('control', results, json);
}

async function measure(shards: number): Promise<Measurement[]> {
  return await withPair(async (pair) => {
    await createCollections(pair.source.database, shards);
    const startedAt = performance.now();
    const seconds = () => (performance.now() - startedAt) / 1_000;
    await startSync(pair);
    await bothTold('giving every task to a worker', ASSIGNED_TIMEOUT_MS, pair, (state) => areAssigned(state, shards));
    const assignedS = seconds();
    await bothTold('running every shard', RUNNING_TIMEOUT_MS, pair, (state) => areRunning(state, shards));
    const runningS = seconds();
    const atRest = await measureRest(pair);
    const takeover = await measureTakeover(pair, shards);
    const getStatusS = await measureCommand(pair, ['get', 'status', '-v']);
    const stopS = await measureCommand(pair, ['stop', 'sync', `--timeout=${STOP_TIMEOUT}`]);
    return [
      ['assigned_s', assignedS, 's'],
      ['running_s', runningS, 's'],
      ...takeover,
      ['get_status_s', getStatusS, 's'],
      ['stop_s', stopS, 's'],
      ...workerFigures('target', pair.target, atRest.target),
      ...workerFigures('source', pair.source, atRest.source),
      ...figures('target', pair.target, atRest.target),
      ...figures('source', pair.source, atRest.source),
    ].map(([metric, value, unit]) => ({ case: `${shards} shards`, metric, value, unit }) as Measurement);
  });
}

interface AtRest {
  readonly figures: ProcessFigures;
  /** Of one core. */
  readonly cpuPercent: number;
  /** Of all workers together. */
  readonly workersCpuPercent: number;
  /** Of the largest worker. */
  readonly workerResidentBytes: number;
}

async function measureRest({ source, target }: Pair): Promise<{ source: AtRest; target: AtRest }> {
  await sleep(SETTLE_MS);
  const look = async (side: Side) => {
    const members = [await leader(side), ...side.datacenter.workers];
    return Promise.all(members.map((member) => processFigures(member, side.datacenter.masterSecret)));
  };
  const before = await Promise.all([look(source), look(target)]);
  const startedAt = performance.now();
  await sleep(REST_MS);
  const after = await Promise.all([look(source), look(target)]);
  const elapsedS = (performance.now() - startedAt) / 1_000;
  const rest = (one: readonly ProcessFigures[], two: readonly ProcessFigures[]): AtRest => {
    const percent = two.map(({ cpuS }, index) => (100 * (cpuS - (one[index]?.cpuS ?? 0))) / elapsedS);
    const [own = 0, ...workers] = percent;
    const [figures, ...ofWorkers] = two;
    if (figures === undefined) throw new Error('the leader was looked at');
    return {
      figures,
      cpuPercent: own,
      workersCpuPercent: workers.reduce((sum, each) => sum + each, 0),
      workerResidentBytes: Math.max(...ofWorkers.map(({ residentBytes }) => residentBytes)),
    };
  };
  return { source: rest(before[0], after[0]), target: rest(before[1], after[1]) };
}

async function leader({ datacenter, masters }: Side): Promise<Member> {
  const endpoint = await leaderOf(masters);
  const found = datacenter.masters.find((master) => master.endpoint === endpoint);
  if (found === undefined) throw new Error(`no leader in ${datacenter.name}`);
  return found;
}

async function measureTakeover({ target }: Pair, shards: number) {
  const victim = await leader(target);
  const { term } = (await target.log.readOn()).leadership;
  await victim.process.kill();
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1_000;
  const leads = async () => (await target.log.readOn()).leadership.term;
  await until('a new leader', TAKEOVER_TIMEOUT_MS, NEVER, leads, (now) => now > term);
  const claimedS = seconds();
  const tells = async () => (await targetStatus(target.masters)).running;
  await until('the new leader telling the status', TAKEOVER_TIMEOUT_MS, NEVER, tells, (running) => running >= shards);
  return [
    ['new_leader_s', claimedS, 's'],
    ['new_leader_tells_s', seconds(), 's'],
  ] as const;
}

/** What the workers use at rest, and what they wrote into their logs in all. */
function workerFigures(name: string, { datacenter: { workers } }: Side, atRest: AtRest) {
  const lines = workers.map(({ process: { logFile } }) => readFileSync(logFile, 'utf8').split('\n').length - 1);
  return [
    [`${name}_worker_rss_mib`, atRest.workerResidentBytes / MIB, 'MiB'],
    [`${name}_workers_cpu_percent`, atRest.workersCpuPercent, '%'],
    [`${name}_workers_log_lines`, lines.reduce((sum, each) => sum + each, 0), ''],
  ] as const;
}

function figures(
  name: string,
  { log: { appended } }: Side,
  { figures: { residentBytes, heapBytes }, cpuPercent }: AtRest,
) {
  return [
    [`${name}_rss_mib`, residentBytes / MIB, 'MiB'],
    [`${name}_heap_mib`, heapBytes / MIB, 'MiB'],
    [`${name}_cpu_percent`, cpuPercent, '%'],
    [`${name}_events`, appended.events, ''],
    [`${name}_commits`, appended.commits, ''],
    [`${name}_log_mib`, appended.bytes / MIB, 'MiB'],
  ] as const;
}
