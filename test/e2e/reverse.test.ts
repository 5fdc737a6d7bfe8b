import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeAsRoot } from './support/as-root.ts';
import { copiesOf } from './support/copies.ts';
import { eventually } from './support/eventually.ts';
import { type Pair, type Side, startPair } from './support/pair.ts';
import { leaderAt } from './support/side.ts';

const SIZE = { masters: 2, workers: 1, dbServers: 2, coordinators: 1 };
const DATABASE = 'shop';
/** A steady load, not all that the machine can do: the comparison has to see a moment without writes on their way. */
const BETWEEN_WRITES_MS = 25;

let pair: Pair;
beforeAll(async () => {
  pair = await startPair(SIZE);
}, 120_000);
afterAll(() => pair?.stop());

const write = (side: Side, key: string) => writeAsRoot(side, DATABASE, 'goods', { _key: key });

async function has({ database }: Side, key: string): Promise<boolean> {
  const path = `/_api/document/goods/${key}`;
  return (await database.front.request({ method: 'HEAD', database: DATABASE, path })).status === 200;
}

/** Writes wherever it may, as an application that follows the writable side; resolves with what was acknowledged. */
function writeEverywhere(sides: readonly Side[], name: string, stop: AbortSignal): Promise<string[]> {
  const acknowledged: string[] = [];
  const lanes = sides.map(async (side, lane) => {
    for (let number = 0; !stop.aborted; number++) {
      const key = `${name}-${lane}-${number}`;
      if (await write(side, key)) acknowledged.push(key);
      await sleep(BETWEEN_WRITES_MS);
    }
  });
  return Promise.all(lanes).then(() => acknowledged);
}

async function reverse(from: Side, to: Side): Promise<void> {
  const cacert = join(pair.folder, 'tls-ca.crt');
  const endpoints = from.datacenter.masters.map(({ endpoint }) => endpoint).join(',');
  const words = ['reverse', 'sync', `--source.endpoint=${endpoints}`, `--source.cacert=${cacert}`];
  const own = [`--master.keyfile=${join(pair.folder, 'client-auth.keyfile')}`, '--source.auth.user=root'];
  const argv = [...words, ...own, `--source.auth.password=${from.datacenter.rootPassword}`];
  const { exit, output } = await pair.command(argv, to);
  expect(output).toContain('The whole data is the same');
  expect(exit).toBe(0);
}

test('a direction is not reversed when nobody knows that the source was read-only since the stop', {
  timeout: 120_000,
}, async () => {
  await Promise.all([pair.source, pair.target].map(leaderAt));
  const endpoints = pair.source.datacenter.masters.map(({ endpoint }) => endpoint).join(',');
  const argv = ['reverse', 'sync', `--source.endpoint=${endpoints}`, '--source.auth.user=root'];
  const { exit, output } = await pair.command(
    [
      ...argv,
      `--source.auth.password=${pair.source.datacenter.rootPassword}`,
      `--master.keyfile=${join(pair.folder, 'client-auth.keyfile')}`,
    ],
    pair.target,
  );
  expect(exit).toBe(1);
  expect(output).toContain('may have writes that the target lacks');
});

test('S8: the direction is reversed three times under load, and no acknowledged write is lost', {
  timeout: 240_000,
}, async () => {
  const { front } = pair.source.database;
  await front.json({ method: 'POST', path: '/_api/database', body: { name: DATABASE } });
  const body = { name: 'goods', numberOfShards: 4 };
  await front.json({ method: 'POST', database: DATABASE, path: '/_api/collection', body });
  await pair.configure();
  await write(pair.source, 'first');
  await eventually('the first document arriving', 60_000, () => has(pair.target, 'first'));
  const acknowledged: string[] = ['first'];
  const sides = [pair.source, pair.target];
  for (const [round, [from, to]] of [
    [pair.source, pair.target],
    [pair.target, pair.source],
    [pair.source, pair.target],
  ].entries()) {
    if (from === undefined || to === undefined) throw new Error('two sides are needed');
    const stop = new AbortController();
    const writing = writeEverywhere(sides, `round${round}`, stop.signal);
    await reverse(from, to);
    stop.abort();
    acknowledged.push(...(await writing));
    expect(await write(from, `refused${round}`)).toBe(false);
  }
  expect(acknowledged.length).toBeGreaterThan(50);
  for (const side of sides) {
    await eventually('every acknowledged document being there', 60_000, async () => {
      const found = await Promise.all(acknowledged.map((key) => has(side, key)));
      return found.every(Boolean);
    });
    expect(await pair.command(['events', 'verify'], side)).toMatchObject({ exit: 0 });
  }
  // What the new target held its source had: only what differs is moved.
  expect(await copiesOf(pair.source)).toEqual(new Map());
  expect([...(await copiesOf(pair.target)).values()].filter(({ length }) => length > 1)).toEqual([]);
});
