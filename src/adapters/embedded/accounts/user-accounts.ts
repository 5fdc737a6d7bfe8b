import type { Environment, JsonObject } from '../engine/types.ts';
import type { Accounts, DatabaseUser, Level } from '../http/accounts.ts';
import { ArangoApiError } from '../http/errors.ts';
import { type ListedToken, listedToken, makeAccessToken, opensWith, userNamedIn } from './access-token.ts';
import { collectionLevel, databaseLevel } from './levels.ts';
import { hashPassword, isPassword } from './password.ts';
import { type UserRecord, userDocument, userOfDocument } from './user-record.ts';
import type { UserStore } from './user-store.ts';

const DUPLICATE_USER = 1702;
const USER_NOT_FOUND = 1703;
const INVALID_NAME = 1700;
const NAME_BYTES_MAX = 128;

export interface NewUser {
  readonly name: string;
  readonly password: string;
  readonly active: boolean;
  readonly extra: JsonObject;
}

/**
 * The users of a deployment. The documents of `_system/_users` are the truth; this keeps them folded in memory, because
 * every request asks. Changes are written first and seen after: a change whose write failed has not happened.
 */
export class UserAccounts implements Accounts {
  readonly #store: UserStore;
  readonly #environment: Environment;
  #users: ReadonlyMap<string, UserRecord> = new Map();
  /** Changes run one after another: two grants at once must not lose one. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(store: UserStore, environment: Environment) {
    this.#store = store;
    this.#environment = environment;
  }

  /** Reads what there is, and makes `root` (rw everywhere) when there is none. */
  async start(rootPassword: string): Promise<void> {
    await this.refresh();
    if (this.#users.has('root')) return;
    await this.create({ name: 'root', password: rootPassword, active: true, extra: {} });
    const everything = { level: 'rw' as const, collections: new Map([['*', 'rw' as const]]) };
    await this.change('root', (user) => ({
      ...user,
      databases: new Map([
        ['*', everything],
        ['_system', everything],
      ]),
    }));
  }

  async refresh(): Promise<void> {
    const users = new Map<string, UserRecord>();
    for (const document of await this.#store.load()) {
      const user = userOfDocument(document);
      if (user !== undefined) users.set(user.name, user);
    }
    this.#users = users;
  }

  /** All users, in order of their making. */
  all(): readonly UserRecord[] {
    return [...this.#users.values()];
  }

  find(name: string): UserRecord | undefined {
    return this.#users.get(name);
  }

  /** The user; 404/1703. */
  need(name: string): UserRecord {
    const user = this.#users.get(name);
    if (user === undefined) throw new ArangoApiError(USER_NOT_FOUND);
    return user;
  }

  verifyPassword(name: string, password: string): string | undefined {
    const user = this.#users.get(name);
    if (user?.active === true && isPassword(user.password, password)) return name;
    const named = userNamedIn(password);
    if (named === undefined || (name !== '' && name !== named)) return undefined;
    const bearer = this.#users.get(named);
    const isOpen =
      bearer?.active === true && bearer.tokens.some((token) => opensWith(token, password, this.#nowSeconds()));
    return isOpen ? named : undefined;
  }

  isActive(name: string): boolean {
    return this.#users.get(name)?.active === true;
  }

  databaseLevel(name: string, database: string): Level {
    const user = this.#users.get(name);
    return user === undefined ? 'none' : databaseLevel(user, database);
  }

  collectionLevel(name: string, database: string, collection: string): Level {
    const user = this.#users.get(name);
    return user === undefined ? 'none' : collectionLevel(user, database, collection);
  }

  /** 409/1702 when there is one, 400/1700 for a name that is none. */
  async create(given: NewUser): Promise<UserRecord> {
    return this.#exclusively(async () => {
      if (given.name === '' || Buffer.byteLength(given.name) > NAME_BYTES_MAX)
        throw new ArangoApiError(INVALID_NAME, 'invalid user name');
      if (this.#users.has(given.name)) throw new ArangoApiError(DUPLICATE_USER);
      return this.#put({ ...this.#fresh(given), key: undefined, tokens: [] });
    });
  }

  /** As made anew under the same name: grants, password and data are the given ones. 404/1703. */
  async replace(given: NewUser): Promise<UserRecord> {
    return this.change(given.name, (user) => ({ ...this.#fresh(given), key: user.key, tokens: user.tokens }));
  }

  async change(name: string, edit: (user: UserRecord) => UserRecord): Promise<UserRecord> {
    return this.#exclusively(() => this.#put(edit(this.need(name))));
  }

  passwordHash(password: string): UserRecord['password'] {
    return hashPassword(password, this.#environment.random);
  }

  async remove(name: string): Promise<void> {
    await this.#exclusively(async () => {
      const user = this.need(name);
      if (user.key !== undefined) await this.#store.remove(user.key);
      this.#users = new Map([...this.#users].filter(([known]) => known !== name));
    });
  }

  async grantDatabase(name: string, database: string, level: Level): Promise<void> {
    await this.change(name, (user) => withGrant(user, database, level));
  }

  async grantCollection(name: string, database: string, collection: string, level: Level): Promise<void> {
    await this.change(name, (user) => withCollectionGrant(user, database, collection, level));
  }

  async revokeDatabase(name: string, database: string): Promise<void> {
    await this.change(name, (user) => withoutDatabase(user, database));
  }

  async revokeCollection(name: string, database: string, collection: string): Promise<void> {
    await this.change(name, (user) => withoutCollection(user, database, collection));
  }

  /** A new access token: as listed, and its text. 404 unknown user, 409 when it has one of this name (reference 1.5). */
  async createToken(
    name: string,
    tokenName: string,
    validUntil: number,
  ): Promise<ListedToken & { readonly token: string }> {
    return this.#exclusively(async () => {
      const user = this.need(name);
      if (user.tokens.some((token) => token.name === tokenName))
        throw new ArangoApiError(409, 'a token with this name exists', 409);
      const id = Math.max(0, ...user.tokens.map((token) => token.id)) + 1;
      const now = this.#nowSeconds();
      const { kept, text } = makeAccessToken(name, tokenName, validUntil, id, now, this.#environment.random);
      await this.#put({ ...user, tokens: [...user.tokens, kept] });
      return { ...listedToken(kept, now), token: text };
    });
  }

  tokens(name: string): readonly ListedToken[] {
    const now = this.#nowSeconds();
    return this.need(name).tokens.map((token) => listedToken(token, now));
  }

  /** Without an error when there is no such token. */
  async removeToken(name: string, id: number): Promise<void> {
    await this.change(name, (user) => ({ ...user, tokens: user.tokens.filter((token) => token.id !== id) }));
  }

  async databaseCreated(database: string, users: readonly DatabaseUser[], creator: string): Promise<void> {
    for (const { username, passwd, active, extra } of users) {
      if (!this.#users.has(username)) await this.create({ name: username, password: passwd, active, extra });
      await this.grantDatabase(username, database, 'rw');
    }
    // Whoever may already write there needs no grant: root's stays `undefined` in the full listing (reference 3.1).
    if (users.length > 0 || !this.#users.has(creator) || this.databaseLevel(creator, database) === 'rw') return;
    await this.grantDatabase(creator, database, 'rw');
  }

  async databaseDropped(database: string): Promise<void> {
    for (const user of this.all()) {
      if (user.databases.has(database)) await this.revokeDatabase(user.name, database);
    }
  }

  async collectionCreated(database: string, collection: string, creator: string): Promise<void> {
    if (!this.#users.has(creator) || this.collectionLevel(creator, database, collection) === 'rw') return;
    await this.grantCollection(creator, database, collection, 'rw');
  }

  async collectionDropped(database: string, collection: string): Promise<void> {
    for (const user of this.all()) {
      if (user.databases.get(database)?.collections.has(collection) === true) {
        await this.revokeCollection(user.name, database, collection);
      }
    }
  }

  #fresh(given: NewUser): Omit<UserRecord, 'key' | 'tokens'> {
    return {
      name: given.name,
      active: given.active,
      password: this.passwordHash(given.password),
      extra: given.extra,
      config: {},
      databases: new Map(),
    };
  }

  async #put(user: UserRecord): Promise<UserRecord> {
    const key = await this.#store.put(user.key, userDocument(user));
    const stored = { ...user, key };
    this.#users = new Map([...this.#users, [user.name, stored]]);
    return stored;
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work, work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #nowSeconds(): number {
    return this.#environment.now() / 1000;
  }
}

function withGrant(user: UserRecord, database: string, level: Level): UserRecord {
  const collections = user.databases.get(database)?.collections ?? new Map<string, Level>();
  return { ...user, databases: new Map([...user.databases, [database, { level, collections }]]) };
}

function withCollectionGrant(user: UserRecord, database: string, collection: string, level: Level): UserRecord {
  const grant = user.databases.get(database);
  const collections = new Map([...(grant?.collections ?? []), [collection, level] as const]);
  return {
    ...user,
    databases: new Map([...user.databases, [database, { level: grant?.level ?? 'undefined', collections }]]),
  };
}

function withoutDatabase(user: UserRecord, database: string): UserRecord {
  return { ...user, databases: new Map([...user.databases].filter(([name]) => name !== database)) };
}

function withoutCollection(user: UserRecord, database: string, collection: string): UserRecord {
  const grant = user.databases.get(database);
  if (grant === undefined) return user;
  const collections = new Map([...grant.collections].filter(([name]) => name !== collection));
  return { ...user, databases: new Map([...user.databases, [database, { ...grant, collections }]]) };
}
