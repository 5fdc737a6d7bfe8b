import { afterEach, expect, test } from 'vitest';
import { targetStatus } from '../../cli/demo/status.ts';
import { WorkerList } from '../../src/wire/cluster-members.ts';
import { compareDeployments } from './support/compare.ts';
import { copiesOf, suspectedOf } from './support/copies.ts';
import { eventually } from './support/eventually.ts';
import { Members } from './support/members.ts';
import { type Pair, type Side, startPair } from './support/pair.ts';
import { Workload } from './support/workload.ts';

const SIZE = { masters: 2, workers: 2, dbServers: 3, coordinators: 2 };
/** What the documentation gives a worker to hand its tasks over. */
const DRAIN_LIMIT_MS = 45_000;
const DOCUMENTS = 20_000;

let pair: Pair;
let workload: Workload;
afterEach(() => pair?.stop());

/** Every shard runs, and every worker of both sides is there: as an operator looks before the next restart. */
async function allRuns(): Promise<void> {
  for (const side of [pair.source, pair.target]) {
    await eventually(`every worker of the ${side.datacenter.name}`, 60_000, async () => {
      const { workers } = await side.masters.ask({ method: 'GET', path: '/_api/worker' }, WorkerList);
      return workers.length === SIZE.workers;
    });
  }
  await eventually('every shard running', 60_000, async () => {
    const { status, running, total } = await targetStatus(pair.target.masters);
    return status === 'running' && total >= workload.shards && running === total;
  });
}

async function restartDatabase(side: Side): Promise<void> {
  for (const server of await side.database.dbServers()) {
    await side.control('restart', { server: server.id });
    await allRuns();
  }
}

test('every process of both datacenters is restarted under load, and nothing is lost or copied again', {
  timeout: 300_000,
}, async () => {
  pair = await startPair(SIZE);
  workload = new Workload(pair.source.database, 29);
  await workload.create({ databases: 2, collections: 6 });
  await workload.load(DOCUMENTS);
  await pair.configure();
  await allRuns();
  const copies = await copiesOf(pair.target);

  const stop = new AbortController();
  const writing = workload.mix(stop.signal);
  const codes: (number | undefined)[] = [];
  try {
    for (const side of [pair.source, pair.target]) {
      codes.push(...(await new Members(side).restartAll(DRAIN_LIMIT_MS, allRuns)));
      await restartDatabase(side);
    }
  } finally {
    stop.abort();
  }
  const operations = await writing;

  expect(codes).toEqual(codes.map(() => 0));
  expect(operations).toBeGreaterThan(0);
  await eventually('both sides being equal', 60_000, async () => {
    const { differences } = await compareDeployments(pair.source.database, pair.target.database);
    return differences.length === 0;
  });
  expect(await pair.command(['check', 'sync'], pair.target)).toMatchObject({ exit: 0 });
  const suspected = await suspectedOf(pair.target);
  const again = [...(await copiesOf(pair.target))].filter(
    ([shard, reasons]) => reasons.length !== copies.get(shard)?.length && !suspected.has(shard),
  );
  expect(again).toEqual([]);
  for (const side of [pair.source, pair.target]) {
    expect(await pair.command(['events', 'verify'], side)).toMatchObject({ exit: 0 });
  }
  console.log(`${codes.length} processes restarted during ${operations} operations; suspected: ${suspected.size}`);
});
