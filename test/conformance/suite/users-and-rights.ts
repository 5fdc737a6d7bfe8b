import { expect } from 'vitest';
import { expectRefusal } from '../answer.ts';
import { fresh } from '../names.ts';
import type { Target } from '../target.ts';

/** Reference 1.5, 1.6, 3.5 and 8: users, tokens, grants and what they allow. */
export function defineUsersAndRights(target: Target): void {
  const { check } = target;

  check('3.5: POST user answers 201 with user, active and extra', async () => {
    const user = fresh('u');
    target.dropLater(`/_api/user/${user}`);
    const answer = await target.ask('POST /_api/user', { user, passwd: 'p' });
    expect([answer.status, answer.body]).toEqual([201, { user, active: true, extra: {}, code: 201, error: false }]);
  });

  check('3.5: an existing user is 409/1702, an unknown one 404/1703', async () => {
    const { user } = await target.user();
    expectRefusal(await target.ask('POST /_api/user', { user }), 409, 1702);
    expectRefusal(await target.ask('GET /_api/user/no_such'), 404, 1703);
  });

  check('3.5: DELETE user answers 202', async () => {
    const { user } = await target.user();
    const answer = await target.ask(`DELETE /_api/user/${user}`);
    expect([answer.status, answer.body]).toEqual([202, { error: false, code: 202 }]);
    expectRefusal(await target.ask(`DELETE /_api/user/${user}`), 404, 1703);
  });

  check('3.5: PATCH merges extra, PUT replaces it', async () => {
    const { user } = await target.user();
    await target.ask(`PATCH /_api/user/${user}`, { extra: { a: 1 } });
    expect((await target.ask(`PATCH /_api/user/${user}`, { extra: { b: 2 } })).at('extra')).toEqual({ a: 1, b: 2 });
    const replaced = await target.ask(`PUT /_api/user/${user}`, { passwd: 'p', extra: { c: 3 } });
    expect([replaced.status, replaced.at('extra')]).toEqual([200, { c: 3 }]);
  });

  check('3.5: GET user lists all', async () => {
    const { user } = await target.user();
    const answer = await target.ask('GET /_api/user');
    expect(answer.at('result')).toContainEqual({ user, active: true, extra: {} });
  });

  check('3.5: a grant is answered under its database and collection', async () => {
    const database = await target.database();
    const { user } = await target.user();
    const path = `/_api/user/${user}/database/${database}`;
    const granted = await target.ask(`PUT ${path}`, { grant: 'ro' });
    expect([granted.status, granted.body]).toEqual([200, { [database]: 'ro', code: 200, error: false }]);
    const collection = await target.collection({}, `/_db/${database}`);
    const finer = await target.ask(`PUT ${path}/${collection}`, { grant: 'rw' });
    expect(finer.at(`${database}/${collection}`)).toBe('rw');
    const removed = await target.ask(`DELETE ${path}`);
    expect([removed.status, removed.body]).toEqual([202, { error: false, code: 202 }]);
  });

  check('1.6: a database level is told, and the short list has it', async () => {
    const database = await target.database();
    const { user } = await target.user({ [database]: 'ro' });
    expect((await target.ask(`GET /_api/user/${user}/database/${database}`)).body).toEqual({
      error: false,
      code: 200,
      result: 'ro',
    });
    expect((await target.ask(`GET /_api/user/${user}/database`)).at('result')).toMatchObject({ [database]: 'ro' });
  });

  check('3.5: the full list has configured levels with collections', async () => {
    const database = await target.database();
    const { user } = await target.user({ [database]: 'rw' });
    const full = (await target.ask(`GET /_api/user/${user}/database?full=true`)).at('result');
    expect(full).toMatchObject({ [database]: { permission: 'rw', collections: { '*': 'undefined' } }, '*': {} });
  });

  check('1.6: the wildcard counts where nothing is granted', async () => {
    const database = await target.database();
    const { user } = await target.user({ '*': 'ro' });
    expect((await target.ask(`GET /_api/user/${user}/database/${database}`)).at('result')).toBe('ro');
  });

  check('3.1: users of a new database get rw on it', async () => {
    const { user } = await target.user();
    const database = await target.database({ users: [{ username: user }] });
    expect((await target.ask(`GET /_api/user/${user}/database/${database}`)).at('result')).toBe('rw');
  });

  check('1.5: POST token is 200 with the token, GET without it, DELETE 200', async () => {
    const { user } = await target.user();
    const body = { name: 'mine', valid_until: 4_000_000_000 };
    const made = await target.ask(`POST /_api/token/${user}`, body);
    expect(made.status).toBe(200);
    expect(made.body).toMatchObject({ id: 1, ...body, active: true, token: expect.stringMatching(/^v1\.[0-9a-f]+$/) });
    const [listed] = (await target.ask(`GET /_api/token/${user}`)).at('tokens') as object[];
    expect(listed).toMatchObject({ id: 1, name: 'mine' });
    expect(listed).not.toHaveProperty('token');
    expect((await target.ask(`DELETE /_api/token/${user}/1`)).status).toBe(200);
    expect((await target.ask(`DELETE /_api/token/${user}/1`)).status).toBe(200);
  });

  check('3.5: PUT user resets the grants', async () => {
    const database = await target.database();
    const { user } = await target.user({ [database]: 'rw' });
    await target.ask(`PUT /_api/user/${user}`, { passwd: 'p' });
    const full = (await target.ask(`GET /_api/user/${user}/database?full=true`)).at('result');
    expect(full).toMatchObject({ [database]: { permission: 'undefined' } });
  });

  if (target.authentication) defineRights(target);
  if (target.hasSuperuser && target.storageReachable) defineRestoredUsers(target);
}

/** 7.4 on `_users`. */
function defineRestoredUsers(target: Target): void {
  const { check } = target;
  const restore = (...lines: readonly string[]) =>
    target.request({
      method: 'PUT',
      path: '/_api/replication/restore-data?collection=_users',
      text: lines.join('\n'),
      as: 'superuser',
    });
  /** The document of a user, word for word. */
  const stored = async (user: string): Promise<string> => {
    const home = await target.home('_users', '', 'superuser');
    const id = (await home.ask('POST /_api/replication/batch', { ttl: 60 })).textAt('id');
    const query = `collection=${home.name}&batchId=${id}&useEnvelope=false&chunkSize=10000000`;
    const { text } = await home.ask(`GET /_api/replication/dump?${query}`);
    await home.ask(`DELETE /_api/replication/batch/${id}`);
    return text.split('\n').find((line) => line.includes(JSON.stringify(user))) ?? '';
  };
  const keyIn = (document: string): unknown => JSON.parse(document)._key;
  const under = (document: string, key: string) => JSON.stringify({ ...JSON.parse(document), _key: key });

  check('7.4: a restored user takes the place of the one of its name, and the key of the line is ignored', async () => {
    const { user } = await target.user();
    const before = await stored(user);
    await target.ask(`PATCH /_api/user/${user}`, { active: false, extra: { a: 1 } });
    expect((await restore(under(before, '4711'))).body).toEqual({ result: true });
    expect((await target.ask(`GET /_api/user/${user}`)).body).toMatchObject({ active: true, extra: {} });
    expect(keyIn(await stored(user))).toBe(keyIn(before));
  });

  check('7.4: a restored user that was dropped comes again under a new key, with its password', async () => {
    const { user, password } = await target.user({ _system: 'ro' });
    const before = await stored(user);
    await target.ask(`DELETE /_api/user/${user}`);
    expect((await restore(under(before, '4712'))).status).toBe(200);
    expect(keyIn(await stored(user))).not.toBe('4712');
    if (!target.authentication) return;
    expect((await target.request({ path: '/_api/version', as: { user, password } })).status).toBe(200);
    const other = { user, password: `not ${password}` };
    expectRefusal(await target.request({ path: '/_api/version', as: other }), 401, 11);
  });

  check('7.4: a restored removal does nothing to users, and no lines are fine', async () => {
    const { user } = await target.user();
    const removal = JSON.stringify({ type: 2302, data: { _key: keyIn(await stored(user)) } });
    expect((await restore(removal)).status).toBe(200);
    expect((await target.ask(`GET /_api/user/${user}`)).status).toBe(200);
    expect((await restore('')).status).toBe(200);
  });
}

function defineRights(target: Target): void {
  const { check } = target;

  check('1.6: a user with ro on a collection reads, and writes are 403/1004', async () => {
    const database = await target.database();
    const base = `/_db/${database}`;
    const collection = await target.collection({}, base);
    const as = await target.user({ [database]: 'ro' });
    const path = `${base}/_api/document/${collection}`;
    await target.ask(`POST ${path}`, { _key: 'k' });
    expect((await target.request({ path: `${path}/k`, as })).status).toBe(200);
    expectRefusal(await target.request({ method: 'POST', path, body: {}, as }), 403, 1004);
  });

  check('1.6: a user without rights on a collection gets 403/11', async () => {
    const database = await target.database();
    const base = `/_db/${database}`;
    const collection = await target.collection({}, base);
    const as = await target.user({ [database]: 'rw', [`${database}/${collection}`]: 'none' });
    expectRefusal(await target.request({ path: `${base}/_api/collection/${collection}`, as }), 403, 11);
    expectRefusal(await target.request({ path: `${base}/_api/document/${collection}/k`, as }), 403, 11);
    const list = await target.request({ path: `${base}/_api/collection`, as });
    expect((list.at('result') as { name: string }[]).map(({ name }) => name)).not.toContain(collection);
  });

  check('1.6: creating a collection needs rw on the database', async () => {
    const database = await target.database();
    const as = await target.user({ [database]: 'ro' });
    const path = `/_db/${database}/_api/collection`;
    expectRefusal(await target.request({ method: 'POST', path, body: { name: fresh('c') }, as }), 403, 11);
  });

  check('1.6: creating and listing databases needs rw on _system', async () => {
    const as = await target.user({ _system: 'ro' });
    const path = '/_api/database';
    expectRefusal(await target.request({ method: 'POST', path, body: { name: fresh('d') }, as }), 403, 11);
    expectRefusal(await target.request({ path, as }), 403, 11);
  });

  check('1.6: a user may ask about himself and nobody else', async () => {
    const as = await target.user({ _system: 'ro' });
    expect((await target.request({ path: `/_api/user/${as.user}`, as })).status).toBe(200);
    expectRefusal(await target.request({ path: '/_api/user/root', as }), 403, 11);
  });

  check('1.6: nobody may read or write _users, not even root', async () => {
    expectRefusal(await target.ask('POST /_api/document/_users', { user: 'x' }), 403, 11);
    expect((await target.ask('GET /_api/user/root/database/_system/_users')).at('result')).toBe('none');
  });

  check('1.5: an access token is a password, until it is deleted', async () => {
    const { user } = await target.user({ _system: 'ro' });
    const made = await target.ask(`POST /_api/token/${user}`, { name: 'mine', valid_until: 4_000_000_000 });
    const as = { user, password: made.textAt('token') };
    expect((await target.request({ path: '/_api/version', as })).status).toBe(200);
    await target.ask(`DELETE /_api/token/${user}/${made.at('id')}`);
    expectRefusal(await target.request({ path: '/_api/version', as }), 401, 11);
  });

  check('3.5: dropping a database takes its grants along', async () => {
    const database = await target.database();
    const { user } = await target.user({ [database]: 'ro' });
    await target.ask(`DELETE /_api/database/${database}`);
    expect((await target.ask(`GET /_api/user/${user}/database?full=true`)).at('result')).not.toHaveProperty(database);
  });

  check('3.5: an inactive user is 401/11', async () => {
    const as = await target.user({ _system: 'rw' });
    await target.ask(`PATCH /_api/user/${as.user}`, { active: false });
    expectRefusal(await target.request({ path: '/_api/version', as }), 401, 11);
  });

  if (target.isCluster) return;

  check('6.1: the log needs rw on _system', async () => {
    const as = await target.user({ _system: 'ro' });
    for (const call of ['range', 'lastTick', 'tail?from=0']) {
      expectRefusal(await target.request({ path: `/_api/wal/${call}`, as }), 403, 11);
    }
  });

  check('5.4: a dump needs ro on the collection', async () => {
    const database = await target.database();
    const base = `/_db/${database}`;
    const collection = await target.collection({}, base);
    const as = await target.user({ [database]: 'rw', [`${database}/${collection}`]: 'none' });
    const path = `${base}/_api/replication/batch`;
    const id = (await target.request({ method: 'POST', path, body: { ttl: 60 }, as })).textAt('id');
    const dump = `${base}/_api/replication/dump?collection=${collection}&batchId=${id}`;
    expectRefusal(await target.request({ path: dump, as }), 403, 11);
    expect((await target.request({ method: 'DELETE', path: `${path}/${id}`, as })).status).toBe(204);
  });
}
