import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Terminal } from '../command.ts';
import { formatDuration } from '../duration.ts';
import { CommandFailed } from '../errors.ts';
import type { MasterClient } from '../master-client.ts';
import type { ServerLine } from '../server-versions.ts';
import { loadDataSet } from './data-set.ts';
import { connectDatabase, countDocuments, createStructure, DATABASE, loadDocuments } from './database.ts';
import { type Datacenter, DEMO_SIZE, makeAuthorities, newSecrets, startDatacenter } from './datacenter.ts';
import { type DemoProcess, runCommand, stopAll } from './processes.ts';
import { type Phase, type Progress, showProgress } from './progress.ts';
import { leaderOf, mastersOf, type TargetStatus, targetStatus, until } from './status.ts';
import { makeTraffic, type Traffic } from './traffic.ts';

const READY_TIMEOUT_MS = 30_000;
const COPY_TIMEOUT_MS = 90_000;
const RECOVERY_TIMEOUT_MS = 20_000;
const SETTLE_TIMEOUT_MS = 30_000;
const TRAFFIC_MS = 10_000;
const KILL_WORKER_AFTER_MS = 2_000;
const KILL_LEADER_AFTER_MS = 4_000;
/** A lag below this with nothing more written means that the target has caught up; the comparison decides. */
const SETTLED_LAG_MS = 1_000;

export interface DemoOptions {
  /** Everything stays running in the end. */
  readonly keep: boolean;
  /** Version that the embedded servers answer as. */
  readonly serverVersion: ServerLine;
}

/**
 * Shows two datacenters on this machine, one following the other through a killed worker and a killed leader. Resolves
 * with the exit code: 0 when the comparison in the end finds everything equal. Leaves nothing running, unless `keep`.
 */
export async function runDemo(terminal: Terminal, { keep, serverVersion }: DemoOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'arangosync-demo-'));
  const processes: DemoProcess[] = [];
  const progress = showProgress(terminal);
  let demo: Demo | undefined;
  let failed = true;
  try {
    demo = await startBoth(folder, serverVersion, processes, progress);
    await replicate(demo, terminal, progress);
    failed = false;
    if (keep) await stayUp(demo, terminal);
    return 0;
  } finally {
    progress.stop();
    await demo?.targetMasters.close();
    await stopAll(processes);
    if (failed) terminal.err(`The logs of all processes are in ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

interface Demo {
  readonly source: Datacenter;
  readonly target: Datacenter;
  readonly folder: string;
  readonly tlsCa: string;
  readonly targetMasters: MasterClient;
}

async function startBoth(
  folder: string,
  serverVersion: ServerLine,
  processes: DemoProcess[],
  progress: Progress,
): Promise<Demo> {
  progress.say(
    'Starting two datacenters, each with an embedded cluster (3 DB-Servers, 2 coordinators), 3 masters, 2 workers',
  );
  const authorities = makeAuthorities(folder);
  const size = { ...DEMO_SIZE, serverVersion };
  const started = (process: DemoProcess) => void processes.push(process);
  const start = (name: string) => startDatacenter(name, folder, authorities, newSecrets(), size, started);
  const [source, target] = await Promise.all([start('source'), start('target')]);
  const tlsCa = authorities.tls.certificate;
  const targetMasters = mastersOf(target, tlsCa);
  const sourceMasters = mastersOf(source, tlsCa);
  const never = new AbortController().signal;
  for (const masters of [sourceMasters, targetMasters]) {
    await until(
      'electing a leader',
      READY_TIMEOUT_MS,
      never,
      () => leaderOf(masters),
      (leader) => leader !== undefined,
    );
  }
  await sourceMasters.close();
  return { source, target, folder, tlsCa, targetMasters };
}

async function replicate(demo: Demo, terminal: Terminal, progress: Progress): Promise<void> {
  const startedAt = performance.now();
  const flights = await loadSource(demo, progress);
  const copiedAt = performance.now();
  await configure(demo, progress);
  const copied = await watchCopy(demo, terminal, progress);
  const copyMs = performance.now() - copiedAt;
  const sums = await disturb(demo, terminal, progress, flights);
  await watchCatchUp(demo, terminal, progress);
  progress.stop();
  terminal.out(await compare(demo));
  for (const datacenter of [demo.source, demo.target]) {
    terminal.out(`Event log of the ${datacenter.name}: ${await verifyLog(demo, datacenter)}`);
  }
  terminal.out(
    `Copied ${copied} documents in ${formatDuration(copyMs)}; then ${sums.inserted} inserts, ${sums.updated} updates and ` +
      `${sums.removed} removals followed, through a killed worker and a killed leader. ${formatDuration(performance.now() - startedAt)} in all.`,
  );
}

/** Loads the data set into the source; resolves with the number of flights. */
async function loadSource({ source }: Demo, progress: Progress): Promise<number> {
  const data = await loadDataSet();
  const total = data.airports.length + data.flights.length;
  const phase = progress.phase('Load source', total);
  const system = connectDatabase(source, '_system');
  const database = await createStructure(system);
  const startedAt = performance.now();
  await loadDocuments(database, data, (count) => phase.update(count, rate(count, startedAt)));
  phase.finish(`${total} documents, ${rate(total, startedAt)}`);
  database.close();
  system.close();
  return data.flights.length;
}

function rate(documents: number, sinceMs: number): string {
  return `${Math.round((1_000 * documents) / Math.max(performance.now() - sinceMs, 1))} documents/s`;
}

async function configure(demo: Demo, progress: Progress): Promise<void> {
  const { source, target, folder } = demo;
  const { exit, output } = await ask(
    demo,
    target,
    ...['configure', 'sync', `--master.keyfile=${join(folder, 'client-auth.keyfile')}`],
    `--source.endpoint=${source.masters.map(({ endpoint }) => endpoint).join(',')}`,
    `--source.cacert=${join(folder, 'tls-ca.crt')}`,
  );
  if (exit !== 0) throw new CommandFailed(`configure sync failed: ${output}`);
  progress.say(output);
}

/** Shows the initial copy until every shard runs; resolves with the number of documents on the target. */
async function watchCopy(demo: Demo, terminal: Terminal, progress: Progress): Promise<number> {
  const total = await countDocuments(demo.source);
  const phase = progress.phase('Initial copy', total);
  const startedAt = performance.now();
  await until(
    'the initial copy',
    COPY_TIMEOUT_MS,
    terminal.interrupted,
    async () => {
      const [documents, status] = await Promise.all([countDocuments(demo.target), targetStatus(demo.targetMasters)]);
      if (status.failed.length > 0) progress.say(`failed shards: ${status.failed.join('; ')}`);
      phase.update(
        documents,
        `${documents}/${total} documents, ${status.running}/${status.total} shards, ${rate(documents, startedAt)}`,
      );
      return { documents, ...status };
    },
    ({ documents, status, shards, running, total: all }) =>
      documents === total && status === 'running' && all > 0 && shards === all && running === all,
  );
  phase.finish(`${total} documents, ${rate(total, startedAt)}`);
  return total;
}

/** Writes for ten seconds, kills a worker and the leader of the target meanwhile, and shows the lag. */
async function disturb(demo: Demo, terminal: Terminal, progress: Progress, flights: number): Promise<Traffic> {
  const phase = progress.phase('Live changes', TRAFFIC_MS);
  const startedAt = performance.now();
  const stop = AbortSignal.any([AbortSignal.timeout(TRAFFIC_MS), terminal.interrupted]);
  const database = connectDatabase(demo.source);
  let target = 'lag unknown';
  let sums: Traffic = { inserted: 0, updated: 0, removed: 0 };
  const show = () => phase.update(performance.now() - startedAt, `${rate(operations(sums), startedAt)}, ${target}`);
  const lagWatch = watchLag(demo, stop, (text) => {
    target = text;
    show();
  });
  const kills = killOnTheWay(demo, progress, stop);
  const result = await makeTraffic(database, flights, stop, (now) => {
    sums = now;
    show();
  });
  await Promise.all([lagWatch, kills]);
  phase.finish(`${operations(result)} operations, ${target}`);
  database.close();
  return result;
}

function operations({ inserted, updated, removed }: Traffic): number {
  return inserted + updated + removed;
}

async function watchLag({ targetMasters }: Demo, stop: AbortSignal, show: (text: string) => void): Promise<void> {
  while (!stop.aborted) {
    const status = await targetStatus(targetMasters).catch(() => undefined);
    show(status === undefined ? 'lag unknown' : shardsAndLag(status));
    await sleep(500, undefined, { signal: stop }).catch(() => {});
  }
}

function shardsAndLag({ running, total, lagMs }: TargetStatus): string {
  return `${running}/${total} shards, lag ${lagMs === undefined ? 'unknown' : formatDuration(lagMs)}`;
}

/**
 * Shows how the target comes up to date after the last write: the lag of a shard is unknown until its new worker has
 * heard from the source.
 */
async function watchCatchUp(demo: Demo, terminal: Terminal, progress: Progress): Promise<void> {
  let phase: Phase | undefined;
  const settled = await until(
    'catching up after the last write',
    SETTLE_TIMEOUT_MS,
    terminal.interrupted,
    async () => {
      const status = await targetStatus(demo.targetMasters);
      phase ??= progress.phase('Catch up', status.total);
      phase.update(status.running, shardsAndLag(status));
      return status;
    },
    ({ status, lagMs }) => status === 'running' && lagMs !== undefined && lagMs < SETTLED_LAG_MS,
  );
  phase?.finish(shardsAndLag(settled));
}

async function killOnTheWay(demo: Demo, progress: Progress, stop: AbortSignal): Promise<void> {
  const [victim] = demo.target.workers;
  await sleep(KILL_WORKER_AFTER_MS, undefined, { signal: stop });
  await victim?.process.kill();
  progress.say(`Killed ${victim?.process.name} (pid ${victim?.process.pid})`);
  await sleep(KILL_LEADER_AFTER_MS - KILL_WORKER_AFTER_MS, undefined, { signal: stop });
  const leader = await leaderOf(demo.targetMasters);
  const member = demo.target.masters.find(({ endpoint }) => endpoint === leader);
  if (member === undefined)
    throw new CommandFailed(`the target's leader ${leader ?? '(none)'} is none of the demo's masters`);
  await member.process.kill();
  progress.say(`Killed ${member.process.name} (pid ${member.process.pid}), which led the target`);
  const killedAt = performance.now();
  const successor = await until(
    'another master taking over',
    RECOVERY_TIMEOUT_MS,
    new AbortController().signal,
    () => leaderOf(demo.targetMasters),
    (now) => now !== undefined && now !== leader,
  );
  const process = demo.target.masters.find(({ endpoint }) => endpoint === successor)?.process;
  progress.say(
    `${process?.name ?? successor} leads since ${formatDuration(performance.now() - killedAt)} after the kill`,
  );
}

async function compare(demo: Demo): Promise<string> {
  const { exit, output } = await ask(demo, demo.target, 'check', 'sync');
  if (exit !== 0) throw new CommandFailed(`check sync found differences (exit code ${exit}):\n${output}`);
  return output;
}

/** Verifies the chain, the invariants and the snapshots of a datacenter's log. */
async function verifyLog(demo: Demo, datacenter: Datacenter): Promise<string> {
  const { exit, output } = await ask(demo, datacenter, 'events', 'verify');
  if (exit !== 0) throw new CommandFailed(`the event log of the ${datacenter.name} does not verify:\n${output}`);
  return output;
}

/** Runs a command at the masters of a datacenter, as root. */
async function ask({ folder }: Demo, { masters, rootPassword }: Datacenter, ...words: readonly string[]) {
  const endpoints = masters.map(({ endpoint }) => endpoint).join(',');
  const options = [`--master.endpoint=${endpoints}`, `--master.cacert=${join(folder, 'tls-ca.crt')}`];
  const { exit, output } = await runCommand([...words, ...options, '--auth.user=root'], {
    ARANGOSYNC_AUTH_PASSWORD: rootPassword,
  });
  return { exit, output: output.trim() };
}

/** Prints what a person may try, and waits for Ctrl-C. */
async function stayUp({ source, target, folder }: Demo, terminal: Terminal): Promise<void> {
  for (const { name, endpoints, masters, rootPassword } of [source, target]) {
    terminal.out(
      `\n${name}: ArangoDB at ${endpoints.join(', ')} (user root, password ${rootPassword}, database ${DATABASE})`,
    );
    terminal.out(
      `  npm run arangosync -- get status -v --master.cacert=${join(folder, 'tls-ca.crt')} --auth.user=root \\`,
    );
    terminal.out(
      `    --auth.password=${rootPassword} --master.endpoint=${masters.map(({ endpoint }) => endpoint).join(',')}`,
    );
  }
  terminal.out('\nPress Ctrl-C to stop everything.');
  if (!terminal.interrupted.aborted) {
    await new Promise((resolve) => terminal.interrupted.addEventListener('abort', resolve, { once: true }));
  }
}
