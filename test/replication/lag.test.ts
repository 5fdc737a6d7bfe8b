import { afterAll, afterEach, expect, test } from 'vitest';
import { until } from './source/harness.ts';
import { LagPair, type Shown } from './support/lag-pair.ts';

/** Above it an age is not that of a shard that is up to date: the tests share their machine. */
const SMALL_MS = 10_000;
const HALF_HOUR_MS = 1_800_000;

const MINUTE_MS = 60_000;

const rows: string[][] = [];
let pair: LagPair;
afterEach(() => pair?.stop());
afterAll(() => {
  const table = [['situation', 'age', 'log behind', 'log kept'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  console.log(table.map((row) => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ')).join('\n'));
});

function note(situation: string, { ageMs, behindBytes, kept }: Shown): void {
  const age =
    ageMs === undefined
      ? 'unknown'
      : ageMs < MINUTE_MS
        ? `${Math.round(ageMs)} ms`
        : `${Math.round(ageMs / MINUTE_MS)} min`;
  rows.push([situation, age, behindBytes === undefined ? 'unknown' : `${behindBytes} B`, kept]);
}

const isSmall = ({ ageMs, status }: Shown) => status === 'running' && ageMs !== undefined && ageMs < SMALL_MS;
const isUnknown = ({ ageMs }: Shown) => ageMs === undefined;

async function upToDate(situation: string): Promise<void> {
  const key = situation.replaceAll(/\W/g, '-');
  await pair.write(key);
  await pair.arrives(key);
  note(situation, await pair.shows(situation, isSmall));
}

/** However long it is looked on, whatever is shown is small. */
async function staysSmall(what: string): Promise<void> {
  for (let look = 0; look < 50; look += 1) expect(await pair.look(), what).toSatisfy(isSmall);
}

test('a shard that nothing came for yet is of unknown age, while it is copied too, and then of a small one', async () => {
  pair = await LagPair.start();
  for (let number = 0; number < 50; number += 1) await pair.write(`before${number}`);
  pair.cut();
  await pair.follow();
  note('nothing has come yet', await pair.shows('nothing', isUnknown));
  const { control } = pair.target.embedded;
  const held = control.addFault({ method: 'POST', path: /_api\/document\/.*overwriteMode/, action: { kind: 'cut' } });
  pair.heal();
  note('copying', await pair.shows('copying', (shown) => shown.status === 'initial-sync' && isUnknown(shown)));
  held.remove();
  await upToDate('after the copy');
});

test('idle, busy, and after a restart of either worker and either server', async () => {
  pair = await LagPair.start();
  await pair.follow();
  await upToDate('idle');
  await staysSmall('an idle shard');
  await pair.moreMarkers(2);

  let isWriting = true;
  const writing = (async () => {
    for (let number = 0; isWriting; number += 1) await pair.write(`busy${number}`);
  })();
  for (let look = 0; look < 50; look += 1) await pair.look();
  note('busy', await pair.shows('busy', isSmall));
  isWriting = false;
  await writing;

  await pair.follow();
  note('the target worker has just started', await pair.look());
  await upToDate('the target worker was restarted');
  await pair.restartSource();
  await upToDate('the source worker was restarted');
  await pair.source.embedded.control.restart();
  await upToDate("the source's server was restarted");
  const unsynced = pair.target.embedded.control.addFault({
    path: /_api\/wal\/lastTick/,
    action: { kind: 'fail', status: 503, errorNum: 503 },
  });
  await pair.write('unsynced');
  await pair.arrives('unsynced');
  pair.cut();
  await pair.target.embedded.control.restart();
  unsynced.remove();
  note("the target's server has just restarted", await pair.shows('what may be lost is forgotten', isUnknown));
  pair.heal();
  await upToDate("the target's server was restarted");
  await pair.unfollow();
  note('nobody follows (paused)', await pair.shows('nothing', isUnknown));
});

test('a link that is cut: the age counts on, the bytes are unknown, and both are right again afterwards', async () => {
  pair = await LagPair.start();
  await pair.follow();
  await upToDate('before the cut');
  pair.cut();
  await pair.write('unseen');
  pair.pass(HALF_HOUR_MS);
  const hasGrown = ({ ageMs = 0 }: Shown) => ageMs >= HALF_HOUR_MS && ageMs < HALF_HOUR_MS + 60_000;
  const shown = await pair.shows('an age of half an hour', (now) => hasGrown(now) && now.behindBytes === undefined);
  note('partitioned for half an hour', shown);
  pair.heal();
  await pair.arrives('unseen');
  note('after the partition', await pair.shows('small again', isSmall));
});

test('a source that cannot be read, and a target that takes nothing: the age counts on', async () => {
  pair = await LagPair.start();
  await pair.follow();
  await upToDate('before the trouble');
  const unread = pair.source.embedded.control.addFault({
    path: /_api\/wal\/tail\?/,
    action: { kind: 'fail', status: 503, errorNum: 503 },
  });
  await pair.write('unread');
  pair.pass(HALF_HOUR_MS);
  note("the source's log cannot be read", await pair.shows('half an hour', ({ ageMs = 0 }) => ageMs >= HALF_HOUR_MS));
  unread.remove();
  await upToDate('it can be read again');
  const writes = { method: 'POST', path: /_api\/document\/.*overwriteMode/ } as const;
  // The position before is stored.
  await pair.moreMarkers(20);
  const slow = pair.target.embedded.control.addFault({ ...writes, action: { kind: 'delay', ms: 1_000 } });
  // At once: of those that come one after the other the target would have taken some before the last is written.
  await Promise.all(Array.from({ length: 100 }, (_, number) => pair.write(`refused${number}`)));
  note('the target is slow', await pair.shows('bytes', ({ behindBytes = 0 }) => behindBytes > 10_000));
  slow.remove();
  const action = { kind: 'fail', status: 503, errorNum: 503 } as const;
  const refused = pair.target.embedded.control.addFault({ ...writes, action });
  await pair.write('refused');
  pair.pass(HALF_HOUR_MS);
  note('the target takes no writes', await pair.shows('half an hour', ({ ageMs = 0 }) => ageMs >= HALF_HOUR_MS));
  refused.remove();
  await pair.arrives('refused');
  note('it takes them again', await pair.shows('small again', isSmall));
});

test('a document that a unique index holds back: the age counts on until it has its place', async () => {
  pair = await LagPair.start();
  await pair.follow();
  await upToDate('before the conflict');
  await pair.target.createIndex('c', { type: 'persistent', fields: ['unique'], unique: true, sparse: true });
  await pair.source.write('c', [{ _key: 'first', unique: 1 }]);
  await pair.arrives('first');
  // Until the source has told that it has no such index.
  const path = /_api\/index/;
  const action = { kind: 'fail', status: 500, errorNum: 4 } as const;
  const untold = pair.source.embedded.control.addFault({ method: 'GET', path, action });
  await pair.source.write('c', [{ _key: 'second', unique: 1 }]);
  await pair.write('behind');
  const isHeld = ({ ageMs = 0, status }: Shown) => status === 'running' && ageMs > 1_000;
  note('a unique index holds a document back', await pair.shows('an age that counts on', isHeld));
  untold.remove();
  // Unanswered, it is asked again after a while.
  pair.pass(10_000);
  await pair.arrives('second');
  await upToDate('the document has its place');
});

test('S8: while the source is read-only no marker is written, and the end of the log tells the age', async () => {
  pair = await LagPair.start();
  await pair.follow();
  await upToDate('before the barrier');
  await pair.moreMarkers(1);
  pair.source.embedded.control.setReadOnly(true);
  await lookedAtMode();
  const tick = await endOfLog();
  await lookedAtMode();
  expect(await endOfLog()).toBe(tick);
  note('the source is read-only (barrier, middle of a chain)', await pair.shows('small', isSmall));
  await staysSmall('a shard behind a barrier');
  pair.source.embedded.control.setReadOnly(false);
  await pair.moreMarkers(1);
  await upToDate('the source is writable again');
});

/** Waits until the writer of markers has looked at the mode several times more. */
async function lookedAtMode(): Promise<void> {
  const looks = pair.source.embedded.control.addFault({
    path: /_admin\/server\/mode/,
    action: { kind: 'delay', ms: 0 },
  });
  await pair.shows('the mode being looked at', () => looks.hits >= 3);
  looks.remove();
}

async function endOfLog(): Promise<string> {
  const request = { method: 'GET', path: '/_api/wal/lastTick' } as const;
  return (await pair.source.deployment.front.json<{ tick: string }>(request)).tick;
}

test('clocks: a known difference does not matter, an unknown one makes the age unknown, and so does a clock that was set', async () => {
  pair = await LagPair.start();
  pair.skewMs.source = HALF_HOUR_MS;
  await pair.follow();
  await upToDate("the source's clock is half an hour ahead");
  pair.offset = undefined;
  note('the clocks are not compared yet', await pair.shows('unknown', isUnknown));
  pair.offset = HALF_HOUR_MS;
  pair.skewMs.source = 2 * HALF_HOUR_MS;
  note("the source's clock was just set forward", await pair.shows('unknown', isUnknown));
  pair.offset = 'true';
  await upToDate('the clocks were compared again');
  pair.skewMs.source = 0;
  await upToDate("the source's clock was set back");
});

test('markers do not make an idle log be read more often', async () => {
  const slow = {
    pollMinMs: 2_000,
    pollMaxMs: 2_000,
    pollRestMs: 2_000,
    pollQuickMs: 1,
    pollQuickForMs: 60_000,
    markerEveryMs: 100,
  };
  pair = await LagPair.start({ mode: 'single' }, slow);
  await pair.follow();
  await pair.shows('small', isSmall);
  const reads = pair.source.embedded.control.addFault({
    path: /wal\/tail\?(?!.*trackOnly)/,
    action: { kind: 'delay', ms: 0 },
  });
  const began = Date.now();
  await pair.moreMarkers(20);
  await until('reads of the markers', () => reads.hits >= 2);
  await pair.moreMarkers(20);
  const seconds = (Date.now() - began) / 1_000;
  // Two for each time that markers are found, which is every other second.
  expect(reads.hits).toBeLessThan(seconds + 15);
});

test('without markers the end of the log alone tells the age', async () => {
  pair = await LagPair.start({ mode: 'single' }, { markerEveryMs: 0 });
  await pair.follow();
  await upToDate('no markers are written');
  expect(await pair.markers()).toEqual([]);
});
