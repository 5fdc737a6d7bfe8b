import { beforeEach, describe, expect, test } from 'vitest';
import { bodyOf, linesOf, TestServer } from './support.ts';

let server: TestServer;
let start: number;

beforeEach(() => {
  server = new TestServer();
  start = server.engine.lastTick;
});

function headers(request: Parameters<TestServer['tail']>[0]) {
  const { body, ...rest } = server.tail(request);
  return { ...rest, empty: body.length === 0 };
}

describe('markers (6.5)', () => {
  test('single operations have tid 0, bulks stand between 2200 and 2201', () => {
    server.insert({ _key: 'a', n: 1.0 });
    server.write('update', { _key: 'a', m: 2 });
    server.remove(['a']);
    server.insert([{ _key: 'b' }, { _key: 'c' }]);
    const lines = linesOf(server.tail({ from: start }));
    expect(lines.map(({ tick, type, tid, data }) => [Number(tick) - start, type, tid, data?._key])).toEqual([
      [1, 2300, '0', 'a'],
      [4, 2300, '0', 'a'],
      [8, 2302, '0', 'a'],
      [9, 2200, '1', undefined],
      [9, 2300, '1', 'b'],
      [11, 2300, '1', 'c'],
      [12, 2201, '1', undefined],
    ]);
  });

  test('lines hold the document as it came, fields in the order of 6.5', () => {
    server.insert('{"_key":"a", "x": 1.0, "big":12345678901234567890, "s":"\\u00e9"}');
    server.remove(['a']);
    const [put, removal] = bodyOf(server.tail({ from: start })).split('\n');
    const cuid = server.collectionC.globallyUniqueId;
    expect(cuid).toBe(`hF3D8AF2E752B/${server.collectionC.id}`);
    expect(put).toBe(
      `{"tick":"${start + 1}","type":2300,"db":"_system","cuid":"${cuid}","tid":"0","data":{"_key":"a","_id":"c/a","_rev":"_g69jY-----","x":1.0,"big":12345678901234567890,"s":"\\u00e9"}}`,
    );
    expect(removal).toBe(
      `{"tick":"${start + 4}","type":2302,"db":"_system","cuid":"${cuid}","tid":"0","data":{"_key":"a","_rev":"_g69jY-----"}}`,
    );
  });

  test('an index entry takes a tick', () => {
    server.index(['x'], { unique: false });
    const before = server.engine.lastTick;
    server.insert({ _key: 'a' });
    expect(server.engine.lastTick).toBe(before + 3);
  });

  test('failed operations write nothing', () => {
    server.insert({ _key: 'a' });
    const { lastTick } = server.engine;
    server.insert({ _key: 'a' });
    server.insert([{ _key: 'a' }, { _key: '/' }, 1]);
    server.remove(['x']);
    expect(server.engine.lastTick).toBe(lastTick);
  });

  test('markers of a dropped collection vanish, only 2001 is left', () => {
    server.insert([{ _key: 'a' }, { _key: 'b' }]);
    server.index(['x'], { unique: false });
    server.engine.dropCollection('_system', 'c');
    expect(server.lines({ from: start })).toEqual(['2001']);
    server.collection('c');
    expect(server.lines({ from: start })).toEqual(['2001', '2000']);
    expect(linesOf(server.tail({ from: start }))[0]?.cuid).toMatch(/^hF3D8AF2E752B\//);
  });

  test('of a dropped database only 1101 is left', () => {
    server.engine.createDatabase({ id: '77', name: 'd' });
    server.engine.createCollection('d', { id: '78', name: 'x', type: 2, isSystem: false, properties: {} });
    server.engine.dropDatabase('d');
    expect(server.lines({ from: start })).toEqual(['1101']);
  });

  test('after a rename old markers and documents have the new name', () => {
    server.insert({ _key: 'a', x: 1 });
    server.insert({ _key: 'b' });
    server.remove(['b']);
    server.engine.renameCollection('_system', 'c', 'longer name');
    const ids = linesOf(server.tail({ from: start })).map((line) => line.data?._id);
    expect(ids).toEqual(['longer name/a', 'longer name/b', undefined, undefined]);
    expect(server.text('a', 'longer name')).toBe('{"_key":"a","_id":"longer name/a","_rev":"_g69jY-----","x":1}');
  });

  test('structure: the order of fields differs by type', () => {
    server.engine.changeCollection('_system', 'c', { waitForSync: true });
    server.engine.putView('_system', { id: '9', name: 'v', type: 'arangosearch', globallyUniqueId: 'hF/9' });
    server.engine.putView('_system', { id: '9', name: 'v', type: 'arangosearch', globallyUniqueId: 'hF/9', x: 1 });
    server.engine.dropView('_system', 'v');
    const lines = bodyOf(server.tail({ from: start }))
      .split('\n')
      .filter(Boolean);
    expect(lines.map((line) => Object.keys(JSON.parse(line)).join())).toEqual([
      'tick,db,cuid,type,data',
      'tick,db,cuid,data,type',
      'tick,db,cuid,data,type',
      'tick,type,db,cuid',
    ]);
    expect(server.lines({ from: start })).toEqual(['2003', '2110', '2112', '2111']);
  });

  test('truncate: one 2004 from 32768 documents on, else removals with commits in between under one tid', () => {
    server.insert(Array.from({ length: 32768 }, (_, n) => ({ _key: `k${n}` })));
    let from = server.engine.lastTick;
    expect(server.engine.truncate('_system', 'c')).toMatchObject({ ranged: true, count: 32768 });
    expect(server.lines({ from })).toEqual(['2004']);
    expect(server.collectionC.count()).toBe(0);

    server.insert(Array.from({ length: 10001 }, (_, n) => ({ _key: `k${n}` })));
    from = server.engine.lastTick;
    server.engine.truncate('_system', 'c');
    const lines = linesOf(server.tail({ from, chunkSize: 1 << 30 }));
    const brackets = lines.filter((line) => line.type !== 2302);
    expect(brackets.map((line) => line.type)).toEqual([2200, 2201, 2200, 2201]);
    expect(new Set(lines.map((line) => line.tid)).size).toBe(1);
    expect(lines).toHaveLength(10005);
  });
});

describe('headers by their formulas (6.3)', () => {
  test('an idle tail tells the start of the batch that contains from, which can be smaller than from', () => {
    server.insert({ _key: 'a' });
    const { lastTick } = server.engine;
    expect(headers({ from: lastTick })).toEqual({
      empty: true,
      lastIncluded: 0,
      lastScanned: lastTick - 1,
      lastTick,
      checkMore: false,
      fromPresent: true,
    });
  });

  test('checkmore is true although nothing is left, since an insert takes two ticks', () => {
    server.insert({ _key: 'a' });
    const { lastTick } = server.engine;
    expect(headers({ from: start })).toMatchObject({
      lastIncluded: lastTick - 1,
      lastScanned: lastTick,
      checkMore: true,
    });
  });

  test('beyond the end: 204, no error', () => {
    const { lastTick } = server.engine;
    expect(headers({ from: lastTick + 100 })).toEqual({
      empty: true,
      lastIncluded: 0,
      lastScanned: 0,
      lastTick,
      checkMore: false,
      fromPresent: false,
    });
  });

  test('a pruned log tells frompresent false and gives what is left', () => {
    server.insert({ _key: 'a' });
    server.insert({ _key: 'b' });
    server.insert({ _key: 'c' });
    expect(server.engine.prune(start + 4)).toBe(start + 5);
    expect(headers({ from: start })).toMatchObject({ fromPresent: false, lastIncluded: start + 5 });
    expect(server.lines({ from: start })).toEqual(['2300 c']);
    // The oldest batch begins exactly at from + 1: false though nothing is missing.
    expect(headers({ from: start + 4 })).toMatchObject({ fromPresent: false });
    expect(headers({ from: start + 5 })).toMatchObject({ fromPresent: true });
  });

  test('pruning never takes the newest batch', () => {
    server.insert({ _key: 'a' });
    server.engine.prune();
    expect(headers({ from: server.engine.lastTick })).toMatchObject({ fromPresent: true });
  });

  test('to is inclusive; 0 and a to below from are refused', () => {
    server.insert({ _key: 'a' });
    server.insert({ _key: 'b' });
    expect(server.lines({ from: start, to: start + 2 })).toEqual(['2300 a']);
    expect(server.lines({ from: start, to: start + 3 })).toEqual(['2300 a', '2300 b']);
    expect(() => server.tail({ from: 5, to: 4 })).toThrow(expect.objectContaining({ errorNum: 400 }));
    expect(() => server.tail({ from: 0, to: 0 })).toThrow(expect.objectContaining({ errorNum: 400 }));
  });
});

describe('inside a transaction (6.4)', () => {
  const wide = 'x'.repeat(6000);

  beforeEach(() => {
    server.insert(Array.from({ length: 10 }, (_, n) => ({ _key: `k${n}`, wide })));
  });

  test('without lastScanned a batch is never split, however small the chunk', () => {
    expect(server.lines({ from: start, chunkSize: 16384 })).toHaveLength(12);
  });

  test('a from inside a batch without its lastScanned loses the rest silently', () => {
    expect(headers({ from: start + 3 })).toMatchObject({ empty: true, lastIncluded: 0, lastScanned: start + 1 });
  });

  test('with lastScanned an answer ends inside, and the next goes on without the 2200', () => {
    const seen: string[] = [];
    let from = start;
    let lastScanned = 1;
    let answers = 0;
    for (;;) {
      const answer = server.tail({ from, lastScanned, chunkSize: 16384 });
      if (answer.lastIncluded === 0) break;
      answers++;
      seen.push(...server.lines({ from, lastScanned, chunkSize: 16384 }));
      from = answer.lastIncluded;
      ({ lastScanned } = answer);
    }
    expect(seen).toEqual(['2200', ...Array.from({ length: 10 }, (_, n) => `2300 k${n}`), '2201']);
    expect(answers).toBe(4);
  });

  test('an answer cut by chunkSize leaves lastscanned at the start of the batch', () => {
    expect(headers({ from: start, lastScanned: 1, chunkSize: 16384 })).toMatchObject({
      lastScanned: start + 1,
      lastIncluded: start + 5,
      checkMore: true,
    });
  });

  test('the commit mark is not lost when the last operation is a removal whose tick is the last', () => {
    const from = server.engine.lastTick;
    server.remove(['k0', 'k1', 'k2']);
    const first = server.tail({ from, lastScanned: 1, chunkSize: 16384 });
    expect(linesOf(first).map((line) => line.type)).toEqual([2200, 2302, 2302, 2302, 2201]);
  });
});

describe('filters', () => {
  test('collection: brackets only around its markers, but every 2001', () => {
    const trx = server.engine.transactions.begin({
      id: '1',
      database: '_system',
      read: [],
      write: ['c', 'e'],
      exclusive: [],
    });
    server.insert({ _key: 'x', _from: 'c/1', _to: 'c/2' }, { trx, into: 'e' });
    server.engine.transactions.commit('1');
    server.collection('other');
    server.engine.dropCollection('_system', 'other');
    expect(server.lines({ from: start, collection: server.collectionC })).toEqual(['2001']);
    const e = server.engine.demandCollection('_system', 'e');
    expect(server.lines({ from: start, collection: e })).toEqual(['2200', '2300 x', '2201', '2001']);
  });

  test('system collections are out by default, and statistics always', () => {
    server.collection('_mine');
    server.collection('_statistics15');
    const from = server.engine.lastTick;
    server.insert({ _key: 'a' }, { into: '_mine' });
    server.insert({ _key: 'b' }, { into: '_statistics15' });
    expect(server.lines({ from, includeSystem: false })).toEqual([]);
    expect(server.lines({ from })).toEqual(['2300 a']);
  });

  test('without global only the database', () => {
    server.engine.createDatabase({ id: '77', name: 'd' });
    server.insert({ _key: 'a' });
    expect(server.lines({ from: start, database: server.engine.demandDatabase('d') })).toEqual(['1100']);
    expect(server.lines({ from: start, database: server.engine.demandDatabase('_system') })).toEqual(['2300 a']);
  });

  test('on a DB-Server shards have their own cuid, logical names in _id, and no exclusion by underscore', () => {
    const db = new TestServer({ role: 'dbserver', id: 'PRMR-1' });
    db.engine.createCollection('_system', {
      id: '10061',
      planId: '10060',
      name: 's10061',
      logicalName: '_mine',
      type: 2,
      isSystem: true,
      properties: {},
    });
    const from = db.engine.lastTick;
    db.insert({ _key: 'a' }, { into: 's10061' });
    expect(linesOf(db.tail({ from, includeSystem: false }))).toMatchObject([
      { type: 2300, cuid: 'c10060/s10061', data: { _id: '_mine/a' } },
    ]);
  });
});

test('the log is bounded: what no client needs goes first, then everything old', () => {
  const small = new TestServer({ walBytesMax: 100_000 });
  const from = small.engine.lastTick;
  small.engine.clients.track(['_system'], { syncerId: '5', serverId: undefined, clientInfo: undefined }, from);
  const fill = (documents: number) => {
    for (let n = 0; n < documents; n++) small.insert({ wide: 'x'.repeat(900) });
  };
  fill(150);
  expect(small.tail({ from }).fromPresent).toBe(true);
  fill(100);
  expect(small.tail({ from }).fromPresent).toBe(false);
  expect(small.engine.log.bytes).toBeLessThan(201_000);
  small.engine.clients.clear();
  fill(1);
  expect(small.engine.log.bytes).toBeLessThan(101_000);
});
