import { expect } from 'vitest';
import { expectRefusal } from '../answer.ts';
import { fresh } from '../names.ts';
import type { Target } from '../target.ts';

/** Reference 3.1. */
export function defineDatabases(target: Target): void {
  const { check, isCluster } = target;

  check('3.1: POST database answers 201 with result true', async () => {
    const name = fresh('d');
    target.dropLater(`/_api/database/${name}`);
    const answer = await target.ask('POST /_api/database', { name });
    expect([answer.status, answer.body]).toEqual([201, { error: false, code: 201, result: true }]);
  });

  check('3.1: GET database lists names, _system among them', async () => {
    const name = await target.database();
    const answer = await target.ask('GET /_api/database');
    expect(answer.body).toMatchObject({ error: false, code: 200, result: expect.arrayContaining(['_system', name]) });
  });

  check('3.1: GET database/user lists what the caller may read', async () => {
    const name = await target.database();
    expect((await target.ask('GET /_api/database/user')).at('result')).toContain(name);
  });

  check('3.1: GET database/current tells the id and, in clusters, the sharding', async () => {
    const name = await target.database();
    const result = (await target.ask(`GET /_db/${name}/_api/database/current`)).at('result');
    const cluster = { sharding: '', replicationFactor: 1, writeConcern: 1, path: '' };
    expect(result).toMatchObject({ name, isSystem: false, id: expect.stringMatching(/^\d+$/) });
    expect(result).toMatchObject(isCluster ? cluster : { path: expect.any(String) });
  });

  check('3.1: the id of _system is "1"', async () => {
    const answer = await target.ask('GET /_api/database/current');
    expect(answer.at('result')).toMatchObject({ id: '1', name: '_system', isSystem: true });
  });

  check('3.1: an existing name is 409/1207', async () => {
    const name = await target.database();
    expectRefusal(await target.ask('POST /_api/database', { name }), 409, 1207);
  });

  check('3.1: a bad name is 400/1208', async () => {
    for (const name of ['', 'a/b', '_hidden', '1a', ' a']) {
      expectRefusal(await target.ask('POST /_api/database', { name }), 400, 1208);
    }
  });

  check('3.1: extended names work, percent-encoded in paths', async () => {
    const name = `${fresh('d')} ü%.$`;
    target.dropLater(`/_api/database/${encodeURIComponent(name)}`);
    expect((await target.ask('POST /_api/database', { name })).status).toBe(201);
    const answer = await target.ask(`GET /_db/${encodeURIComponent(name)}/_api/database/current`);
    expect(answer.at('result.name')).toBe(name);
  });

  check('3.1: a name that is not NFC-normalised is refused', async () => {
    const name = `${fresh('d')}u\u0308`;
    target.dropLater(`/_api/database/${encodeURIComponent(name)}`);
    expectRefusal(await target.ask('POST /_api/database', { name }), 400, 1208);
  });

  check('3.1: DELETE database answers 200, then 404/1228', async () => {
    const name = await target.database();
    const answer = await target.ask(`DELETE /_api/database/${name}`);
    expect([answer.status, answer.body]).toEqual([200, { error: false, code: 200, result: true }]);
    expectRefusal(await target.ask(`DELETE /_api/database/${name}`), 404, 1228);
    expectRefusal(await target.ask(`GET /_db/${name}/_api/collection`), 404, 1228);
  });

  check('3.1: _system cannot be dropped: 403/11', async () => {
    expectRefusal(await target.ask('DELETE /_api/database/_system'), 403, 11);
  });

  check('3.6: a new database has its system collections and no _users', async () => {
    const name = await target.database();
    const answer = await target.ask(`GET /_db/${name}/_api/collection`);
    const names = (answer.at('result') as { name: string }[]).map((collection) => collection.name);
    expect(names).toEqual(expect.arrayContaining(['_graphs', '_analyzers', '_aqlfunctions']));
    expect(names).not.toContain('_users');
  });

  if (!isCluster) return;

  check('3.1: a replication factor above the number of DB-Servers is 500/1487', async () => {
    const options = { replicationFactor: 9, writeConcern: 1 };
    expectRefusal(await target.ask('POST /_api/database', { name: fresh('d'), options }), 500, 1487);
  });

  check('3.1: a OneShard database forces one shard like its prototype', async () => {
    const base = `/_db/${await target.database({ options: { sharding: 'single' } })}`;
    const collection = await target.collection({ numberOfShards: 5 }, base);
    const properties = await target.ask(`GET ${base}/_api/collection/${collection}/properties`);
    expect(properties.body).toMatchObject({ numberOfShards: 1, distributeShardsLike: '_graphs' });
  });
}
