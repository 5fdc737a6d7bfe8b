import { beforeEach, describe, expect, test } from 'vitest';
import { type InventoryShape, TestApi } from './api-support.ts';

let api: TestApi;

beforeEach(() => {
  api = new TestApi();
});

const refused = (status: number, errorNum: number) => ({ status, body: { errorNum } });

describe('/_api/wal', () => {
  test('lastTick makes the log durable and tells the server', async () => {
    api.test.insert({ _key: 'a' });
    const { body } = await api.get('/_api/wal/lastTick');
    const tick = String(api.test.engine.lastTick);
    expect(body).toEqual({
      time: '2023-11-14T22:13:20Z',
      tick,
      server: { version: '3.12.10', serverId: '268111977542955' },
    });
    api.test.engine.losePower();
    expect(api.test.keys()).toEqual(['a']);
    expect((await api.get('/_api/wal/range')).body).toMatchObject({ tickMin: '1', tickMax: tick });
  });

  test('an idle tail: 204 with all headers', async () => {
    api.test.insert({ _key: 'a' });
    const tick = api.test.engine.lastTick;
    expect(await api.get(`/_api/wal/tail?from=${tick}`)).toMatchObject({
      status: 204,
      text: '',
      headers: {
        'content-type': 'application/x-arango-dump; charset=utf-8',
        'x-arango-replication-checkmore': 'false',
        'x-arango-replication-frompresent': 'true',
        'x-arango-replication-lastincluded': '0',
        'x-arango-replication-lastscanned': String(tick - 1),
        'x-arango-replication-lasttick': String(tick),
      },
    });
  });

  test('parameters and rights', async () => {
    expect(await api.get('/_api/wal/tail?from=5&to=4')).toMatchObject(refused(400, 400));
    expect(await api.get('/_api/wal/tail?to=0')).toMatchObject(refused(400, 400));
    expect(await api.get('/_api/wal/tail?collection=none')).toMatchObject(refused(404, 1203));
    for (const id of ['', '0', '07', 'x', '-1']) {
      expect(await api.get(`/_api/wal/tail?syncerId=${id}`), id).toMatchObject(refused(400, 10));
    }
    expect(await api.get('/_api/wal')).toMatchObject(refused(400, 400));
    expect(await api.get('/_api/wal/other')).toMatchObject(refused(400, 400));
    expect(await api.call('POST', '/_api/wal/tail')).toMatchObject(refused(405, 405));
    api.test.engine.createDatabase({ id: '77', name: 'd' });
    expect(await api.get('/_api/wal/tail?global=true', 'd')).toMatchObject(refused(403, 11));
    api.caller = { kind: 'user', name: 'u' };
    expect(await api.get('/_api/wal/tail')).toMatchObject(refused(403, 11));
    expect(await new TestApi('coordinator').get('/_api/wal/lastTick')).toMatchObject(refused(501, 1470));
  });

  test('system collections only with includeSystem; PUT is GET', async () => {
    api.test.collection('_mine');
    const from = api.test.engine.lastTick;
    api.test.insert({ _key: 'a' }, { into: '_mine' });
    expect((await api.get(`/_api/wal/tail?from=${from}`)).status).toBe(204);
    expect((await api.call('PUT', `/_api/wal/tail?from=${from}&includeSystem=true`)).text).toContain('"_key":"a"');
  });

  test('a tail tracks its client in its database, a global one in all, and DELETE forgets it', async () => {
    api.test.engine.createDatabase({ id: '77', name: 'd' });
    await api.get('/_api/wal/tail?from=3&syncerId=9&clientInfo=me');
    const clients = async (database: string) =>
      (await api.get('/_api/replication/logger-state', database)).body.clients;
    expect(await clients('_system')).toMatchObject([{ syncerId: '9', clientInfo: 'me', lastServedTick: '3' }]);
    expect(await clients('d')).toEqual([]);
    await api.get('/_api/wal/tail?from=4&syncerId=9&global=true');
    expect(await clients('d')).toMatchObject([{ syncerId: '9', lastServedTick: '4' }]);
    expect(await api.call('DELETE', '/_api/wal/tail?syncerId=9')).toMatchObject({
      status: 200,
      body: { error: false, code: 200, result: {} },
    });
    expect(await clients('_system')).toEqual([]);
  });
});

describe('/_api/replication/batch, inventory, dump', () => {
  test('a batch is made, renewed, deleted; unknown ones are 404/1600', async () => {
    const { status, body } = await api.call('POST', '/_api/replication/batch?syncerId=9&state=true', { ttl: 5 });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['id', 'lastTick', 'state']);
    expect(body.lastTick).toBe(String(api.test.engine.lastTick));
    expect(body.state.state).toMatchObject({ running: true, lastLogTick: body.lastTick });
    expect(await api.call('PUT', `/_api/replication/batch/${body.id}`, { ttl: 5 })).toMatchObject({
      status: 204,
      text: '',
    });
    expect(await api.call('DELETE', `/_api/replication/batch/${body.id}`)).toMatchObject({ status: 204 });
    expect(await api.call('DELETE', `/_api/replication/batch/${body.id}`)).toMatchObject(refused(404, 1600));
    expect(await api.call('PUT', '/_api/replication/batch/1', {})).toMatchObject(refused(404, 1600));
    expect((await api.get('/_api/replication/logger-state')).body.clients).toMatchObject([
      { lastServedTick: body.lastTick },
    ]);
    api.test.nowMs += 16_000;
    expect((await api.get('/_api/replication/logger-state')).body.clients).toEqual([]);
  });

  test('inventory: document collections first, then by name, without the excluded ones', async () => {
    for (const name of ['_graphs', '_statistics', '_jobs', 'b']) api.test.collection(name);
    api.test.index(['x'], { name: 'byX' });
    const batchId = await api.batch();
    const { body } = await api.get(`/_api/replication/inventory?batchId=${batchId}`);
    const names = (inventory: InventoryShape | undefined) => inventory?.collections.map((each) => each.parameters.name);
    expect(Object.keys(body)).toEqual(['properties', 'collections', 'views', 'state', 'tick']);
    expect(names(body)).toEqual(['_graphs', 'b', 'c', 'e']);
    expect(body.collections[2]?.indexes).toMatchObject([{ name: 'byX', fields: ['x'], unique: true }]);
    expect(body.collections[2]?.parameters).toMatchObject({
      name: 'c',
      type: 2,
      status: 3,
      deleted: false,
      cid: api.test.collectionC.id,
      planId: api.test.collectionC.id,
      globallyUniqueId: api.test.collectionC.globallyUniqueId,
      supportsRBAC: true,
      syncByRevision: true,
      keyOptions: { allowUserKeys: true, type: 'traditional', lastValue: 0 },
    });
    expect(
      names((await api.get(`/_api/replication/inventory?batchId=${batchId}&includeFoxxQueues=true`)).body),
    ).toContain('_jobs');
    expect(names((await api.get(`/_api/replication/inventory?batchId=${batchId}&includeSystem=false`)).body)).toEqual([
      'b',
      'c',
      'e',
    ]);
    expect(names((await api.get(`/_api/replication/inventory?batchId=${batchId}&collection=e`)).body)).toEqual(['e']);
    const global = (await api.get(`/_api/replication/inventory?batchId=${batchId}&global=true`)).body;
    expect(Object.keys(global)).toEqual(['databases', 'state', 'tick']);
    expect(names(global.databases._system)).toEqual(['_graphs', 'b', 'c', 'e']);
    expect(await api.get('/_api/replication/inventory')).toMatchObject(refused(404, 1600));
  });

  test('dump: chunks go on where the last one ended, 204 at the end', async () => {
    api.test.insert([1, 2, 3].map((n) => ({ _key: `k${n}`, wide: 'x'.repeat(100) })));
    const batchId = await api.batch();
    api.test.engine.truncate('_system', 'c');
    const url = `/_api/replication/dump?collection=c&batchId=${batchId}&chunkSize=200`;
    const answers = [await api.get(url), await api.get(`${url}&useEnvelope=false`), await api.get(url)];
    expect(
      answers.map(({ status, headers }) => [
        status,
        headers['x-arango-replication-checkmore'],
        headers['x-arango-replication-lastincluded'],
      ]),
    ).toEqual([
      [200, 'true', '1'],
      [200, 'false', '2'],
      [204, 'false', '0'],
    ]);
    expect(answers[0]?.text).toMatch(
      /^\{"type":2300,"data":\{"_key":"k1",.*\}\}\n\{"type":2300,"data":\{"_key":"k2",.*\}\}\n$/,
    );
    expect(answers[1]?.text).toMatch(/^\{"_key":"k3","_id":"c\/k3",.*\}\n$/);
  });

  test('dump: a chunk that is full exactly at the end says checkmore, then comes a 204', async () => {
    api.test.insert({ _key: 'a' });
    const url = `/_api/replication/dump?collection=c&batchId=${await api.batch()}&chunkSize=1`;
    expect((await api.get(url)).headers['x-arango-replication-checkmore']).toBe('true');
    expect((await api.get(url)).status).toBe(204);
  });

  test('dump: refusals', async () => {
    const batchId = await api.batch();
    expect(await api.get(`/_api/replication/dump?batchId=${batchId}`)).toMatchObject(refused(400, 400));
    expect(await api.get('/_api/replication/dump?collection=c')).toMatchObject(refused(404, 400));
    expect(await api.get('/_api/replication/dump?collection=c&batchId=1')).toMatchObject(refused(404, 400));
    expect(await api.get(`/_api/replication/dump?collection=none&batchId=${batchId}`)).toMatchObject(refused(400, 400));
    api.caller = { kind: 'user', name: 'u' };
    expect(await api.get(`/_api/replication/dump?collection=c&batchId=${batchId}`)).toMatchObject(refused(403, 11));
  });

  test('commands that 3.12.10 does not have are unknown', async () => {
    for (const command of [
      'logger-follow',
      'logger-first-tick',
      'logger-tick-ranges',
      'server-id',
      'applier-state',
      'sync',
      'nonsense',
      'revisions/pending',
      '',
    ]) {
      expect(await api.get(`/_api/replication/${command}`), command).toMatchObject(refused(400, 400));
    }
    expect(await api.call('POST', '/_api/replication/dump')).toMatchObject(refused(405, 405));
    expect(await api.get('/_api/replication/clusterInventory')).toMatchObject(refused(403, 1471));
  });
});

describe('/_api/replication/revisions', () => {
  const R = ['_g69jY-----', '_g69jY----_', '_g69jY----A', '_g69jY----B'];

  test('tree: at the snapshot; verification; rebuild; refusals', async () => {
    api.test.insert([{ _key: 'a' }, { _key: 'b' }]);
    const batchId = await api.batch();
    const tree = `/_api/replication/revisions/tree?collection=c&batchId=${batchId}`;
    const { text } = await api.get(`${tree}&onlyPopulated=true`);
    expect(text).toBe(api.test.collectionC.tree.toJson(true));
    api.test.insert({ _key: 'c' });
    expect((await api.get(`${tree}&onlyPopulated=true`)).text).toBe(text);
    expect((await api.get(tree)).body.nodes).toHaveLength(262144);
    const verified = await api.get(`${tree}&onlyPopulated=true&verification=true`);
    expect(verified.text).toBe(`{"computed":${text},"stored":${text},"equal":true}`);
    expect(await api.call('POST', tree)).toMatchObject({ status: 204 });
    expect(await api.get('/_api/replication/revisions/tree?collection=c')).toMatchObject(refused(404, 400));
    expect(await api.get('/_api/replication/revisions/tree?collection=c&batchId=1')).toMatchObject(refused(500, 4));
    expect(await api.get(`/_api/replication/revisions/tree?collection=none&batchId=${batchId}`)).toMatchObject(
      refused(404, 1203),
    );
    api.caller = { kind: 'user', name: 'u' };
    expect(await api.get(tree)).toMatchObject(refused(403, 11));
  });

  test('ranges are closed, at the snapshot, and encoded', async () => {
    api.test.insert(R.map((_, n) => ({ _key: `k${n}` })));
    const batchId = await api.batch();
    api.test.remove(['k1']);
    const url = `/_api/replication/revisions/ranges?collection=c&batchId=${batchId}&encodeAsHLC=true`;
    const body = [
      [R[0], R[1]],
      [R[1], R[2]],
      ['_kEJrpFq--_', '_kEJrpFq--A'],
    ];
    expect((await api.call('PUT', url, body)).body).toEqual({ ranges: [[R[0], R[1]], [R[1], R[2]], []] });
    expect(
      (
        await api.call('PUT', `${url}&resume=${R[1]}`, [
          [R[0], R[0]?.replace('-----', '----_')],
          [R[1], R[3]],
        ])
      ).body,
    ).toEqual({
      ranges: [[R[1]], [R[1], R[2], R[3]]],
    });
    expect(
      (
        await api.call('PUT', `${url}&resume=${R[2]}`, [
          [R[0], R[1]],
          [R[1], R[3]],
        ])
      ).body,
    ).toEqual({ ranges: [[R[2], R[3]]] });
    expect(
      (await api.call('PUT', '/_api/replication/revisions/ranges?collection=c&batchId=1', [[R[0], R[3]]])).body,
    ).toEqual({
      ranges: [[R[0], R[2], R[3]]],
    });
    for (const bad of [
      [],
      {},
      [[R[1], R[0]]],
      [[R[0], R[0]]],
      [[R[0]]],
      [[1, 2]],
      [
        [R[2], R[3]],
        [R[0], R[1]],
      ],
    ]) {
      expect(await api.call('PUT', url, bad), JSON.stringify(bad)).toMatchObject(refused(400, 400));
    }
  });

  test('more than 65536 revisions come in parts', async () => {
    api.test.insert(Array.from({ length: 70000 }, (_, n) => ({ _key: `k${n}` })));
    const url = `/_api/replication/revisions/ranges?collection=c&batchId=${await api.batch()}&encodeAsHLC=true`;
    const body = [
      ['_bpq8a-----', '_g69jY----A'],
      ['_g69jY----B', '_rpq8a-----'],
    ];
    const first = (await api.call('PUT', url, body)).body;
    expect(first.ranges.map((range) => range.length)).toEqual([3, 65533]);
    const second = (await api.call('PUT', `${url}&resume=${first.resume}`, body)).body;
    expect(second.ranges.map((range) => range.length)).toEqual([70000 - 65536]);
    expect(second.resume).toBeUndefined();
    expect(new Set([...first.ranges.flat(), ...second.ranges.flat()]).size).toBe(70000);
  });

  test('small revisions come as decimal unless encodeAsHLC', async () => {
    api.test.insert({ _key: 'a', _rev: '70040' }, { isRestore: true });
    const url = `/_api/replication/revisions/ranges?collection=c&batchId=${await api.batch()}`;
    expect((await api.call('PUT', url, [['1', '_rpq8a-----']])).body).toEqual({ ranges: [['70040']] });
    expect((await api.call('PUT', `${url}&encodeAsHLC=true`, [['1', '_rpq8a-----']])).body).toEqual({
      ranges: [['PEW']],
    });
  });

  test('documents by revision, in order, {} where there is none; short answers when large', async () => {
    api.test.insert([0, 1, 2].map((n) => ({ _key: `k${n}`, wide: 'x'.repeat(100) })));
    const batchId = await api.batch();
    api.test.remove(['k0']);
    const url = `/_api/replication/revisions/documents?collection=c&batchId=${batchId}`;
    const { text } = await api.call('PUT', url, [R[2], '_kEJrpFq--_', R[0]]);
    const documents: { _key?: string }[] = JSON.parse(text);
    expect(documents.map((document) => document._key)).toEqual(['k2', undefined, 'k0']);
    expect((await api.call('PUT', `${url}&chunkSize=150`, [R[2], R[1], R[0]])).body).toHaveLength(1);
    expect(await api.call('PUT', url, { a: 1 })).toMatchObject(refused(400, 400));
  });
});

describe('restore-* (part 7)', () => {
  const put = (command: string, body: unknown) => api.call('PUT', `/_api/replication/restore-${command}`, body);

  test('restore-collection makes, refuses, overwrites, and takes an inventory unchanged', async () => {
    const batchId = await api.batch();
    const { body } = await api.get(`/_api/replication/inventory?batchId=${batchId}&collection=e`);
    const [element] = body.collections;
    if (element === undefined) throw new Error('not in the inventory');
    const wanted = { ...element, parameters: { ...element.parameters, name: 'copy', globallyUniqueId: 'hX/1' } };
    expect(await put('collection', wanted)).toMatchObject({ status: 200, body: { result: true } });
    const copy = api.test.engine.demandCollection('_system', 'copy');
    expect(copy).toMatchObject({ type: 3, globallyUniqueId: 'hX/1' });
    expect(copy.id).not.toBe(element.parameters.id);
    expect(await put('collection', wanted)).toMatchObject(refused(409, 1207));
    expect((await put('collection?overwrite=true', wanted)).status).toBe(200);
    expect(api.test.engine.demandCollection('_system', 'copy').id).not.toBe(copy.id);
    expect((await put('collection', { parameters: { name: 'small' }, indexes: [] })).status).toBe(200);
    expect((await put('collection', { parameters: { name: 'gone', deleted: true }, indexes: [] })).status).toBe(200);
    expect(api.test.engine.database('_system')?.collection('gone')).toBeUndefined();
    for (const bad of [
      {},
      { parameters: {}, indexes: [] },
      { parameters: { name: 'x' } },
      { parameters: 1, indexes: [] },
    ]) {
      expect(await put('collection', bad), JSON.stringify(bad)).toMatchObject({ status: 400 });
    }
    api.caller = { kind: 'user', name: 'u' };
    expect(await put('collection', wanted)).toMatchObject(refused(403, 11));
  });

  test('restore-collection empties a system collection instead of dropping it', async () => {
    api.test.collection('_graphs');
    api.test.insert({ _key: 'g' }, { into: '_graphs' });
    const { id } = api.test.engine.demandCollection('_system', '_graphs');
    const body = { parameters: { name: '_graphs' }, indexes: [] };
    expect((await put('collection', body)).status).toBe(200);
    expect((await put('collection?overwrite=true', body)).status).toBe(200);
    expect(api.test.engine.demandCollection('_system', '_graphs')).toMatchObject({ id, size: 0 });
  });

  test('restore-data keeps keys and gives new revisions; removals in line; absent is success', async () => {
    api.test.insert({ _key: 'old', n: 1 });
    const lines = [
      '{"_key":"a","_rev":"_kEJrpFq--_","x":1.0}',
      '{"type":2300,"data":{"_key":"b","_rev":"_kEJrpFq--A","x":2}}',
      '',
      '{"type":2302,"data":{"_key":"old"}}',
      '{"type":2302,"key":"none"}',
      '{"_key":"a","x":3}',
    ];
    expect(await put('data?collection=c', lines.join('\n'))).toMatchObject({ status: 200, body: { result: true } });
    expect(api.test.text('a')).toMatch(/^\{"_key":"a","_id":"c\/a","_rev":"_g69jY----.","x":3\}$/);
    expect(api.test.text('b')).toMatch(/"_rev":"_g69jY----.","x":2/);
    expect(api.test.text('old')).toBeUndefined();
    expect(await put('data?collection=c', '{"_key":')).toMatchObject(refused(400, 600));
    expect(await put('data?collection=none', '')).toMatchObject(refused(404, 1203));
    expect(await put('data?collection=c', '{"_key":"a/b"}\n{"_key":"ok"}')).toMatchObject(refused(400, 1221));
    expect(api.test.text('ok')).toBeDefined();
    api.caller = { kind: 'user', name: 'u' };
    expect(await put('data?collection=c', '')).toMatchObject(refused(403, 11));
  });

  test('restore-data matches users by name, whatever their keys', async () => {
    api.test.collection('_users');
    api.test.insert({ _key: '1', user: 'root', n: 1 }, { into: '_users' });
    await put('data?collection=_users', '{"_key":"77","user":"root","n":2}\n{"_key":"78","user":"new"}');
    const keys = api.test.keys('_users');
    expect(keys).toHaveLength(2);
    expect(keys).toContain('1');
    expect(keys).not.toContain('78');
    expect(api.test.text('1', '_users')).toContain('"n":2');
  });

  test('restore-indexes makes what is missing', async () => {
    api.test.collection('_analyzers');
    const persistent = { type: 'persistent', name: 'byX', id: '99', fields: ['x'], unique: true, sparse: false };
    const body = { parameters: { name: 'c' }, indexes: [{ type: 'primary', id: '0', fields: ['_key'] }, persistent] };
    expect(await put('indexes', body)).toMatchObject({ status: 200, body: { result: true } });
    expect(await put('indexes', body)).toMatchObject({ status: 200 });
    expect(api.test.collectionC.indexes.map(({ name }) => name)).toEqual(['byX']);
    api.test.insert([{ x: 1 }]);
    expect(api.test.insert({ x: 1 })).toMatchObject([{ errorNum: 1210 }]);
  });

  test('restore-view', async () => {
    api.test.collection('_analyzers');
    const view = { name: 'v', type: 'arangosearch', links: {}, id: '5', globallyUniqueId: 'x' };
    expect(await put('view', view)).toMatchObject({ status: 200, body: { result: true } });
    expect(await put('view', view)).toMatchObject(refused(409, 1207));
    expect((await put('view?overwrite=true', view)).status).toBe(200);
    expect(await put('view', { name: 'v' })).toMatchObject(refused(400, 10));
  });
});

describe('/_api/dump (5.6)', () => {
  test('batches of one snapshot, which can be asked for again', async () => {
    api.test.insert([0, 1, 2].map((n) => ({ _key: `k${n}` })));
    api.test.insert({ _key: 'x', _from: 'c/1', _to: 'c/2' }, { into: 'e' });
    const started = await api.call('POST', '/_api/dump/start', { shards: ['c', 'e'], docsPerBatch: 2 });
    expect(started.status).toBe(201);
    const id = started.headers['x-arango-dump-id'];
    api.test.engine.truncate('_system', 'c');
    const next = (number: number, last = '') => api.call('POST', `/_api/dump/next/${id}?batchId=${number}${last}`);
    const shown = async (number: number, last = '') => {
      const { status, headers, text } = await next(number, last);
      return [
        status,
        headers['x-arango-dump-shard-id'],
        ...text
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line)._key),
      ];
    };
    expect(await shown(1)).toEqual([200, 'c', 'k0', 'k1']);
    expect(await shown(1)).toEqual([200, 'c', 'k0', 'k1']);
    expect(await shown(2, '&lastBatch=1')).toEqual([200, 'c', 'k2']);
    expect(await shown(3)).toEqual([200, 'e', 'x']);
    expect(await shown(4)).toEqual([204, undefined]);
    api.caller = { kind: 'user', name: 'u' };
    expect(await next(1)).toMatchObject(refused(403, 11));
    api.caller = { kind: 'superuser' };
    expect((await api.call('DELETE', `/_api/dump/${id}`)).status).toBe(200);
    expect(await next(5)).toMatchObject({ status: 404 });
    expect(api.test.collectionC.history.isEmpty).toBe(true);
  });

  test('straight to a DB-Server the user must be named', async () => {
    const dbServer = new TestApi('dbserver');
    expect(await dbServer.call('POST', '/_api/dump/start', { shards: ['c'] })).toMatchObject(refused(400, 10));
    const headers = { 'x-arango-dump-auth-user': 'root' };
    expect(await dbServer.call('POST', '/_api/dump/start', { shards: ['c'] }, { headers })).toMatchObject({
      status: 201,
    });
  });
});
