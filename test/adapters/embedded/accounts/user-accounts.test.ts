import { beforeEach, describe, expect, test } from 'vitest';
import { UserAccounts } from '../../../../src/adapters/embedded/accounts/user-accounts.ts';
import type { UserStore } from '../../../../src/adapters/embedded/accounts/user-store.ts';
import type { JsonObject } from '../../../../src/adapters/embedded/engine/types.ts';

/** `_users` as a map; can be told to fail. */
class MemoryStore implements UserStore {
  readonly documents = new Map<string, JsonObject>();
  isBroken = false;
  #next = 1;

  async load(): Promise<readonly JsonObject[]> {
    return [...this.documents.values()];
  }

  async put(key: string | undefined, document: JsonObject): Promise<string> {
    if (this.isBroken) throw new Error('disk full');
    const used = key ?? String(this.#next++);
    // As through JSON: what does not survive it is a bug.
    this.documents.set(used, JSON.parse(JSON.stringify({ ...document, _key: used })) as JsonObject);
    return used;
  }

  async remove(key: string): Promise<void> {
    this.documents.delete(key);
  }
}

const START_MS = 1_700_000_000_000;

describe('the users of a deployment', () => {
  let store: MemoryStore;
  let accounts: UserAccounts;
  let nowMs = START_MS;

  beforeEach(async () => {
    nowMs = START_MS;
    store = new MemoryStore();
    let seed = 0;
    accounts = new UserAccounts(store, { now: () => nowMs, random: () => (seed = (seed + 0.37) % 1) });
    await accounts.start('secret');
    await accounts.create({ name: 'ann', password: 'pw', active: true, extra: { a: 1 } });
  });

  test('begin with a root who may do everything', () => {
    expect(accounts.verifyPassword('root', 'secret')).toBe('root');
    expect(accounts.databaseLevel('root', 'anything')).toBe('rw');
    expect(accounts.collectionLevel('root', 'anything', 'c')).toBe('rw');
  });

  test('log in by password while they are active', async () => {
    expect(accounts.verifyPassword('ann', 'pw')).toBe('ann');
    expect(accounts.verifyPassword('ann', 'PW')).toBeUndefined();
    expect(accounts.verifyPassword('nobody', 'pw')).toBeUndefined();
    await accounts.change('ann', (user) => ({ ...user, active: false }));
    expect(accounts.verifyPassword('ann', 'pw')).toBeUndefined();
  });

  test('keep no password as text', () => {
    expect(JSON.stringify([...store.documents.values()])).not.toContain('"pw"');
  });

  test('come back from their documents', async () => {
    await accounts.grantCollection('ann', 'd', 'c', 'ro');
    const again = new UserAccounts(store, { now: () => nowMs, random: () => 0.5 });
    await again.start('other');
    expect(again.all()).toEqual(accounts.all());
    expect(again.verifyPassword('root', 'secret')).toBe('root');
  });

  test('are there once (409/1702), and known or not (404/1703)', async () => {
    await expect(accounts.create({ name: 'ann', password: '', active: true, extra: {} })).rejects.toMatchObject({
      errorNum: 1702,
      status: 409,
    });
    await expect(accounts.remove('nobody')).rejects.toMatchObject({ errorNum: 1703, status: 404 });
  });

  test('have not changed when the change could not be stored', async () => {
    store.isBroken = true;
    await expect(accounts.grantDatabase('ann', 'd', 'rw')).rejects.toThrow('disk full');
    expect(accounts.databaseLevel('ann', 'd')).toBe('none');
    store.isBroken = false;
    await accounts.grantDatabase('ann', 'd', 'rw');
    expect(accounts.databaseLevel('ann', 'd')).toBe('rw');
  });

  test('lose no grant when two come at once', async () => {
    await Promise.all(['c1', 'c2', 'c3'].map((name) => accounts.grantCollection('ann', 'd', name, 'ro')));
    expect([...(accounts.find('ann')?.databases.get('d')?.collections.keys() ?? [])]).toEqual(['c1', 'c2', 'c3']);
  });

  test('lose all grants when they are replaced', async () => {
    await accounts.grantDatabase('ann', 'd', 'rw');
    await accounts.replace({ name: 'ann', password: 'new', active: true, extra: {} });
    expect(accounts.databaseLevel('ann', 'd')).toBe('none');
    expect(accounts.verifyPassword('ann', 'new')).toBe('ann');
  });

  describe('levels', () => {
    test('of a database: granted, else the better of the wildcard and _system', async () => {
      await accounts.grantDatabase('ann', '*', 'ro');
      expect(accounts.databaseLevel('ann', 'd')).toBe('ro');
      await accounts.grantDatabase('ann', '_system', 'rw');
      expect(accounts.databaseLevel('ann', 'd')).toBe('rw');
      await accounts.grantDatabase('ann', 'd', 'none');
      expect(accounts.databaseLevel('ann', 'd')).toBe('none');
    });

    test('of a collection: granted, else the wildcard of its database, else of all, else its database', async () => {
      await accounts.grantDatabase('ann', 'd', 'ro');
      expect(accounts.collectionLevel('ann', 'd', 'c')).toBe('ro');
      await accounts.grantCollection('ann', '*', '*', 'none');
      expect(accounts.collectionLevel('ann', 'd', 'c')).toBe('none');
      await accounts.grantCollection('ann', 'd', '*', 'ro');
      expect(accounts.collectionLevel('ann', 'd', 'c')).toBe('ro');
      await accounts.grantCollection('ann', 'd', 'c', 'rw');
      expect(accounts.collectionLevel('ann', 'd', 'c')).toBe('rw');
    });

    test('of a collection are none where the database is', async () => {
      await accounts.grantCollection('ann', 'd', 'c', 'rw');
      await accounts.grantDatabase('ann', 'd', 'none');
      expect(accounts.collectionLevel('ann', 'd', 'c')).toBe('none');
    });

    test('of system collections follow the database, but for three of _system', () => {
      expect(accounts.collectionLevel('root', 'd', '_users')).toBe('rw');
      expect(accounts.collectionLevel('root', '_system', '_users')).toBe('none');
      expect(accounts.collectionLevel('root', '_system', '_queues')).toBe('ro');
      expect(accounts.collectionLevel('ann', '_system', '_frontend')).toBe('rw');
    });

    test('on what is dropped are gone with it', async () => {
      await accounts.grantCollection('ann', 'd', 'c', 'rw');
      await accounts.collectionDropped('d', 'c');
      expect(accounts.find('ann')?.databases.get('d')?.collections.size).toBe(0);
      await accounts.databaseDropped('d');
      expect(accounts.find('ann')?.databases.has('d')).toBe(false);
    });
  });

  describe('of a new database', () => {
    test('get rw, and are made when they are not there', async () => {
      await accounts.databaseCreated('d', [{ username: 'bob', passwd: 'x', active: true, extra: {} }], 'root');
      expect(accounts.databaseLevel('bob', 'd')).toBe('rw');
      expect(accounts.verifyPassword('bob', 'x')).toBe('bob');
    });

    test('are its creator, who may have had no right there', async () => {
      await accounts.databaseCreated('d', [], 'ann');
      expect(accounts.databaseLevel('ann', 'd')).toBe('rw');
    });
  });

  describe('access tokens', () => {
    const later = START_MS / 1000 + 60;

    test('log their user in, with his name or without', async () => {
      const { token, ...listed } = await accounts.createToken('ann', 'ci', later);
      expect(token).toMatch(/^v1\.[0-9a-f]+$/);
      expect(listed).toMatchObject({ id: 1, name: 'ci', active: true, fingerprint: `v1...${token.slice(-6)}` });
      expect(accounts.verifyPassword('', token)).toBe('ann');
      expect(accounts.verifyPassword('ann', token)).toBe('ann');
      expect(accounts.verifyPassword('root', token)).toBeUndefined();
    });

    test('are listed without their text, which is not kept', async () => {
      const { token, ...listed } = await accounts.createToken('ann', 'ci', later);
      expect(accounts.tokens('ann')).toEqual([listed]);
      expect(JSON.stringify([...store.documents.values()])).not.toContain(token);
    });

    test('open nothing after their time, or once they are removed', async () => {
      const { token, id } = await accounts.createToken('ann', 'ci', later);
      nowMs = later * 1000;
      expect(accounts.verifyPassword('ann', token)).toBeUndefined();
      nowMs = START_MS;
      await accounts.removeToken('ann', id);
      expect(accounts.verifyPassword('ann', token)).toBeUndefined();
      await accounts.removeToken('ann', 99);
    });

    test('have one name each (409)', async () => {
      await accounts.createToken('ann', 'ci', later);
      await expect(accounts.createToken('ann', 'ci', later)).rejects.toMatchObject({ status: 409 });
    });
  });
});
