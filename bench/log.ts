import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startProcess } from '../cli/demo/processes.ts';
import { connectDeployment } from '../src/adapters/arangodb/deployment.ts';
import { openArangoLog } from '../src/adapters/arangodb/event-log.ts';
import { ArangoSnapshotStore } from '../src/adapters/arangodb/snapshots.ts';
import { createSyncCollections, SYNC_COLLECTIONS } from '../src/adapters/arangodb/sync-collections.ts';
import { commitHasher } from '../src/adapters/crypto/commit-hasher.ts';
import { readCommitTexts } from '../src/adapters/event-files/read-commits.ts';
import { writeCommits } from '../src/adapters/event-files/write-commits.ts';
import type { Commit, EventLog } from '../src/events/log.ts';
import { StreamLog } from '../src/events/stream-log.ts';
import { ControlPlane } from '../src/projections/control-state.ts';
import { loadControlPlane } from '../src/projections/load.ts';
import type { ArangoServer } from '../src/replication/arango.ts';
import { type Grouping, logOf } from './log-events.ts';
import { type Measurement, reportMeasurements } from './report.ts';
import { withFolder } from './with-folder.ts';

const SECRET = 'the secret of the benchmark';
const MIB = 1_024 * 1_024;
const COMMITS_PER_READ = 512;
const BULK = 1_000;
/** A leader keeps a snapshot every so many commits: a start replays this many at most. */
const BEHIND_SNAPSHOT = 500;

/** A report brings one event; assignments, structure and both sides of a chain bring more at once. */
const GROUPED: Grouping = [1, 2, 4, 8];
const SINGLE: Grouping = [1];

/**
 * A log of a million events: how fast it is replayed, every commit read, verified against its keyed hash and folded; what
 * of it stays in memory; and how long a master needs to start beside it when there is a snapshot.
 */
export async function run({ json, events }: { json: boolean; events: number }): Promise<void> {
  await withFolder(async (folder) => {
    const results = [
      ...(await replayFile(folder, `${events / 10} events, 1 to 8 per commit`, events / 10, GROUPED)),
      ...(await replayFile(folder, `${events} events, 1 to 8 per commit`, events, GROUPED)),
      ...(await replayFile(folder, `${events} events, 1 per commit`, events, SINGLE)),
      ...(await beside(folder, `${events} events in a database`, events)),
    ];
    reportMeasurements('log', results, json);
  });
}

async function replayFile(folder: string, name: string, events: number, grouping: Grouping): Promise<Measurement[]> {
  const path = join(folder, 'events.jsonl');
  await writeCommits(path, toAsync(logOf(events, grouping, commitHasher([SECRET]))));
  const usedBefore = process.cpuUsage();
  const startedAt = performance.now();
  const plane = await replay(StreamLog.ofTexts(readCommitTexts([path]), commitHasher([SECRET])));
  const elapsedS = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(usedBefore);
  const heap = heapBytes();
  if (plane.state.shards.byKey.size === 0) throw new Error('the replay led to nothing');
  return [
    { case: name, metric: 'replay_events_per_s', value: events / elapsedS, unit: '' },
    { case: name, metric: 'replay_cpu_us_per_event', value: (user + system) / events, unit: 'us' },
    { case: name, metric: 'heap_mib', value: heap / MIB, unit: 'MiB' },
  ];
}

async function replay(log: Pick<EventLog, 'read'>): Promise<ControlPlane> {
  const plane = new ControlPlane();
  for (;;) {
    const commits = await log.read(plane.head, COMMITS_PER_READ);
    if (commits.length === 0) return plane;
    plane.applyAll(commits);
  }
}

/** The embedded server in a process of its own holds the log and a snapshot, as a leader left them. */
async function beside(folder: string, name: string, events: number): Promise<Measurement[]> {
  const server = startProcess('embedded', ['embedded', '--mode=single', '--output=json'], folder);
  try {
    const { endpoints } = JSON.parse(await server.line((line) => line.startsWith('{'), 20_000));
    const deployment = await connectDeployment({ endpoints, credentials: { kind: 'none' }, verify: false });
    try {
      const { front } = deployment;
      await createSyncCollections(front);
      const snapshots = new ArangoSnapshotStore(front, commitHasher([SECRET], 'snapshots'));
      await store(front, logOf(events, GROUPED, commitHasher([SECRET])), snapshots);
      const startedAt = performance.now();
      const plane = await loadControlPlane(openArangoLog(front, commitHasher([SECRET])), snapshots);
      const elapsedS = (performance.now() - startedAt) / 1_000;
      if (plane.state.shards.byKey.size === 0) throw new Error('the start led to nothing');
      return [{ case: name, metric: 'start_with_snapshot_s', value: elapsedS, unit: 's' }];
    } finally {
      await deployment.close();
    }
  } finally {
    await server.stop();
  }
}

/** Puts commits where a log has them, and a snapshot of all but the newest. */
async function store(front: ArangoServer, commits: Iterable<Commit>, snapshots: ArangoSnapshotStore): Promise<void> {
  const plane = new ControlPlane();
  const newest: Commit[] = [];
  let batch: object[] = [];
  const insert = async () => {
    const path = `/_api/document/${SYNC_COLLECTIONS.events}`;
    await front.json({ method: 'POST', path, query: { silent: true }, body: batch });
    batch = [];
  };
  for (const commit of commits) {
    batch.push({ _key: String(commit.position).padStart(16, '0'), ...commit });
    newest.push(commit);
    if (batch.length === BULK) await insert();
    if (newest.length === BEHIND_SNAPSHOT + BULK) plane.applyAll(newest.splice(0, BULK));
  }
  if (batch.length > 0) await insert();
  plane.applyAll(newest.slice(0, -BEHIND_SNAPSHOT));
  const snapshot = plane.snapshot();
  if (snapshot === undefined) throw new Error('the benchmark wrote events that are not known');
  await snapshots.save(snapshot);
}

async function* toAsync<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is alive on the heap: the program itself, and what the replay led to. */
function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
