import { expect } from 'vitest';
import { expectRefusal } from '../answer.ts';
import { fresh } from '../names.ts';
import type { Target } from '../target.ts';

/** Reference 3.2. */
export function defineCollections(target: Target): void {
  const { check, isCluster } = target;

  check('3.2: POST collection answers 200 with all properties', async () => {
    const name = fresh('c');
    target.dropLater(`/_api/collection/${name}`);
    const answer = await target.ask('POST /_api/collection', { name });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      error: false,
      code: 200,
      name,
      type: 2,
      status: 3,
      statusString: 'loaded',
      isSystem: false,
      waitForSync: false,
      cacheEnabled: false,
      writeConcern: 1,
      schema: null,
      computedValues: null,
      keyOptions: { allowUserKeys: true, type: 'traditional' },
      syncByRevision: true,
      usesRevisionsAsDocumentIds: true,
      supportsRBAC: true,
      isSmartChild: false,
      internalValidatorType: 0,
      id: expect.stringMatching(/^\d+$/),
    });
  });

  check(`3.2: ${isCluster ? 'a cluster tells sharding, no objectId' : 'a single server tells objectId'}`, async () => {
    const { body } = await target.ask(`GET /_api/collection/${await target.collection()}/properties`);
    if (!isCluster) {
      expect(body).toMatchObject({ objectId: expect.any(String), keyOptions: { lastValue: 0 } });
      expect(body).not.toHaveProperty('shardKeys');
      return;
    }
    const sharding = { numberOfShards: 1, shardKeys: ['_key'], replicationFactor: 1, minReplicationFactor: 1 };
    expect(body).toMatchObject({ ...sharding, shardingStrategy: 'hash', isSmart: false, isDisjoint: false });
    expect(body).not.toHaveProperty('objectId');
    expect(body).not.toHaveProperty('keyOptions.lastValue');
  });

  check('3.2: the globallyUniqueId has the form of the mode', async () => {
    const answer = await target.ask(`GET /_api/collection/${await target.collection()}`);
    const id = answer.textAt('id');
    expect(answer.textAt('globallyUniqueId')).toMatch(new RegExp(isCluster ? `^c${id}/$` : `^h[0-9A-F]+/${id}$`));
  });

  check('3.2: GET collection answers the basic attributes only', async () => {
    const name = await target.collection();
    const { body } = await target.ask(`GET /_api/collection/${name}`);
    const attributes = ['code', 'error', 'globallyUniqueId', 'id', 'isSystem', 'name', 'status', 'type'];
    expect(Object.keys(body as object).sort()).toEqual(attributes);
  });

  check('3.2: a collection is found by its id too', async () => {
    const name = await target.collection();
    const id = (await target.ask(`GET /_api/collection/${name}`)).textAt('id');
    expect((await target.ask(`GET /_api/collection/${id}`)).at('name')).toBe(name);
  });

  check('3.2: GET collections lists them, without system ones on demand', async () => {
    const name = await target.collection();
    const names = async (query: string) =>
      ((await target.ask(`GET /_api/collection${query}`)).at('result') as { name: string }[]).map((c) => c.name);
    expect(await names('')).toEqual(expect.arrayContaining([name, '_graphs']));
    expect((await names('?excludeSystem=true')).filter((each) => each.startsWith('_'))).toEqual([]);
  });

  check('3.2: an unknown collection is 404/1203', async () => {
    expectRefusal(await target.ask('GET /_api/collection/no_such'), 404, 1203);
    expectRefusal(await target.ask('GET /_api/collection/no_such/no-such-sub-resource'), 404, 1203);
    expectRefusal(await target.ask('DELETE /_api/collection/no_such'), 404, 1203);
  });

  check('3.2: an existing name is 409/1207', async () => {
    expectRefusal(await target.ask('POST /_api/collection', { name: await target.collection() }), 409, 1207);
  });

  check('3.2: no name, no object, or a leading _ is 400/1208', async () => {
    expectRefusal(await target.ask('POST /_api/collection', {}), 400, 1208);
    expectRefusal(await target.ask('POST /_api/collection', []), 400, 1208);
    expectRefusal(await target.ask('POST /_api/collection', { name: `_${fresh('c')}` }), 400, 1208);
  });

  check('3.2: isSystem allows a leading _, and a drop needs the flag', async () => {
    const name = `_${fresh('c')}`;
    target.dropLater(`/_api/collection/${name}?isSystem=true`);
    expect((await target.ask('POST /_api/collection', { name, isSystem: true })).at('isSystem')).toBe(true);
    expectRefusal(await target.ask(`DELETE /_api/collection/${name}`), 403, 11);
    expect((await target.ask(`DELETE /_api/collection/${name}?isSystem=true`)).status).toBe(200);
  });

  check('3.2: any type but 3 counts as 2', async () => {
    const typeOf = async (type: unknown) =>
      (await target.ask(`GET /_api/collection/${await target.collection({ type })}`)).at('type');
    expect([await typeOf(3), await typeOf('edge'), await typeOf(7)]).toEqual([3, 3, 2]);
  });

  check('3.2: internal and unknown attributes of a creation are ignored', async () => {
    const name = await target.collection({ globallyUniqueId: 'mine', id: '4711', whatever: true });
    const { body } = await target.ask(`GET /_api/collection/${name}/properties`);
    expect(body).not.toMatchObject({ globallyUniqueId: 'mine' });
    expect(body).not.toMatchObject({ id: '4711' });
    expect(body).not.toHaveProperty('whatever');
  });

  check('3.2: a schema is read back, a bad one is 400/1621', async () => {
    const schema = { rule: { properties: { n: { type: 'number' } } }, level: 'strict', message: 'no' };
    const name = await target.collection({ schema });
    expect((await target.ask(`GET /_api/collection/${name}/properties`)).at('schema')).toMatchObject(schema);
    expectRefusal(await target.ask('POST /_api/collection', { name: fresh('c'), schema: { rule: 1 } }), 400, 1621);
  });

  check('3.2: GET and PUT answers of sub-resources have a location', async () => {
    const name = await target.collection();
    const path = `/_db/_system/_api/collection/${name}`;
    expect((await target.ask(`GET /_api/collection/${name}/count`)).header('location')).toBe(`${path}/count`);
    expect((await target.ask(`PUT /_api/collection/${name}/truncate`)).header('location')).toBe(`${path}/truncate`);
    expect((await target.ask(`GET /_api/collection/${name}`)).header('location')).toBe('');
  });

  check('3.2: PUT properties applies what may change and ignores the rest', async () => {
    const name = await target.collection();
    const change = { waitForSync: true, cacheEnabled: true, type: 3, keyOptions: { type: 'uuid' } };
    const answer = await target.ask(`PUT /_api/collection/${name}/properties`, change);
    expect(answer.body).toMatchObject({ waitForSync: true, cacheEnabled: true, type: 2 });
    expect(answer.at('keyOptions.type')).toBe('traditional');
  });

  check('3.2: count tells the number of documents', async () => {
    const name = await target.collection(isCluster ? { numberOfShards: 3 } : {});
    await target.ask(`POST /_api/document/${name}`, [{}, {}, {}, {}]);
    const answer = await target.ask(`GET /_api/collection/${name}/count`);
    expect(answer.body).toMatchObject({ error: false, code: 200, count: 4, name });
  });

  check('3.2: figures tell count and indexes', async () => {
    const answer = await target.ask(`GET /_api/collection/${await target.collection()}/figures`);
    expect(answer.body).toMatchObject({ count: 0, figures: { indexes: { count: 1 }, cacheInUse: false } });
  });

  check('3.2: the checksum is a decimal text and changes with the data', async () => {
    const name = await target.collection();
    const checksum = async () =>
      (await target.ask(`GET /_api/collection/${name}/checksum?withRevisions=true`)).textAt('checksum');
    const before = await checksum();
    await target.ask(`POST /_api/document/${name}`, {});
    const after = await checksum();
    expect([before, after]).toEqual([expect.stringMatching(/^\d+$/), expect.stringMatching(/^\d+$/)]);
    expect(after).not.toBe(before);
  });

  check('3.2: truncate removes all and answers the basic attributes', async () => {
    const name = await target.collection();
    await target.ask(`POST /_api/document/${name}`, [{}, {}]);
    const answer = await target.ask(`PUT /_api/collection/${name}/truncate`);
    expect(answer.body).toMatchObject({ error: false, code: 200, name, status: 3 });
    expect((await target.ask(`GET /_api/collection/${name}/count`)).at('count')).toBe(0);
  });

  check('3.2: DELETE answers the id', async () => {
    const name = await target.collection();
    const id = (await target.ask(`GET /_api/collection/${name}`)).textAt('id');
    const answer = await target.ask(`DELETE /_api/collection/${name}`);
    expect([answer.status, answer.body]).toEqual([200, { error: false, code: 200, id }]);
  });

  check('3.2: an unknown sub-resource is 404/404, a wrong number of path parts 400/400', async () => {
    const name = await target.collection();
    expectRefusal(await target.ask(`GET /_api/collection/${name}/no-such`), 404, 404);
    expectRefusal(await target.ask(`PUT /_api/collection/${name}`, {}), 400, 400);
    expectRefusal(await target.ask(`GET /_api/collection/${name}/a/b`), 400, 400);
  });

  if (isCluster) defineSharding(target);
  else defineSingle(target);
}

function defineSingle(target: Target): void {
  const { check } = target;

  check('3.2: rename keeps id and documents, on a single server', async () => {
    const name = await target.collection();
    await target.ask(`POST /_api/document/${name}`, { _key: 'k' });
    const renamed = fresh('c');
    target.dropLater(`/_api/collection/${renamed}`);
    expect((await target.ask(`PUT /_api/collection/${name}/rename`, { name: renamed })).at('name')).toBe(renamed);
    expect((await target.ask(`GET /_api/document/${renamed}/k`)).at('_id')).toBe(`${renamed}/k`);
    expectRefusal(await target.ask(`GET /_api/collection/${name}`), 404, 1203);
  });

  check('3.2: shards of a collection are 501/9 on a single server', async () => {
    expectRefusal(await target.ask(`GET /_api/collection/${await target.collection()}/shards`), 501, 9);
  });

  check('3.2: responsibleShard is 501/1471 on a single server', async () => {
    const name = await target.collection();
    expectRefusal(await target.ask(`PUT /_api/collection/${name}/responsibleShard`, { _key: 'k' }), 501, 1471);
  });
}

function defineSharding(target: Target): void {
  const { check } = target;

  check('3.2: shards lists names, with details their servers', async () => {
    const name = await target.collection({ numberOfShards: 3 });
    const shards = (await target.ask(`GET /_api/collection/${name}/shards`)).at('shards') as string[];
    const details = (await target.ask(`GET /_api/collection/${name}/shards?details=true`)).at('shards');
    expect(shards.filter((shard) => /^s\d+$/.test(shard)).length).toBe(3);
    expect(Object.keys(details as object).sort()).toEqual([...shards].sort());
    expect(Object.values(details as object).flat()).toEqual(Array(3).fill(expect.stringMatching(/^PRMR-/)));
  });

  check('3.2: responsibleShard is one of the shards, and the same for the same key', async () => {
    const name = await target.collection({ numberOfShards: 3 });
    const shards = (await target.ask(`GET /_api/collection/${name}/shards`)).at('shards');
    const shardOf = async (body: unknown) =>
      (await target.ask(`PUT /_api/collection/${name}/responsibleShard`, body)).textAt('shardId');
    expect(shards).toContain(await shardOf({ _key: 'k' }));
    expect(await shardOf('k')).toBe(await shardOf({ _key: 'k' }));
  });

  check('3.2: collections of equal sharding put a key into the shard of equal rank', async () => {
    const rank = async (key: string, name: string) => {
      const shards = (await target.ask(`GET /_api/collection/${name}/shards`)).at('shards') as string[];
      const { body } = await target.ask(`PUT /_api/collection/${name}/responsibleShard`, { _key: key });
      const sorted = shards.sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
      return sorted.indexOf((body as { shardId: string }).shardId);
    };
    const [a, b] = [await target.collection({ numberOfShards: 5 }), await target.collection({ numberOfShards: 5 })];
    for (const key of ['a', 'b', 'c', '1', '2', 'some longer key'.replaceAll(' ', '-')]) {
      expect(await rank(key, a)).toBe(await rank(key, b));
    }
  });

  check('3.2: rename is 501/1470 in a cluster', async () => {
    const name = await target.collection();
    expectRefusal(await target.ask(`PUT /_api/collection/${name}/rename`, { name: fresh('c') }), 501, 1470);
  });

  check('3.2: replicationFactor above the DB-Servers is 500/1487', async () => {
    expectRefusal(await target.ask('POST /_api/collection', { name: fresh('c'), replicationFactor: 9 }), 500, 1487);
  });

  check('3.2: writeConcern above replicationFactor is 400/10', async () => {
    const body = { name: fresh('c'), replicationFactor: 1, writeConcern: 2 };
    expectRefusal(await target.ask('POST /_api/collection', body), 400, 10);
  });

  check('3.2: bad numberOfShards and shardKeys are 400/10', async () => {
    expectRefusal(await target.ask('POST /_api/collection', { name: fresh('c'), numberOfShards: 'x' }), 400, 10);
    expectRefusal(await target.ask('POST /_api/collection', { name: fresh('c'), shardKeys: [1] }), 400, 10);
  });

  check('3.2: an unknown prototype is 500/1486', async () => {
    const body = { name: fresh('c'), distributeShardsLike: 'no_such' };
    expectRefusal(await target.ask('POST /_api/collection', body), 500, 1486);
  });

  check('3.2: a prototype is told by name, chained to none (1484), and not dropped (1485)', async () => {
    const prototype = await target.collection({ numberOfShards: 2 });
    const follower = await target.collection({ numberOfShards: 2, distributeShardsLike: prototype });
    const properties = await target.ask(`GET /_api/collection/${follower}/properties`);
    expect(properties.at('distributeShardsLike')).toBe(prototype);
    const chained = { name: fresh('c'), numberOfShards: 2, distributeShardsLike: follower };
    expectRefusal(await target.ask('POST /_api/collection', chained), 500, 1484);
    expectRefusal(await target.ask(`DELETE /_api/collection/${prototype}`), 500, 1485);
    await target.ask(`DELETE /_api/collection/${follower}`);
  });
}
