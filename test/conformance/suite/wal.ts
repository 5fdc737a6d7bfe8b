import { expect } from 'vitest';
import { type Answer, expectRefusal, expectStatus } from '../answer.ts';
import { fresh } from '../names.ts';
import type { Home, Target } from '../target.ts';

const LAST_INCLUDED = 'x-arango-replication-lastincluded';
const LAST_SCANNED = 'x-arango-replication-lastscanned';
const LAST_TICK = 'x-arango-replication-lasttick';
const CHECK_MORE = 'x-arango-replication-checkmore';
const FROM_PRESENT = 'x-arango-replication-frompresent';

/** Reference 6, at the server that stores the data. */
export function defineWal(target: Target): void {
  if (!target.storageReachable) return;
  const { check } = target;

  async function started(options = {}): Promise<{ name: string; home: Home; from: string }> {
    const name = await target.collection(options);
    const home = await target.home(name);
    return { name, home, from: (await home.ask('GET /_api/wal/lastTick')).textAt('tick') };
  }
  const tail = (home: Home, from: string, query = `&collection=${home.name}`) =>
    home.ask(`GET /_api/wal/tail?from=${from}${query}`);
  const types = (answer: Answer) => answer.lines.map(({ type }) => type);

  check('6.1: range tells the ticks and the server', async () => {
    const { home } = await started();
    const { body } = await home.ask('GET /_api/wal/range');
    const tick = expect.stringMatching(/^\d+$/);
    const server = { version: expect.any(String), serverId: tick };
    expect(body).toEqual({ time: expect.any(String), tickMin: tick, tickMax: tick, server });
  });

  check('6.1: lastTick tells the newest tick, and it rises with a write', async () => {
    const { name, home, from } = await started();
    await target.ask(`POST /_api/document/${name}`, {});
    const { body } = await home.ask('GET /_api/wal/lastTick');
    expect(body).toMatchObject({ time: expect.any(String), server: { version: expect.any(String) } });
    expect(BigInt((body as { tick: string }).tick)).toBeGreaterThan(BigInt(from) + 1n);
  });

  check('6.1: an unknown suffix is 400/400, another method 405/405', async () => {
    const { home } = await started();
    expectRefusal(await home.ask('GET /_api/wal/no-such'), 400, 400);
    expectRefusal(await home.ask('POST /_api/wal/range'), 405, 405);
  });

  check('6.2: to=0, or a from behind to, is 400/400', async () => {
    const { home } = await started();
    expectRefusal(await tail(home, '0', '&to=0'), 400, 400);
    expectRefusal(await tail(home, '5', '&to=4'), 400, 400);
  });

  check('6.2: an unknown collection is 404/1203, a bad syncerId 400/10', async () => {
    const { home, from } = await started();
    expectRefusal(await tail(home, from, '&collection=s999999999999'), 404, 1203);
    for (const id of ['', 'x', '0', '012']) expectRefusal(await tail(home, from, `&syncerId=${id}`), 400, 10);
  });

  check('6.2: global outside of _system is 403/11', async () => {
    const { home } = await started();
    const database = await target.database();
    expectRefusal(await home.ask(`GET /_db/${database}/_api/wal/tail?from=0&global=true`), 403, 11);
  });

  check('6.5: one insert is one 2300 with tid 0 and the whole document', async () => {
    const { name, home, from } = await started();
    const rev = (await target.ask(`POST /_api/document/${name}`, { _key: 'k', a: 1 })).textAt('_rev');
    const [line, ...more] = (await tail(home, from)).lines;
    const data = { _key: 'k', _id: `${name}/k`, _rev: rev, a: 1 };
    const cuid = expect.any(String);
    expect(line).toEqual({ tick: expect.stringMatching(/^\d+$/), type: 2300, db: '_system', cuid, tid: '0', data });
    expect(more).toEqual([]);
    expect(Object.keys(line ?? {})).toEqual(['tick', 'type', 'db', 'cuid', 'tid', 'data']);
    expect(line).not.toHaveProperty('cname');
  });

  check('6.5: an update is the whole new document', async () => {
    const { name, home, from } = await started();
    await target.ask(`POST /_api/document/${name}`, { _key: 'k', a: 1 });
    await target.ask(`PATCH /_api/document/${name}/k`, { b: 2 });
    const { lines } = await tail(home, from);
    expect(lines).toMatchObject([{ type: 2300 }, { type: 2300, tid: '0', data: { _key: 'k', a: 1, b: 2 } }]);
  });

  check('6.5: a removal is one 2302 with _key and the removed _rev', async () => {
    const { name, home, from } = await started();
    const rev = (await target.ask(`POST /_api/document/${name}`, { _key: 'k' })).textAt('_rev');
    await target.ask(`DELETE /_api/document/${name}/k`);
    const { lines } = await tail(home, from);
    expect(lines[1]).toMatchObject({ type: 2302, tid: '0', data: { _key: 'k', _rev: rev } });
  });

  check('6.5: a bulk is 2200, its markers in order, 2201, of one tid', async () => {
    const { name, home, from } = await started();
    await target.ask(`POST /_api/document/${name}`, [{ _key: 'a' }, { _key: 'b' }, { _key: 'a' }]);
    const answer = await tail(home, from);
    expect(types(answer)).toEqual([2200, 2300, 2300, 2201]);
    expect(new Set(answer.lines.map(({ tid }) => tid)).size).toBe(1);
    expect(answer.lines[0]?.tid).not.toBe('0');
  });

  check('6.4: 2200 has the tick of its first operation, and ticks never fall', async () => {
    const { name, home, from } = await started();
    await target.ask(`POST /_api/document/${name}`, [{ _key: 'a' }, { _key: 'b' }]);
    await target.ask(`POST /_api/document/${name}`, { _key: 'c' });
    const { lines } = await tail(home, from);
    expect(lines[0]?.tick).toBe(lines[1]?.tick);
    const ticks = lines.map(({ tick = '' }) => Number(tick));
    expect(ticks).toEqual([...ticks].sort((a, b) => a - b));
    expect(ticks.at(-1) as number).toBeGreaterThan((ticks[1] as number) + 1);
  });

  check('6.5: what failed makes no marker', async () => {
    const { name, home, from } = await started();
    await target.ask(`POST /_api/document/${name}`, { _key: 'k' });
    await target.ask(`POST /_api/document/${name}`, { _key: 'k' });
    await target.ask(`PATCH /_api/document/${name}/none`, { a: 1 });
    expect(types(await tail(home, from))).toEqual([2300]);
  });

  check('6.5: a transaction is in the log only when it has committed', async () => {
    const { name, home, from } = await started();
    const begin = await target.ask('POST /_api/transaction/begin', { collections: { write: name } });
    const id = begin.textAt('result.id');
    await target.ask(`POST /_api/document/${name}`, [{}, {}], { 'x-arango-trx-id': id });
    expect(types(await tail(home, from))).toEqual([]);
    expectStatus(await target.ask(`PUT /_api/transaction/${id}`), 200);
    expect(types(await tail(home, from))).toEqual([2200, 2300, 2300, 2201]);
  });

  check('6.5: an aborted transaction makes no marker', async () => {
    const { name, home, from } = await started();
    const begin = await target.ask('POST /_api/transaction/begin', { collections: { write: name } });
    const id = begin.textAt('result.id');
    await target.ask(`POST /_api/document/${name}`, [{}, {}], { 'x-arango-trx-id': id });
    await target.ask(`DELETE /_api/transaction/${id}`);
    expect((await tail(home, from)).status).toBe(204);
  });

  check('6.5: a truncate of few documents is a removal of each', async () => {
    const { name, home, from } = await started();
    await target.ask(`POST /_api/document/${name}`, [{ _key: 'a' }, { _key: 'b' }]);
    await target.ask(`PUT /_api/collection/${name}/truncate`);
    expect(types(await tail(home, from)).filter((type) => type === 2302).length).toBe(2);
  });

  check('6.5: an index is 2100 when made and 2101 when dropped', async () => {
    const { name, home, from } = await started();
    const made = await target.ask(`POST /_api/index?collection=${name}`, { type: 'persistent', fields: ['a'] });
    await target.ask(`DELETE /_api/index/${made.textAt('id')}`);
    const { lines } = await tail(home, from);
    expect(lines).toMatchObject([
      { type: 2100, data: { type: 'persistent', fields: ['a'] } },
      { type: 2101, data: { id: expect.stringMatching(/^\d+$/) } },
    ]);
  });

  check('6.5: a dropped collection leaves its 2001 only', async () => {
    const { name, home, from } = await started();
    const other = await target.collection();
    await target.ask(`POST /_api/document/${name}`, [{}, {}]);
    await target.ask(`DELETE /_api/collection/${name}`);
    await target.ask(`POST /_api/document/${other}`, {});
    const { lines } = await tail(home, from, '');
    const [dropped] = lines.filter(({ type }) => type === 2001);
    expect(dropped?.cuid).toEqual(expect.any(String));
    expect(lines.filter(({ cuid }) => cuid === dropped?.cuid).map(({ type }) => type)).toEqual([2001]);
  });

  check('6.3: an answer with markers has all headers by their formulas', async () => {
    const { name, home, from } = await started();
    await target.ask(`POST /_api/document/${name}`, { _key: 'k' });
    const answer = await tail(home, from);
    expect([answer.status, answer.header('content-type')]).toEqual([200, expect.stringMatching(/x-arango-dump/)]);
    const included = answer.header(LAST_INCLUDED);
    expect(included).toBe(answer.lines.at(-1)?.tick);
    expect(answer.header(FROM_PRESENT)).toBe('true');
    const isLess = BigInt(included) < BigInt(answer.header(LAST_TICK));
    expect(answer.header(CHECK_MORE)).toBe(String(isLess));
    expect(answer.header('x-arango-replication-active')).toBe('');
  });

  check('6.3: nothing new is 204 with lastincluded 0 and no more', async () => {
    const { home, from } = await started();
    const answer = await tail(home, from);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect([answer.header(LAST_INCLUDED), answer.header(CHECK_MORE)]).toEqual(['0', 'false']);
    expect(BigInt(answer.header(LAST_TICK))).toBeGreaterThanOrEqual(BigInt(from));
  });

  check('6.3: an idle tail may tell a lastscanned below from, but of the batch that holds from', async () => {
    const { name, home } = await started();
    await target.ask(`POST /_api/document/${name}`, [{ _key: 'a' }, { _key: 'b' }]);
    const from = (await home.ask('GET /_api/wal/lastTick')).textAt('tick');
    const scanned = (await tail(home, from)).header(LAST_SCANNED);
    expect(BigInt(from) - BigInt(scanned)).toBeLessThan(1000n);
  });

  check('6.3: a from beyond the end is 204 without an error', async () => {
    const { home, from } = await started();
    const answer = await tail(home, `${from}000`);
    expect([answer.status, answer.header(LAST_INCLUDED), answer.header(CHECK_MORE)]).toEqual([204, '0', 'false']);
    expect(answer.header(FROM_PRESENT)).toBe('false');
  });

  check('6.4: a from inside a transaction without lastScanned skips the rest of it', async () => {
    const { name, home, from } = await started();
    await target.ask(`POST /_api/document/${name}`, [{ _key: 'a' }, { _key: 'b' }, { _key: 'c' }]);
    const { lines } = await tail(home, from);
    const [start = '', inside = ''] = [lines[0]?.tick, lines[2]?.tick];
    expect((await tail(home, inside)).lines).toEqual([]);
    const resumed = await tail(home, inside, `&collection=${home.name}&lastScanned=${start}`);
    expect(types(resumed)).toEqual([2300, 2201]);
  });

  check('6.4: without lastScanned a transaction is never split, with it an answer may end inside', async () => {
    const { name, home, from } = await started();
    const documents = Array.from({ length: 200 }, () => ({ pad: 'x'.repeat(1000) }));
    await target.ask(`POST /_api/document/${name}`, documents);
    const chunk = `&collection=${home.name}&chunkSize=16384`;
    expect((await tail(home, from, chunk)).lines.length).toBe(202);
    const seen: (number | undefined)[] = [];
    let [position, scanned] = [from, from];
    for (;;) {
      const answer = await tail(home, position, `${chunk}&lastScanned=${scanned}`);
      if (answer.lines.length === 0) break;
      seen.push(...types(answer));
      position = answer.header(LAST_INCLUDED);
      scanned = answer.header(LAST_SCANNED);
    }
    expect(seen).toEqual([2200, ...Array(200).fill(2300), 2201]);
  });

  check('6.6: a tail with a syncerId tracks its client', async () => {
    const { home, from } = await started();
    const syncerId = String(1_000_000 + Math.floor(Math.random() * 1e9));
    await tail(home, from, `&syncerId=${syncerId}&clientInfo=conformance`);
    const { body } = await home.ask('GET /_api/replication/logger-state');
    const { clients } = body as { clients: { syncerId: string }[] };
    expect(clients.find((client) => client.syncerId === syncerId)).toMatchObject({
      clientInfo: 'conformance',
      lastServedTick: from,
      expires: expect.any(String),
    });
  });

  check('4.4: markers of isRestore carry the kept revision', async () => {
    const { name, home, from } = await started();
    await target.ask(`POST /_api/document/${name}?isRestore=true`, { _key: 'k', _rev: '_g69jY-----' });
    expect((await tail(home, from)).lines).toMatchObject([{ data: { _rev: '_g69jY-----' } }]);
  });

  const control = target.canMisbehave;
  if (control !== undefined) {
    check('6.3: a pruned log tells frompresent false and gives what is left', async () => {
      const { name, home, from } = await started();
      await target.ask(`POST /_api/document/${name}`, { _key: 'a' });
      await target.ask(`POST /_api/document/${name}`, { _key: 'b' });
      control.prune(target.isCluster ? home.serverId : undefined);
      await target.ask(`POST /_api/document/${name}`, { _key: 'c' });
      const answer = await tail(home, from);
      expect([answer.status, answer.header(FROM_PRESENT)]).toEqual([200, 'false']);
      const keys = answer.lines.map(({ data }) => data?._key);
      expect(keys).toContain('c');
      expect(keys).not.toContain('a');
    });
  }

  if (target.isCluster) return;

  check('6.5: a collection is 2000 when made, 2003 when changed, 2002 when renamed', async () => {
    const { home, from } = await started();
    const name = await target.collection();
    const renamed = fresh('c');
    target.dropLater(`/_api/collection/${renamed}`);
    await target.ask(`PUT /_api/collection/${name}/properties`, { waitForSync: true });
    await target.ask(`PUT /_api/collection/${name}/rename`, { name: renamed });
    const lines = (await tail(home, from, '')).lines.filter(({ type = 0 }) => type >= 2000 && type < 2004);
    expect(lines).toMatchObject([
      { type: 2000, data: { name } },
      { type: 2003, data: { waitForSync: true } },
      { type: 2002, data: { name: renamed } },
    ]);
  });

  check('6.5: a database is 1100 when made and 1101 when dropped, seen with global', async () => {
    const { home, from } = await started();
    const database = await target.database();
    await target.ask(`DELETE /_api/database/${database}`);
    const lines = (await tail(home, from, '&global=true')).lines.filter(({ db }) => db === database);
    expect(lines.map(({ type }) => type)).toContain(1101);
    expect((await tail(home, from, '')).lines.filter(({ db }) => db === database)).toEqual([]);
  });
}
