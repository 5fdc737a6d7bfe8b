import { expect } from 'vitest';
import { expectRefusal } from '../answer.ts';
import type { Target } from '../target.ts';

/** Reference 3.3. */
export function defineIndexes(target: Target): void {
  const { check, isCluster } = target;
  const make = (collection: string, body: unknown) => target.ask(`POST /_api/index?collection=${collection}`, body);

  check('3.3: every collection has the primary index', async () => {
    const name = await target.collection();
    const answer = await target.ask(`GET /_api/index?collection=${name}`);
    const primary = {
      fields: ['_key'],
      id: `${name}/0`,
      name: 'primary',
      sparse: false,
      type: 'primary',
      unique: true,
    };
    expect(answer.at('indexes')).toEqual([{ ...primary, selectivityEstimate: 1 }]);
    expect(answer.at('identifiers')).toHaveProperty([`${name}/0`, 'name'], 'primary');
  });

  check('3.3: an edge collection has one edge index at the API', async () => {
    const name = await target.collection({ type: 3 });
    const indexes = (await target.ask(`GET /_api/index?collection=${name}`)).at('indexes');
    expect(indexes).toMatchObject([{ type: 'primary' }, { id: `${name}/2`, type: 'edge', fields: ['_from', '_to'] }]);
  });

  check('3.3: a new index is 201 and isNewlyCreated, an equal one 200 and not', async () => {
    const name = await target.collection();
    const first = await make(name, { type: 'persistent', fields: ['a'] });
    const again = await make(name, { type: 'persistent', fields: ['a'] });
    expect([first.status, first.at('isNewlyCreated')]).toEqual([201, true]);
    expect([again.status, again.at('isNewlyCreated'), again.at('id')]).toEqual([200, false, first.at('id')]);
  });

  check('3.3: a persistent index answers all its attributes', async () => {
    const name = await target.collection();
    const { body } = await make(name, { type: 'persistent', fields: ['a', 'b.c'], name: 'mine' });
    expect(body).toMatchObject({
      cacheEnabled: false,
      deduplicate: true,
      estimates: true,
      fields: ['a', 'b.c'],
      id: expect.stringMatching(new RegExp(`^${name}/\\d+$`)),
      name: 'mine',
      selectivityEstimate: 1,
      sparse: false,
      type: 'persistent',
      unique: false,
      code: 201,
      error: false,
    });
  });

  check('3.3: unique and sparse make four different indexes', async () => {
    const name = await target.collection();
    for (const unique of [false, true]) {
      for (const sparse of [false, true]) {
        const fields = ['_key', 'a'];
        expect((await make(name, { type: 'persistent', fields, unique, sparse })).status).toBe(201);
      }
    }
  });

  check('3.3: a name alone does not make an index new', async () => {
    const name = await target.collection();
    await make(name, { type: 'persistent', fields: ['a'], name: 'one' });
    const again = await make(name, { type: 'persistent', fields: ['a'], name: 'two' });
    expect([again.status, again.at('name')]).toEqual([200, 'one']);
  });

  check('3.3: a name used for another definition is refused', async () => {
    const name = await target.collection();
    await make(name, { type: 'persistent', fields: ['a'], name: 'one' });
    const other = await make(name, { type: 'persistent', fields: ['b'], name: 'one' });
    expect([1005, 1207]).toContain(other.at('errorNum'));
    expect([409, 500]).toContain(other.status);
  });

  check('3.3: a default name is idx_ and a number', async () => {
    const { body } = await make(await target.collection(), { type: 'persistent', fields: ['a'] });
    expect(body).toMatchObject({ name: expect.stringMatching(/^idx_\d+$/) });
  });

  check('3.3: an index is read by id and by name', async () => {
    const name = await target.collection();
    const id = (await make(name, { type: 'persistent', fields: ['a'], name: 'mine' })).textAt('id');
    expect((await target.ask(`GET /_api/index/${id}`)).body).toMatchObject({ id, error: false, code: 200 });
    expect((await target.ask(`GET /_api/index/${name}/mine`)).at('id')).toBe(id);
  });

  check('3.3: DELETE index answers its id, then 404/1212', async () => {
    const name = await target.collection();
    const id = (await make(name, { type: 'persistent', fields: ['a'] })).textAt('id');
    expect((await target.ask(`DELETE /_api/index/${id}`)).body).toEqual({ id, error: false, code: 200 });
    expectRefusal(await target.ask(`DELETE /_api/index/${id}`), 404, 1212);
  });

  check('3.3: the primary index cannot be dropped: 403/11', async () => {
    expectRefusal(await target.ask(`DELETE /_api/index/${await target.collection()}/0`), 403, 11);
  });

  check('3.3: GET index without a collection is 400/1204, of an unknown one 404/1203', async () => {
    expectRefusal(await target.ask('GET /_api/index'), 400, 1204);
    expectRefusal(await target.ask('GET /_api/index?collection=no_such'), 404, 1203);
  });

  check('3.3: a ttl index is sparse and has expireAfter, geo its cover cells', async () => {
    const name = await target.collection();
    const ttl = await make(name, { type: 'ttl', fields: ['t'], expireAfter: 3600 });
    expect(ttl.body).toMatchObject({ type: 'ttl', expireAfter: 3600, sparse: true, estimates: false });
    const geo = await make(name, { type: 'geo', fields: ['g'], geoJson: true });
    expect(geo.body).toMatchObject({ geoJson: true, sparse: true, maxNumCoverCells: 8, legacyPolygons: false });
  });

  check('3.3: an inverted index answers its defaults, of 3.12.7 on without segmentsMin', async () => {
    const { body } = await make(await target.collection(), { type: 'inverted', fields: ['a'] });
    const consolidationPolicy = {
      type: 'tier',
      segmentsBytesMax: 8589934592,
      maxSkewThreshold: 0.4,
      minDeletionRatio: 0.5,
    };
    expect(body).toMatchObject({ analyzer: 'identity', fields: [{ name: 'a' }], consolidationIntervalMsec: 5000 });
    expect(body).toHaveProperty('consolidationPolicy', consolidationPolicy);
  });

  check('3.3: a field name ending in : is refused', async () => {
    const answer = await make(await target.collection(), { type: 'persistent', fields: ['a:'] });
    expect(answer.status).toBe(400);
  });

  check('3.3: a unique index over violating data is 409/1210 and not made', async () => {
    const name = await target.collection();
    await target.ask(`POST /_api/document/${name}`, [{ a: 1 }, { a: 1 }]);
    expectRefusal(await make(name, { type: 'persistent', fields: ['a'], unique: true }), 409, 1210);
    expect(await indexCount(name)).toBe(1);
  });

  check('3.3: a unique index refuses a second document of the same value, and lets it in after a removal', async () => {
    const name = await target.collection();
    await make(name, { type: 'persistent', fields: ['a'], unique: true });
    await target.ask(`POST /_api/document/${name}`, { _key: 'k', a: 1 });
    expectRefusal(await target.ask(`POST /_api/document/${name}`, { a: 1 }), 409, 1210);
    await target.ask(`DELETE /_api/document/${name}/k`);
    expect((await target.ask(`POST /_api/document/${name}`, { a: 1 })).status).toBe(202);
  });

  check('3.3: a sparse unique index lets documents without the attribute in', async () => {
    const name = await target.collection();
    await make(name, { type: 'persistent', fields: ['a'], unique: true, sparse: true });
    const answer = await target.ask(`POST /_api/document/${name}`, [{}, {}, { a: null }, { a: null }]);
    expect(answer.header('x-arango-error-codes')).toBe('');
  });

  if (isCluster) {
    check('3.3: a unique index without the shard keys is 501/1470 over several shards', async () => {
      const name = await target.collection({ numberOfShards: 2 });
      expectRefusal(await make(name, { type: 'persistent', fields: ['a'], unique: true }), 501, 1470);
    });
  }

  async function indexCount(name: string): Promise<number> {
    return ((await target.ask(`GET /_api/index?collection=${name}`)).at('indexes') as unknown[]).length;
  }
}
