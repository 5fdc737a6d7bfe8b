import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Event } from '../../src/events/vocabulary.ts';
import type { ArangoServer } from '../../src/replication/arango.ts';
import { eventually } from './support/eventually.ts';
import { type Pair, startPair } from './support/pair.ts';

const COLLECTION = 'late';
/** A quiet time, a worker's lease, and room for a busy machine. */
const SETTLED_MS = 60_000;

let pair: Pair;

beforeAll(async () => {
  pair = await startPair({ masters: 1, workers: 1, dbServers: 2, coordinators: 2 });
  const body = { name: COLLECTION, numberOfShards: 1 };
  await source().json({ method: 'POST', path: '/_api/collection', body });
  await write(source(), 'a', 1);
  await pair.configure();
  await eventually('the document being there', 60_000, async () => (await valueAt('a')) === 1);
}, 120_000);
afterAll(() => pair?.stop(), 60_000);

const source = () => pair.source.database.front;
const target = () => pair.target.database.front;

async function write(front: ArangoServer, key: string, value: number): Promise<void> {
  const path = `/_api/document/${COLLECTION}`;
  await front.json({ method: 'POST', path, query: { overwriteMode: 'replace' }, body: { _key: key, value } });
}

async function valueAt(key: string): Promise<number | undefined> {
  const answer = await target().request({ method: 'GET', path: `/_api/document/${COLLECTION}/${key}` });
  return answer.status === 200 ? JSON.parse(answer.body.toString()).value : undefined;
}

/** The next batch that a worker writes is held at its coordinator; workers name collections by id. */
async function holdOneBatch(): Promise<void> {
  const rule = { method: 'POST', path: '/_api/document/[0-9]+\\?', count: 1, action: { kind: 'cut-then-hold' } };
  await pair.target.control('faults', rule);
}

async function events(): Promise<readonly Event[]> {
  return (await pair.target.events()).flatMap((commit) => commit.events);
}

async function countOf(type: string): Promise<number> {
  return (await events()).filter((event) => event.type === type).length;
}

describe('S4: a batch that was held at one coordinator while its repetition succeeded at the other', {
  timeout: 240_000,
}, () => {
  test('and lands behind newer ones is recorded and repaired', async () => {
    await holdOneBatch();
    await write(source(), 'a', 2);
    await eventually('the repetition', 60_000, async () => (await valueAt('a')) === 2);
    await write(source(), 'a', 3);
    await eventually('the newer batch', 60_000, async () => (await valueAt('a')) === 3);
    await pair.target.control('release-held', {});
    expect(await valueAt('a')).toBe(2);
    expect(await countOf('ShardsSuspected')).toBe(1);
    expect((await pair.command(['get', 'status', '-v'], pair.target)).output).toContain('suspect');
    await eventually('the suspicion being settled', SETTLED_MS, async () => (await countOf('SuspicionsSettled')) === 1);
    expect(await valueAt('a')).toBe(3);
    const settled = (await events()).find(({ type }) => type === 'SuspicionsSettled');
    expect(settled?.data).toMatchObject({ how: 'repaired', shards: [{ collection: COLLECTION, shardIndex: 0 }] });
  });

  test('is waited out before an abort lets users write', async () => {
    await holdOneBatch();
    await write(source(), 'b', 1);
    await eventually('the repetition', 60_000, async () => (await valueAt('b')) === 1);
    const abort = pair.command(['abort', 'sync', '--timeout=3m'], pair.target);
    await pair.target.control('release-held', {});
    const { exit, output } = await abort;
    expect([exit, output]).toEqual([0, expect.stringContaining('old writes that may still land in 1 shards')]);
    const written = target().json({ method: 'GET', path: '/_admin/server/mode' });
    expect(await written).toMatchObject({ mode: 'default' });
    await write(target(), 'b', 7);
    expect(await valueAt('b')).toBe(7);
  });
});
