import { afterAll, afterEach, expect, test } from 'vitest';
import { BothEnds } from '../../src/wire/both-ends.ts';
import type { ShardSyncInfo } from '../../src/wire/sync-info.ts';
import { writeAsRoot } from './support/as-root.ts';
import { eventually } from './support/eventually.ts';
import { Members } from './support/members.ts';
import type { Side } from './support/pair.ts';
import { type Sites, startSites } from './support/sites.ts';

const SINGLE = { masters: 1, workers: 1, dbServers: 0, coordinators: 0 };
const DATABASE = 'shop';
/** Above it an age is not that of a shard that is up to date: the machine is shared, and commands take their time. */
const SMALL_NS = 4_000_000_000;
const NS_PER_S = 1_000_000_000;

const rows: string[][] = [['situation', 'status', 'delay', 'log behind', 'log kept']];
let three: Sites | undefined;
afterEach(async () => {
  await three?.stop();
  three = undefined;
});
afterAll(() => {
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  console.log(rows.map((row) => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ')).join('\n'));
});

const sites = (): Sites => {
  if (three === undefined) throw new Error('the datacenters have not started');
  return three;
};
const side = (index: number): Side => {
  const found = sites().sites[index];
  if (found === undefined) throw new Error(`there is no datacenter ${index}`);
  return found;
};
const write = (to: Side, key: string) => writeAsRoot(to, DATABASE, 'goods', { _key: key });

async function has({ database }: Side, key: string): Promise<boolean> {
  const path = `/_api/document/goods/${key}`;
  return (await database.front.request({ method: 'HEAD', database: DATABASE, path })).status === 200;
}

type Goods = Pick<ShardSyncInfo, 'status' | 'delay' | 'log_behind_bytes' | 'log_kept'>;

/** What `get status` says of the shard of `goods`, as both ends tell. */
async function shownAt(at: Side): Promise<Goods> {
  const info = await at.masters.ask({ method: 'GET', path: '/_api/sync/both?details=full' }, BothEnds);
  const isGoods = ({ database, collection }: ShardSyncInfo) => database === DATABASE && collection === 'goods';
  const here = info.shards?.find(isGoods);
  const { otherEnd } = info;
  const there = otherEnd !== undefined && 'outgoing' in otherEnd ? otherEnd.outgoing.shards?.find(isGoods) : undefined;
  if (here === undefined) throw new Error(`no shard of goods is shown: ${JSON.stringify(info)}`);
  const kept = there?.log_kept ?? here.log_kept;
  return { ...here, ...(kept === undefined ? {} : { log_kept: kept }) };
}

async function shows(situation: string, at: Side, fits: (shown: Goods) => boolean): Promise<void> {
  let last: Goods | undefined;
  await eventually(situation, 60_000, async () => {
    last = await shownAt(at);
    if (!fits(last)) throw new Error(JSON.stringify(last));
    return true;
  });
  const { status, delay, log_behind_bytes: behind, log_kept: kept } = last ?? { status: 'inactive' };
  rows.push([
    situation,
    status,
    delay === undefined ? 'unknown' : `${(delay / NS_PER_S).toFixed(1)} s`,
    behind === undefined ? 'unknown' : `${behind} B`,
    kept === undefined ? 'unknown' : `${kept.state}${kept.until === undefined ? '' : ` until ${kept.until}`}`,
  ]);
}

const isSmall = ({ status, delay }: Goods) => status === 'running' && delay !== undefined && delay < SMALL_NS;
const isUpToDate = (shown: Goods) => isSmall(shown) && shown.log_kept?.state === 'kept';

test('what is shown of lag in every situation is true, or unknown', { timeout: 300_000 }, async () => {
  three = await startSites({ a: SINGLE, b: SINGLE, c: SINGLE });
  const [a, b, c] = [side(0), side(1), side(2)];
  const { front } = a.database;
  await front.json({ method: 'POST', path: '/_api/database', body: { name: DATABASE } });
  await front.json({ method: 'POST', database: DATABASE, path: '/_api/collection', body: { name: 'goods' } });
  expect(await write(a, 'first')).toBe(true);
  await sites().configure(a, b);
  await sites().configure(b, c);
  await eventually('the first document arriving', 60_000, () => has(c, 'first'));
  await shows('idle', b, isUpToDate);
  await shows('idle, behind the middle of a chain', c, isUpToDate);
  await eventually('the table showing the same', 60_000, async () => {
    const { output } = await sites().command(['get', 'status', '--verbose'], b);
    if (!/goods\s+0\s+running\s+\d+(ms|\.\d+s)\s+~\d+ B\s+while read/.test(output)) throw new Error(output);
    return true;
  });

  const source = new Members(a);
  const target = new Members(b);
  const [sender] = source.workers;
  if (sender === undefined) throw new Error('the source has no worker');
  process.kill(sender.process.pid, 'SIGSTOP');
  expect(await write(a, 'unseen')).toBe(true);
  const writtenAt = performance.now();
  await shows("the source's worker is frozen", b, ({ delay = 0 }) => delay / NS_PER_S > 5);
  // What is shown was reported a moment ago: the next report may be the one that is young enough.
  await eventually('a delay since the write', 60_000, async () => {
    const sinceS = (performance.now() - writtenAt) / 1_000;
    const { delay = Number.POSITIVE_INFINITY } = await shownAt(b);
    return delay / NS_PER_S > sinceS - 1;
  });
  expect(await has(b, 'unseen')).toBe(false);
  process.kill(sender.process.pid, 'SIGCONT');
  await eventually('the document arriving', 60_000, () => has(b, 'unseen'));
  await shows('it goes on', b, isUpToDate);

  const [receiver] = target.workers;
  if (receiver === undefined) throw new Error('the target has no worker');
  process.kill(receiver.process.pid, 'SIGSTOP');
  await shows("the target's worker is frozen", b, ({ delay: shown = SMALL_NS }) => shown >= SMALL_NS);
  process.kill(receiver.process.pid, 'SIGCONT');
  await shows('it goes on again', b, isUpToDate);

  await target.killWorker(0);
  await shows("the target's worker was killed", b, isUpToDate);
  await target.killLeader();
  await shows("the target's master was killed", b, isUpToDate);
  await source.killLeader();
  await shows("the source's master was killed", b, isUpToDate);

  await b.masters.tell({ method: 'POST', path: '/_api/sync/barrier' });
  await eventually('the source being read-only', 60_000, async () => !(await write(a, `probe${Math.random()}`)));
  await shows('behind a barrier', b, isSmall);
  await b.masters.tell({ method: 'DELETE', path: '/_api/sync/barrier' });
  await eventually('the source being writable', 60_000, () => write(a, `after${Math.random()}`));

  expect(await sites().command(['pause', 'sync', '--keep-log=2h'], b)).toMatchObject({ exit: 0 });
  const isPaused = ({ status, delay: shown, log_kept: kept }: Goods) =>
    status === 'inactive' && shown === undefined && kept?.state === 'kept' && kept.until !== undefined;
  await shows('paused', b, isPaused);
  expect(await sites().command(['resume', 'sync'], b)).toMatchObject({ exit: 0 });
  await shows('resumed', b, isUpToDate);

  // The end of a link whose other datacenter is gone.
  for (const { process: each } of [...source.workers, ...source.masters]) process.kill(each.pid, 'SIGSTOP');
  const isCut = ({ delay: shown = 0, log_kept: kept }: Goods) => shown / NS_PER_S > 5 && kept === undefined;
  await shows('partitioned from the source', b, isCut).finally(() => {
    for (const { process: each } of [...source.workers, ...source.masters]) process.kill(each.pid, 'SIGCONT');
  });
  await shows('the partition is over', b, isUpToDate);
});
