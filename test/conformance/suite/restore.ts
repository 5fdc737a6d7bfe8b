import { expect } from 'vitest';
import { expectRefusal } from '../answer.ts';
import { fresh } from '../names.ts';
import type { Target } from '../target.ts';

/** Reference 7.1–7.4. */
export function defineRestore(target: Target): void {
  const { check, isCluster } = target;
  const restoreCollection = (parameters: Readonly<Record<string, unknown>>, query = '') =>
    target.ask(`PUT /_api/replication/restore-collection${query}`, { parameters, indexes: [] });
  const restoreData = (collection: string, text: string) =>
    target.request({ method: 'PUT', path: `/_api/replication/restore-data?collection=${collection}`, text });

  function named(): string {
    const name = fresh('c');
    target.dropLater(`/_api/collection/${name}`);
    return name;
  }

  check('7.1: a name and no indexes make a collection, with a new id', async () => {
    const name = named();
    const answer = await restoreCollection({ name, id: '4711', planId: '4711', unknown: true });
    expect([answer.status, answer.body]).toEqual([200, { result: true }]);
    expect((await target.ask(`GET /_api/collection/${name}`)).body).not.toMatchObject({ id: '4711' });
  });

  check('7.1: an existing collection is 409/1207, with overwrite made anew and empty', async () => {
    const name = await target.collection();
    await target.ask(`POST /_api/document/${name}`, {});
    expectRefusal(await restoreCollection({ name }), 409, 1207);
    const id = (await target.ask(`GET /_api/collection/${name}`)).textAt('id');
    expect((await restoreCollection({ name }, '?overwrite=true')).status).toBe(200);
    const { body } = await target.ask(`GET /_api/collection/${name}/count`);
    expect(body).toMatchObject({ count: 0 });
    expect(body).not.toMatchObject({ id });
  });

  check('7.1: no parameters or no name are 400', async () => {
    expect((await target.ask('PUT /_api/replication/restore-collection', {})).status).toBe(400);
    expect((await restoreCollection({})).status).toBe(400);
  });

  check('7.1: deleted: true is accepted and makes nothing', async () => {
    const name = named();
    expect((await restoreCollection({ name, deleted: true })).status).toBe(200);
    expectRefusal(await target.ask(`GET /_api/collection/${name}`), 404, 1203);
  });

  check('7.1: an edge collection stays one, and indexes are not made', async () => {
    const name = named();
    const indexes = [{ type: 'persistent', fields: ['a'], id: '1', name: 'mine' }];
    const body = { parameters: { name, type: 3 }, indexes };
    await target.ask('PUT /_api/replication/restore-collection', body);
    expect((await target.ask(`GET /_api/collection/${name}`)).at('type')).toBe(3);
    expect((await target.ask(`GET /_api/index?collection=${name}`)).at('indexes')).toHaveLength(2);
  });

  check('7.2: restore-indexes makes what is missing and is idempotent', async () => {
    const name = await target.collection();
    const indexes = [
      { type: 'primary', fields: ['_key'], id: '0', name: 'primary', unique: true, sparse: false },
      { type: 'persistent', fields: ['a'], id: '123', name: 'mine', unique: false, sparse: false },
    ];
    for (let time = 0; time < 2; time += 1) {
      const answer = await target.ask('PUT /_api/replication/restore-indexes', { parameters: { name }, indexes });
      expect([answer.status, answer.body]).toEqual([200, { result: true }]);
    }
    const found = (await target.ask(`GET /_api/index?collection=${name}`)).at('indexes');
    expect(found).toMatchObject([{ type: 'primary' }, { type: 'persistent', name: 'mine' }]);
  });

  check('7.3: restore-view makes a view, 409/1207 when there is one, replaced with overwrite', async () => {
    const name = fresh('v');
    target.dropLater(`/_api/view/${name}`);
    const body = { name, type: 'arangosearch', links: {}, cleanupIntervalStep: 5 };
    const path = 'PUT /_api/replication/restore-view';
    expect((await target.ask(path, body)).body).toEqual({ result: true });
    expectRefusal(await target.ask(path, body), 409, 1207);
    expect((await target.ask(`${path}?overwrite=true`, { ...body, cleanupIntervalStep: 6 })).status).toBe(200);
    expect((await target.ask(`GET /_api/view/${name}/properties`)).at('cleanupIntervalStep')).toBe(6);
  });

  check('7.3: a view without name or type is 400/10', async () => {
    expectRefusal(await target.ask('PUT /_api/replication/restore-view', { type: 'arangosearch' }), 400, 10);
    expectRefusal(await target.ask('PUT /_api/replication/restore-view', { name: fresh('v') }), 400, 10);
  });

  check('7.4: restore-data takes bare documents, envelopes and removals', async () => {
    const name = await target.collection();
    const lines = [
      '{"_key":"a","x":1}',
      '{"type":2300,"data":{"_key":"b","x":2}}',
      '{"type":2300,"data":{"_key":"c"}}',
      '{"type":2302,"data":{"_key":"c"}}',
    ];
    const answer = await restoreData(name, `${lines.join('\n')}\n`);
    expect([answer.status, answer.body]).toEqual([200, { result: true }]);
    expect((await target.ask(`GET /_api/document/${name}/b`)).at('x')).toBe(2);
    expect((await target.ask(`GET /_api/collection/${name}/count`)).at('count')).toBe(2);
  });

  check('7.4: restore-data replaces, keeps _key and makes a new _rev', async () => {
    const name = await target.collection();
    for (const x of [1, 2]) await restoreData(name, `{"_key":"a","_rev":"_g69jY-----","x":${x}}\n`);
    const { body } = await target.ask(`GET /_api/document/${name}/a`);
    expect(body).toMatchObject({ _key: 'a', x: 2 });
    expect(body).not.toMatchObject({ _rev: '_g69jY-----' });
  });

  check('7.4: a bad line is 400/600, an unknown collection 404/1203', async () => {
    expectRefusal(await restoreData(await target.collection(), '{"_key":\n'), 400, 600);
    expectRefusal(await restoreData('no_such', '{"_key":"a"}\n'), 404, 1203);
  });

  if (!isCluster) {
    check('7.1: a given globallyUniqueId is kept on a single server', async () => {
      const name = named();
      const globallyUniqueId = `hABC/${fresh('x')}`;
      await restoreCollection({ name, globallyUniqueId });
      expect((await target.ask(`GET /_api/collection/${name}`)).at('globallyUniqueId')).toBe(globallyUniqueId);
    });
    return;
  }

  check('7.1: the number of shards is that of the given ones, the strategy not hash unless given', async () => {
    const [plain, hashed] = [named(), named()];
    await restoreCollection({ name: plain, shards: { s1: [], s2: [] } });
    const properties = await target.ask(`GET /_api/collection/${plain}/properties`);
    expect(properties.at('numberOfShards')).toBe(2);
    expect(properties.at('shardingStrategy')).toMatch(/^(community|enterprise)-compat$/);
    await restoreCollection({ name: hashed, numberOfShards: 3, shardingStrategy: 'hash' });
    const given = await target.ask(`GET /_api/collection/${hashed}/properties`);
    expect(given.body).toMatchObject({ numberOfShards: 3, shardingStrategy: 'hash' });
  });

  check('7.1: a cluster refuses an unknown prototype (1486), a bad type (1218), too many replicas (1487)', async () => {
    expectRefusal(await restoreCollection({ name: named(), distributeShardsLike: 'no_such' }), 500, 1486);
    expectRefusal(await restoreCollection({ name: named(), type: 7 }), 400, 1218);
    expectRefusal(await restoreCollection({ name: named(), replicationFactor: 9 }), 500, 1487);
  });

  check('7.1: clusterInventory restores to an equal collection', async () => {
    const shards = { numberOfShards: 3, shardKeys: ['a'] };
    const name = await target.collection(shards);
    const inventory = await target.ask(`GET /_api/replication/clusterInventory?collection=${name}`);
    const { parameters } = inventory.at('collections.0') as { parameters: Record<string, unknown> };
    const copy = named();
    expect((await restoreCollection({ ...parameters, name: copy })).status).toBe(200);
    const properties = await target.ask(`GET /_api/collection/${copy}/properties`);
    expect(properties.body).toMatchObject({ ...shards, shardingStrategy: 'hash' });
  });
}
