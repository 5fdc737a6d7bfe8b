import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { targetStatus } from '../../cli/demo/status.ts';
import { encodeRevision } from '../../src/replication/revision.ts';
import { CheckFinding } from '../../src/wire/check.ts';
import { compareDeployments, shardsOf } from './support/compare.ts';
import { eventually } from './support/eventually.ts';
import { type Pair, type Side, startPair } from './support/pair.ts';

/** The ordinary suite takes a small one; `E2E_SCALE=full` is the size that a release must pass. */
const COLLECTIONS = process.env.E2E_SCALE === 'full' ? 125 : 4;
const SHARDS_EACH = 8;
const DOCUMENTS_EACH = 160;
const WRITE_EVERY_MS = 20;
const DATABASE = 'planted ü';
/** A slow machine is no reason to call a shard unknown. */
const PATIENCE = '3m';
const RUNNING_MS = 300_000;
/** As far behind as a write of another time: no clock gives it again. */
const LONG_AGO = encodeRevision(1_700_000_000_000n << 20n);

let pair: Pair;
let writer: Writer;

beforeAll(async () => {
  pair = await startPair({ masters: 2, workers: 2, dbServers: 3, coordinators: 1 });
  await create(pair.source);
  await pair.configure();
  await eventually('every shard running', RUNNING_MS, async () => {
    const { total, running, shards } = await targetStatus(pair.target.masters);
    return total >= COLLECTIONS * SHARDS_EACH && running === total && shards === total;
  });
  writer = new Writer(pair.source);
}, RUNNING_MS + 60_000);

afterAll(async () => {
  await writer?.stop();
  await pair?.stop();
});

test('check: differences that somebody planted are found, named and repaired while writes go on', {
  timeout: 600_000,
}, async () => {
  const { target } = pair;
  const before = await check([]);
  expect(before).toMatchObject({ exit: 0, findings: [] });

  // Three shards: one lacks a document, one has a foreign and an old one, one holds something else under the same revision.
  await atTarget('DELETE', collection(0), ['k1']);
  await plant(collection(1), { _key: 'surplus', _rev: LONG_AGO, planted: true });
  const old = await inShardOf(collection(1), 'surplus');
  await plant(collection(1), { _key: old, _rev: encodeRevision((1_700_000_000_000n << 20n) + 1n), planted: true });
  const [content] = await read(collection(2), ['k7']);
  await plant(collection(2), { ...content, planted: true });

  const shallow = await check([]);
  expect(shallow.exit).toBe(1);
  expect(shallow.findings.map(shortly)).toEqual([
    { ...(await shardFor(collection(0), 'k1')), result: 'different' },
    { ...(await shardFor(collection(1), 'surplus')), result: 'different' },
  ]);

  const named = [
    { ...(await shardFor(collection(0), 'k1')), documents: [{ key: 'k1', difference: 'missing' }] },
    {
      ...(await shardFor(collection(1), 'surplus')),
      documents: [
        { key: old, difference: 'altered' },
        { key: 'surplus', difference: 'surplus' },
      ],
    },
    { ...(await shardFor(collection(2), 'k7')), documents: [{ key: 'k7', difference: 'content' }] },
  ];
  const deep = await check(['--deep']);
  expect(deep).toMatchObject({ exit: 1, findings: named.map((each) => ({ ...each, result: 'different' })) });

  const repaired = await check(['--deep', '--repair']);
  expect(repaired).toMatchObject({ exit: 0, findings: named.map((each) => ({ ...each, result: 'repaired' })) });
  const after = await check(['--deep']);
  expect(after).toMatchObject({ exit: 0, findings: [] });
  for (const { writes } of [before, shallow, deep, repaired, after]) expect(writes).toBeGreaterThan(0);

  const events = (await target.events()).flatMap(({ actor, events: list }) =>
    list.map(({ type, data }) => ({ type, data, by: actor?.name })),
  );
  const found = events.filter(({ type }) => type === 'DifferencesFound');
  const settled = events.filter(({ type }) => type === 'DifferencesSettled');
  expect(new Set([...found, ...settled].map(({ by }) => by))).toEqual(new Set(['root']));
  expect(found.length + settled.length).toBeLessThanOrEqual(4 * Math.ceil((COLLECTIONS * SHARDS_EACH) / 16));
  expect(settled.flatMap(({ data }) => (data as { settled: { how: string }[] }).settled)).toHaveLength(3);

  await writer.stop();
  await eventually('everything equal, to the byte', 60_000, async () => {
    const { differences } = await compareDeployments(pair.source.database, pair.target.database);
    return differences.length === 0;
  });
});

test('check: only what was asked for, and in words for people', { timeout: 600_000 }, async () => {
  const one = await pair.command(
    ['check', 'sync', `--database=${DATABASE}`, `--collection=${collection(0)}`],
    pair.target,
  );
  expect(one).toMatchObject({
    exit: 0,
    output: expect.stringContaining(`All of ${DATABASE}/${collection(0)} is the same`),
  });
  const whole = await pair.command(['check', 'sync', `--timeout=${PATIENCE}`], pair.target);
  expect(whole).toMatchObject({ exit: 0, output: expect.stringContaining('The whole data is the same') });
  await atTarget('DELETE', collection(3), ['k1', 'k2', 'k3']);
  const different = await pair.command(['check', 'sync', `--database=${DATABASE}`], pair.target);
  expect(different.exit).toBe(1);
  expect(different.output).toMatch(/collection-3 shard \d: DIFFERENT: \d+ documents on the source, \d+ on the target/);
  const { output } = await pair.command(['get', 'status'], pair.target);
  expect(output).toContain("'arangosync check sync --repair' catches up");
  const repaired = await pair.command(['check', 'sync', '--repair', `--timeout=${PATIENCE}`], pair.target);
  expect(repaired).toMatchObject({ exit: 0, output: expect.stringContaining('REPAIRED: was different') });
  const after = await pair.command(['get', 'status'], pair.target);
  expect(after.output).not.toContain('DIFFERENT');
});

const collection = (index: number) => `collection-${index}`;

/** Runs the command, and reads what it says line by line. Tells how often something was written meanwhile. */
async function check(flags: readonly string[]) {
  const startedAt = performance.now();
  const writesBefore = writer.writes;
  const { exit, output } = await pair.command(
    ['check', 'sync', '--output=json', `--timeout=${PATIENCE}`, ...flags],
    pair.target,
  );
  const lines = output.split('\n').filter((line) => line.startsWith('{'));
  const parsed = lines.map((line) => JSON.parse(line) as { finding?: unknown; result?: unknown });
  const findings = parsed.flatMap(({ finding }) => (finding === undefined ? [] : [CheckFinding.parse(finding)]));
  const result = parsed.find((line) => line.result !== undefined)?.result;
  if (result === undefined) throw new Error(output);
  console.log(
    `check sync ${flags.join(' ')}: ${Math.round(performance.now() - startedAt)} ms, ${JSON.stringify(result)}`,
  );
  return { exit, findings, writes: writer.writes - writesBefore };
}

function shortly({ database, collection: name, shardIndex, result }: CheckFinding) {
  return { database, collection: name, shardIndex, result };
}

async function create({ database: { front } }: Side): Promise<void> {
  await front.json({ method: 'POST', path: '/_api/database', body: { name: DATABASE } });
  const documents = Array.from({ length: DOCUMENTS_EACH }, (_, n) => ({
    _key: `k${n}`,
    n,
    price: 1.5 * n,
    text: 'é…',
  }));
  for (let index = 0; index < COLLECTIONS; index += 1) {
    const body = { name: collection(index), numberOfShards: SHARDS_EACH, replicationFactor: 1 };
    await front.json({ method: 'POST', database: DATABASE, path: '/_api/collection', body });
    const path = `/_api/document/${collection(index)}`;
    await front.json({ method: 'POST', database: DATABASE, path, query: { silent: true }, body: documents });
  }
}

function atTarget(method: 'POST' | 'DELETE', name: string, body: readonly unknown[], query = {}): Promise<unknown> {
  const { front } = pair.target.database;
  return front.json({ method, database: DATABASE, path: `/_api/document/${name}`, query, body });
}

/** Writes as a superuser who keeps revisions, past everybody. */
function plant(name: string, document: object): Promise<unknown> {
  return atTarget('POST', name, [document], { isRestore: true, overwriteMode: 'replace' });
}

function read(name: string, keys: readonly string[]): Promise<{ readonly _key: string; readonly _rev: string }[]> {
  const path = `/_api/document/${name}`;
  const request = { method: 'PUT', database: DATABASE, path, query: { onlyget: true }, body: keys } as const;
  return pair.target.database.front.json(request);
}

/** A document that was there from the start, in the same shard as another key. */
async function inShardOf(name: string, key: string): Promise<string> {
  const { shardIndex } = await shardFor(name, key);
  for (let n = 10; n < DOCUMENTS_EACH; n += 1) {
    if ((await shardFor(name, `k${n}`)).shardIndex === shardIndex) return `k${n}`;
  }
  throw new Error(`no document of ${name} is beside ${key}`);
}

async function shardFor(name: string, key: string) {
  const { front } = pair.target.database;
  const path = `/_api/collection/${name}/responsibleShard`;
  const { shardId } = await front.json<{ shardId: string }>({
    method: 'PUT',
    database: DATABASE,
    path,
    body: { _key: key },
  });
  const place = (await shardsOf(pair.target.database)).find(({ shard }) => shard === shardId);
  if (place === undefined) throw new Error(`${shardId} is no shard`);
  return { database: DATABASE, collection: name, shardIndex: place.index };
}

/** Writes to every collection of the source, one after the other, again and again, until it is stopped. */
class Writer {
  readonly #stop = new AbortController();
  readonly #writing: Promise<void>;
  writes = 0;

  constructor({ database: { front } }: Side) {
    this.#writing = this.#write(async (name, body) => {
      const query = { overwriteMode: 'replace', silent: true };
      await front.json({ method: 'POST', database: DATABASE, path: `/_api/document/${name}`, query, body });
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#writing;
  }

  async #write(write: (name: string, body: readonly object[]) => Promise<void>): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const name = collection(this.writes % COLLECTIONS);
      const body = Array.from({ length: 20 }, (_, n) => ({ _key: `w${(this.writes + n) % 500}`, at: this.writes }));
      await write(name, body);
      this.writes += 1;
      // Workers and masters run beside it on the same machine.
      await sleep(WRITE_EVERY_MS);
    }
  }
}
