import { afterEach, describe, expect, it } from 'vitest';
import { LagMarkers } from '../../../src/replication/source/lag-markers.ts';
import { SOURCE_LIMITS } from '../../../src/replication/source/limits.ts';
import { MARKER_COLLECTION, MarkerCollection } from '../../../src/replication/source/marker-collection.ts';
import { TestSource, until } from './harness.ts';

const lines: string[] = [];
const environment = {
  now: Date.now,
  sleep: async (ms: number, signal: AbortSignal) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    clearTimeout(timer);
  },
  log: {
    info: (message: string) => void lines.push(message),
    warn: (message: string) => void lines.push(message),
    error: (message: string) => void lines.push(message),
  },
};

let source: TestSource;
const stop = new AbortController();
let running: Promise<unknown>[] = [];
let ending = new AbortController();
afterEach(async () => {
  ending.abort();
  await Promise.all(running);
  running = [];
  ending = new AbortController();
  lines.length = 0;
  await source?.stop();
});

/** A writer of markers into one server's log, which somebody follows. */
function writerOn(dbServer: string, collection: MarkerCollection, worker = 'w', markerEveryMs = 20): LagMarkers {
  const limits = { ...SOURCE_LIMITS, markerEveryMs };
  const markers = new LagMarkers({ deployment: source.deployment, collection, dbServer, worker, environment, limits });
  markers.follow(markers);
  running.push(markers.run(ending.signal));
  return markers;
}

async function cluster(): Promise<readonly string[]> {
  source = await TestSource.start({ mode: 'cluster', dbServers: 3, coordinators: 1 });
  return (await source.deployment.dbServers()).map(({ id }) => id);
}

const leaderOf = (shard: number) => source.embedded.control.shard({ collection: MARKER_COLLECTION, shard }).servers[0];

/** Markers in the log of a server, as the reader meets them. */
async function inLogOf(dbServer: string): Promise<string[]> {
  const server = await source.deployment.dbServer(dbServer);
  const query = { from: 0, global: true, includeSystem: true, chunkSize: 16_000_000 };
  const { body } = await server.request({ method: 'GET', path: '/_api/wal/tail', query });
  const written = body
    .toString()
    .split('\n')
    .filter((line) => line.includes('"writer":'));
  return written;
}

describe('lag markers', () => {
  it('come into the log of each DB-Server, one copy of each, at the rate that was asked for', async () => {
    const servers = await cluster();
    const collection = new MarkerCollection(source.deployment, environment);
    for (const id of servers) writerOn(id, collection);
    for (const id of servers) await until('markers', async () => (await inLogOf(id)).length >= 3);
    expect(new Set([leaderOf(0), leaderOf(1), leaderOf(2)])).toEqual(new Set(servers));
    const path = `/_api/collection/${MARKER_COLLECTION}/properties`;
    const properties = await source.deployment.front.json({ method: 'GET', path });
    expect(properties).toMatchObject({ isSystem: true, numberOfShards: 3, replicationFactor: 1 });
    const { count } = await source.deployment.front.json<{ count: number }>({
      method: 'GET',
      path: `/_api/collection/${MARKER_COLLECTION}/count`,
    });
    expect(count).toBe(3);
  });

  it('are brought back to a DB-Server that leads no shard any more, and only once', async () => {
    const servers = await cluster();
    const collection = new MarkerCollection(source.deployment, environment);
    const [first = '', second = '', third = ''] = servers;
    await collection.placeOn(first, 'w', stop.signal);
    const shard = [0, 1, 2].find((number) => leaderOf(number) === third) ?? 0;
    source.embedded.control.moveShard({ collection: MARKER_COLLECTION, shard }, third, second);
    const place = await collection.placeOn(third, 'w', stop.signal);
    expect(place.shardKey).toMatch(/^_system\nc\d+\/s\d+$/);
    expect(new Set([leaderOf(0), leaderOf(1), leaderOf(2)])).toEqual(new Set(servers));
    expect(lines).toEqual([`${MARKER_COLLECTION} is made anew: a DB-Server led none of its shards`]);
    const again = [0, 1, 2].find((number) => leaderOf(number) === third) ?? 0;
    source.embedded.control.moveShard({ collection: MARKER_COLLECTION, shard: again }, third, second);
    await expect(collection.placeOn(third, 'w', stop.signal)).rejects.toThrow(`is led by ${third}`);
  });

  it('that went into another server’s log, since no shard can be brought back, say nothing of this one', async () => {
    const [first = '', second = ''] = await cluster();
    const collection = new MarkerCollection(source.deployment, environment);
    const markers = writerOn(first, collection);
    await until('a marker', () => markers.shardKey !== undefined);
    const move = () => {
      const shard = [0, 1, 2].find((number) => leaderOf(number) === first) ?? 0;
      source.embedded.control.moveShard({ collection: MARKER_COLLECTION, shard }, first, second);
    };
    const before = markers.shardKey;
    move();
    await until('the collection made anew', () => markers.shardKey !== undefined && markers.shardKey !== before);
    move();
    await until('nowhere to write', () => lines.some((line) => line.startsWith('no lag marker can be written')));
    expect(markers.shardKey).toBeUndefined();
    expect(markers.oldestBehind(0, Number.POSITIVE_INFINITY)).toBeUndefined();
  });

  it('go on elsewhere when their shard was moved to another server', async () => {
    const [first = '', second = ''] = await cluster();
    const collection = new MarkerCollection(source.deployment, environment);
    const markers = writerOn(first, collection);
    await until('a marker', () => markers.shardKey !== undefined);
    const before = markers.shardKey;
    const shard = [0, 1, 2].find((number) => leaderOf(number) === first) ?? 0;
    source.embedded.control.moveShard({ collection: MARKER_COLLECTION, shard }, first, second);
    await until('another shard', () => markers.shardKey !== before);
    await until('markers there', async () => (await inLogOf(first)).length > 0);
  });

  it('are written by as many as follow the server in turns, so that there are no more of them', async () => {
    source = await TestSource.start({ mode: 'single' });
    const collection = new MarkerCollection(source.deployment, environment);
    const [{ id = '' } = {}] = await source.deployment.dbServers();
    const one = writerOn(id, collection, 'one', 30);
    const two = writerOn(id, collection, 'two', 30);
    await until('both', async () => (await inLogOf(id)).length > 4);
    const met = async () => {
      for (const line of await inLogOf(id)) {
        const data = Buffer.from(`+${/"data":(\{.*\})\}$/.exec(line)?.[1]}\n`);
        one.met(data);
        two.met(data);
      }
    };
    await met();
    const startedAt = Date.now();
    const before = one.newest + two.newest;
    await until('some more', async () => {
      await met();
      return one.newest + two.newest >= before + 10;
    });
    // Ten of each on its own would have taken half of it.
    expect(Date.now() - startedAt).toBeGreaterThan(10 * 30 * 0.8);
  });

  it('are not written while nobody follows, and never with an interval of zero', async () => {
    source = await TestSource.start({ mode: 'single' });
    const collection = new MarkerCollection(source.deployment, environment);
    const [{ id = '' } = {}] = await source.deployment.dbServers();
    const none = writerOn(id, collection, 'none', 0);
    const idle = writerOn(id, collection, 'idle');
    idle.unfollow(idle);
    const busy = writerOn(id, collection, 'busy');
    await until('markers', () => busy.newest > 5);
    expect(none.newest).toBe(0);
    expect(idle.newest).toBeLessThanOrEqual(1);
  });

  it('that cannot be written are said once, and are tried again', async () => {
    source = await TestSource.start({ mode: 'single' });
    const fault = source.embedded.control.addFault({
      method: 'POST',
      path: /_api\/document\/_sync_markers/,
      count: 3,
      action: { kind: 'fail', status: 403, errorNum: 11 },
    });
    const collection = new MarkerCollection(source.deployment, environment);
    const [{ id = '' } = {}] = await source.deployment.dbServers();
    writerOn(id, collection);
    await until('markers', async () => fault.hits === 3 && (await inLogOf(id)).length > 0);
    // Its answer comes behind what it has written.
    await until('the writer having heard of it', () => lines.length > 1);
    expect(lines).toEqual([
      'no lag marker can be written: lag is told by the end of the log alone',
      'lag markers are written again',
    ]);
  });
});
