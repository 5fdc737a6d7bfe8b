import { describe, expect, test } from 'vitest';
import { linesOf, TestServer } from './support.ts';

describe('power loss', () => {
  test('the unsynced end is gone with its data, and its ticks are given again', () => {
    const server = new TestServer();
    server.index(['u'], { sparse: true });
    server.insert(
      [
        { _key: 'a', n: 1 },
        { _key: 'b', u: 1 },
      ],
      { waitForSync: true },
    );
    const kept = server.engine.lastTick;
    const [treeBefore, textBefore] = [server.collectionC.tree.toJson(true), server.text('a')];
    server.write('update', { _key: 'a', n: 2 });
    server.write('update', { _key: 'a', n: 3 });
    server.remove(['b']);
    server.insert([{ _key: 'c', u: 1 }, { _key: 'd' }]);
    server.engine.truncate('_system', 'c');

    expect(server.engine.losePower()).toBe(kept);
    expect(server.engine.lastTick).toBe(kept);
    expect(server.text('a')).toBe(textBefore);
    expect(server.keys()).toEqual(['a', 'b']);
    expect(server.collectionC.count()).toBe(2);
    expect(server.collectionC.tree.toJson(true)).toBe(treeBefore);
    expect(server.insert({ _key: 'x', u: 1 })).toMatchObject([{ errorNum: 1210 }]);

    server.insert({ _key: 'e' });
    expect(linesOf(server.tail({ from: kept })).map((line) => [line.tick, line.data?._key])).toEqual([
      [String(kept + 1), 'e'],
    ]);
  });

  test('what lastTick told is safe (S6), and structure always', () => {
    const server = new TestServer();
    server.insert({ _key: 'a' });
    server.engine.sync();
    server.insert({ _key: 'b' });
    server.engine.losePower();
    expect(server.keys()).toEqual(['a']);
    server.insert({ _key: 'c' });
    server.collection('new');
    server.insert({ _key: 'd' });
    server.engine.losePower();
    expect(server.keys()).toEqual(['a', 'c']);
    expect(server.engine.database('_system')?.collection('new')).toBeDefined();
  });

  test('at most what came after the given tick is lost', () => {
    const server = new TestServer();
    server.insert({ _key: 'a' });
    const tick = server.engine.lastTick;
    server.insert({ _key: 'b' });
    expect(server.engine.losePower(tick)).toBe(tick);
    expect(server.keys()).toEqual(['a']);
  });

  test('the clock does not go back: new revisions do not meet lost ones', () => {
    const server = new TestServer();
    server.insert({ _key: 'a' });
    const lost = server.text('a');
    server.engine.losePower();
    server.insert({ _key: 'a' });
    expect(server.text('a')).not.toBe(lost);
  });
});

describe('restart', () => {
  test('memory is lost, data is kept, the incarnation rises', () => {
    const server = new TestServer();
    server.insert({ _key: 'a' });
    const { lastTick } = server.engine;
    const batch = server.engine.createBatch(100);
    server.engine.clients.track(['_system'], { syncerId: '7', serverId: undefined, clientInfo: 'x' }, 5);
    const trx = server.engine.transactions.begin({
      id: '1',
      database: '_system',
      read: [],
      write: ['c'],
      exclusive: [],
    });
    server.insert({ _key: 'b' }, { trx });
    server.nowMs += 1000;
    server.engine.restart();
    expect(server.engine.rebootId).toBe(2);
    expect(server.engine.startedAt).toBe(server.nowMs);
    expect(server.keys()).toEqual(['a']);
    expect(server.engine.lastTick).toBe(lastTick);
    expect(server.engine.batches.get(batch.id)).toBeUndefined();
    expect(server.engine.clients.describe('_system')).toEqual([]);
    expect(() => server.engine.transactions.use('1')).toThrow(expect.objectContaining({ errorNum: 1655 }));
    expect(server.insert({ _key: 'b' })).toMatchObject([{ ok: true }]);
  });
});

test('clients are tracked by syncerId, else by a decimal serverId; tick 0 moves nothing', () => {
  const server = new TestServer();
  const track = (syncerId: string | undefined, serverId: string | undefined, tick: number) =>
    server.engine.clients.track(['_system'], { syncerId, serverId, clientInfo: undefined }, tick);
  track('7', '99', 10);
  track('7', '99', 0);
  track(undefined, '42', 20);
  track(undefined, 'none', 30);
  track(undefined, undefined, 40);
  expect(server.engine.clients.describe('_system')).toMatchObject([
    {
      syncerId: '7',
      serverId: '',
      lastServedTick: '10',
      time: '2023-11-14T22:13:20Z',
      expires: '2023-11-15T00:13:20Z',
    },
    { syncerId: '', serverId: '42', lastServedTick: '20' },
  ]);
  server.nowMs += 7201_000;
  expect(server.engine.clients.describe('_system')).toEqual([]);
});

test('what leaves the log does not stay in memory for the sake of a few documents', () => {
  const server = new TestServer();
  const documents = (n: number) =>
    Array.from({ length: 1000 }, (_, index) => ({ _key: `k${index}`, n, wide: 'x'.repeat(100) }));
  server.insert(documents(1));
  server.write('replace', documents(2).slice(1));
  const survivor = server.collectionC.current('k0');
  const text = server.text('k0');
  expect(survivor?.buffer.buffer.byteLength).toBeGreaterThan(100_000);
  server.engine.prune();
  expect(survivor?.buffer.buffer.byteLength).toBe(text?.length);
  expect(server.text('k0')).toBe(text);
  expect(server.collectionC.current('k1')?.buffer.buffer.byteLength).toBeGreaterThan(100_000);
});
