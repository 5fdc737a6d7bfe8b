import { afterEach, expect, test } from 'vitest';
import { BothEnds } from '../../src/wire/both-ends.ts';
import { writeAsRoot } from './support/as-root.ts';
import { eventually } from './support/eventually.ts';
import type { Side } from './support/pair.ts';
import { type Sites, startSites } from './support/sites.ts';

const SINGLE = { masters: 1, workers: 1, dbServers: 0, coordinators: 0 };
const DATABASE = 'shop';
const BARRIER = '/_api/sync/barrier';

let three: Sites | undefined;
afterEach(async () => {
  await three?.stop();
  three = undefined;
});

/** The running ones. */
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

const arrives = (at: Side, key: string) => eventually(`${key} arriving`, 60_000, () => has(at, key));

async function started(): Promise<readonly [Side, Side, Side]> {
  three = await startSites({ a: SINGLE, b: SINGLE, c: SINGLE });
  const { front } = side(0).database;
  await front.json({ method: 'POST', path: '/_api/database', body: { name: DATABASE } });
  await front.json({ method: 'POST', database: DATABASE, path: '/_api/collection', body: { name: 'goods' } });
  expect(await write(side(0), 'first')).toBe(true);
  return [side(0), side(1), side(2)];
}

const statusOf = (at: Side): Promise<BothEnds> =>
  at.masters.ask({ method: 'GET', path: '/_api/sync/both?details=full' }, BothEnds);

const isReadOnly = async (at: Side) => !(await write(at, `probe${Math.random()}`));

test("S9: one target's stop does not lift another's barrier, and one target alone can be aborted", {
  timeout: 180_000,
}, async () => {
  const [a, b, c] = await started();
  await Promise.all([sites().configure(a, b), sites().configure(a, c)]);
  await Promise.all([arrives(b, 'first'), arrives(c, 'first')]);
  expect((await statusOf(a)).outgoing).toHaveLength(2);
  // Workers tell the two ends one after the other.
  await eventually('the source telling the target that all is sent', 60_000, async () => {
    const { otherEnd } = await statusOf(b);
    return otherEnd !== undefined && 'outgoing' in otherEnd && otherEnd.outgoing.status === 'running';
  });

  await b.masters.tell({ method: 'POST', path: BARRIER });
  await eventually('the source being read-only', 60_000, () => isReadOnly(a));
  const stopped = await sites().command(['stop', 'sync'], c);
  expect(stopped).toMatchObject({ exit: 0 });
  expect(await write(c, 'own')).toBe(true);
  expect(await isReadOnly(a)).toBe(true);
  expect((await statusOf(a)).outgoing).toMatchObject([{ active_barrier: true }]);
  await b.masters.tell({ method: 'DELETE', path: BARRIER });
  await eventually('the source being writable', 60_000, () => write(a, `after${Math.random()}`));

  await sites().configure(a, c);
  await eventually('both following', 60_000, async () => (await statusOf(a)).outgoing?.length === 2);
  const idOfB = b.database.id;
  expect(await sites().command(['abort', 'outgoing', 'sync', `--target=${idOfB}`], a)).toMatchObject({ exit: 0 });
  expect((await statusOf(a)).outgoing).toMatchObject([{ id: c.database.id }]);
  await eventually('the aborted target saying so', 60_000, async () => (await statusOf(b)).status === 'failed');
  await write(a, 'for-c');
  await arrives(c, 'for-c');
});

test('a chain: what the middle applies reaches the end, also through a pause and a stop behind a barrier', {
  timeout: 240_000,
}, async () => {
  const [a, b, c] = await started();
  await sites().configure(a, b);
  await arrives(b, 'first');
  await sites().configure(b, c);
  await arrives(c, 'first');
  await write(a, 'through');
  await arrives(c, 'through');
  expect(await isReadOnly(b)).toBe(true);
  const middle = await statusOf(b);
  expect(middle.source).toHaveLength(1);
  expect(middle.outgoing).toMatchObject([{ id: c.database.id }]);
  const loop = `${a.database.id} → ${b.database.id} → ${c.database.id} → ${a.database.id}`;
  await eventually('the loop being refused', 60_000, async () => {
    const { exit, output } = await sites().tryConfigure(c, a);
    if (exit === 0) throw new Error(`it was not refused: ${output}`);
    return output.includes(loop);
  });

  const paused = await sites().command(['pause', 'sync', '--keep-log=2h'], b);
  expect(paused.output).toMatch(/Synchronization paused\.\nPaused since \S+; /);
  await eventually('the source keeping its log from where workers ended', 60_000, async () => {
    return /Paused since .*; the source keeps its log until/.test((await sites().command(['get', 'status'], b)).output);
  });
  await eventually('nothing being received', 60_000, async () => (await statusOf(b)).shardsCount === 0);
  await write(a, 'while-paused');
  const tasks = await sites().command(['get', 'status'], a);
  expect(tasks.output).toContain('Paused since');
  expect(await sites().command(['stop', 'sync', '--timeout=5s'], b)).toMatchObject({
    exit: 1,
    output: expect.stringContaining('arangosync resume sync'),
  });
  expect(await has(b, 'while-paused')).toBe(false);
  const before = (await b.events()).length;
  expect(await sites().command(['resume', 'sync'], b)).toMatchObject({ exit: 0 });
  await arrives(b, 'while-paused');
  await arrives(c, 'while-paused');
  await eventually('every shard running', 60_000, async () => (await statusOf(b)).status === 'running');
  expect(await waysSince(b, before)).toEqual(new Set(['tail']));

  // The middle applies nothing while the end catches up, so that the end has what the middle has.
  const stopped = await sites().command(['stop', 'sync'], c);
  expect(stopped, stopped.output).toMatchObject({ exit: 0 });
  await write(a, 'after-stop');
  await arrives(b, 'after-stop');
  expect(await has(c, 'after-stop')).toBe(false);
  expect(await write(c, 'own')).toBe(true);
});

/** How shards that were received got where they are, as far as events behind a position tell. */
async function waysSince(at: Side, position: number): Promise<ReadonlySet<string>> {
  const commits = (await at.events()).slice(position);
  const ways = new Set<string>();
  for (const { type, data } of commits.flatMap(({ events }) => events)) {
    if (type !== 'ShardStatesChanged' || (data as { targetId?: string }).targetId !== undefined) continue;
    for (const { way, status } of (data as { changes: { way: string; status: string }[] }).changes) {
      if (status === 'running') ways.add(way);
    }
  }
  return ways;
}
