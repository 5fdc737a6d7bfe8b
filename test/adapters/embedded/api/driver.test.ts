import { aql, Database } from 'arangojs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedDeployment, startEmbedded } from '../../../../src/adapters/embedded/index.ts';

describe.each(['single', 'cluster'] as const)('arangojs with a %s', (mode) => {
  let deployment: EmbeddedDeployment;
  let db: Database;

  beforeAll(async () => {
    deployment = await startEmbedded({ mode, auth: { jwtSecret: 'one', rootPassword: 'secret' } });
    db = new Database({ url: [...deployment.endpoints], auth: { username: 'root', password: 'secret' } });
  });
  afterAll(async () => {
    db.close();
    await deployment.stop();
  });

  test('logs in', async () => {
    const other = new Database({ url: [...deployment.endpoints] });
    expect(await other.login('root', 'secret')).toBeTypeOf('string');
    expect((await other.version()).version).toBe('3.12.10');
    other.close();
  });

  test('makes and finds collections, indexes, views, analyzers', async () => {
    const books = db.collection('books');
    expect(await books.exists()).toBe(false);
    await books.create();
    expect(await books.exists()).toBe(true);
    const index = await books.ensureIndex({ type: 'persistent', fields: ['title'], unique: false });
    expect(index).toMatchObject({ isNewlyCreated: true, type: 'persistent' });
    expect(await books.indexes()).toHaveLength(2);
    await books.dropIndex(index.id);
    const view = db.view('shelf');
    expect(await view.exists()).toBe(false);
    await view.create({ type: 'arangosearch', links: { books: { includeAllFields: true } } });
    expect(await view.exists()).toBe(true);
    expect(await view.properties()).toMatchObject({ name: 'shelf', primarySortCompression: 'lz4' });
    await view.drop();
    const analyzer = db.analyzer('words');
    expect(await analyzer.exists()).toBe(false);
    await analyzer.create({ type: 'delimiter', properties: { delimiter: ' ' } });
    expect(await analyzer.get()).toMatchObject({ name: '_system::words', type: 'delimiter' });
    await analyzer.drop();
  });

  test('keeps a graph with vertices and edges', async () => {
    const graph = db.graph('social');
    expect(await graph.exists()).toBe(false);
    await graph.create([{ collection: 'knows', from: ['people'], to: ['people'] }]);
    expect(await graph.listVertexCollections()).toEqual(['people']);
    const people = graph.vertexCollection('people');
    const ann = await people.save({ _key: 'ann', age: 1 });
    expect(ann._id).toBe('people/ann');
    await people.save({ _key: 'bob' });
    const edge = await graph.edgeCollection('knows').save({ _from: 'people/ann', _to: 'people/bob' });
    await people.update('ann', { age: 2 });
    expect(await people.vertex('ann')).toMatchObject({ age: 2 });
    expect(await graph.edgeCollection('knows').edgeExists(edge._key)).toBe(true);
    expect((await db.collection('knows').outEdges('people/ann')).edges).toHaveLength(1);
    await people.remove('ann');
    expect(await graph.edgeCollection('knows').edgeExists(edge._key)).toBe(false);
    expect((await db.graphs()).map(({ name }) => name)).toEqual(['social']);
    await graph.drop(true);
    expect(await db.collection('people').exists()).toBe(false);
  });

  test('imports, and runs a transaction', async () => {
    const rows = db.collection('rows');
    await rows.create();
    expect(await rows.import([{ _key: 'a' }, { _key: 'b' }])).toMatchObject({ created: 2, errors: 0 });
    const trx = await db.beginTransaction({ write: [rows] });
    await trx.step(() => rows.save({ _key: 'c' }));
    expect((await rows.count()).count).toBe(2);
    expect((await trx.commit()).status).toBe('committed');
    expect((await rows.count()).count).toBe(3);
    expect(await db.transactions()).toEqual([]);
    expect(await db.transaction('nonsense').exists()).toBe(false);
  });

  test('keeps users and their rights', async () => {
    await db.createUser('eve', { passwd: 'e' });
    await db.setUserAccessLevel('eve', { database: '_system' }, 'ro');
    expect(await db.getUserAccessLevel('eve', { database: '_system' })).toBe('ro');
    expect((await db.getUser('eve')).active).toBe(true);
    await db.updateUser('eve', { extra: { a: 1 } });
    expect((await db.getUser('eve')).extra).toEqual({ a: 1 });
    await db.clearUserAccessLevel('eve', { database: '_system' });
    expect(await db.getUserDatabases('eve')).toEqual({});
    await db.removeUser('eve');
    await expect(db.getUser('eve')).rejects.toMatchObject({ errorNum: 1703, code: 404 });
  });

  test('runs a job', async () => {
    const job = await db.createJob(() => db.version());
    await expect.poll(async () => job.isLoaded || (await job.load()) !== undefined).toBe(true);
    expect(job.result).toMatchObject({ version: '3.12.10' });
  });

  test('is told that there is no AQL', async () => {
    await expect(db.query(aql`RETURN 1`)).rejects.toMatchObject({ code: 501, errorNum: 9 });
  });
});
