import { afterEach, describe, expect, test } from 'vitest';
import { readUsers } from '../../src/replication/users/user-documents.ts';
import { until } from './source/harness.ts';
import { FollowingStructure, Users } from './support/follow-structure.ts';

const NEVER = new AbortController().signal;
const SINGLE = { mode: 'single' } as const;
const CLUSTER = { mode: 'cluster', dbServers: 2, coordinators: 2 } as const;

let following: FollowingStructure;
let source: Users;
let target: Users;

afterEach(async () => {
  await following.stop();
});

async function start(from: typeof SINGLE | typeof CLUSTER, to: typeof SINGLE | typeof CLUSTER = from): Promise<void> {
  following = await FollowingStructure.start(from, to);
  source = new Users(following.source);
  target = new Users(following.target);
}

const logsIn = (user: string, password: string) =>
  until(`${user} logging in at the target`, () => target.canLogIn(user, password));
const isRefused = (user: string, password: string) =>
  until(`${user} being refused at the target`, async () => !(await target.canLogIn(user, password)));
const reports = () => following.engines.flatMap(({ structures }) => structures);
const told = (change: string) =>
  until(`"${change}" being told`, () => reports().some(({ changes }) => changes.includes(change)));
/** Levels that were set for collections of `d`. */
const collectionsOf = async (user: string): Promise<Readonly<Record<string, unknown>>> => ({
  ...(await target.grants(user))?.d?.collections,
});

/** Of every user on both sides, without what each deployment draws for itself. */
async function documents(side: FollowingStructure['source'] | FollowingStructure['target']) {
  const { users } = await readUsers(side.deployment, NEVER);
  return users.map(({ document }) => {
    const { _key, _id, _rev, ...rest } = JSON.parse(document);
    return rest;
  });
}

const isEqual = () =>
  until('equal users', async () => {
    const [here, there] = [await documents(following.source), await documents(following.target)];
    return JSON.stringify(here) === JSON.stringify(there);
  });

describe.each([
  ['a single server', SINGLE, SINGLE],
  ['a cluster', CLUSTER, CLUSTER],
  ['a single server that follows a cluster', CLUSTER, SINGLE],
] as const)('the users of %s', (_name, from, to) => {
  test('log in at the target with the password that they have at the source, and with no other', async () => {
    await start(from, to);
    await source.make('alice', 'her first');
    await following.follow();
    await logsIn('alice', 'her first');
    expect(await target.canLogIn('alice', 'another')).toBe(false);
    await source.change('alice', { passwd: 'her second' });
    await logsIn('alice', 'her second');
    expect(await target.canLogIn('alice', 'her first')).toBe(false);
    await source.change('alice', { active: false });
    await isRefused('alice', 'her second');
    await source.change('alice', { active: true, extra: { team: 'b', size: 3 } });
    await logsIn('alice', 'her second');
    expect(await target.read('alice')).toMatchObject({ active: true, extra: { team: 'b', size: 3 } });
    await source.config('alice', 'theme', { dark: true });
    await isEqual();
    await told('created user alice');
    await told('changed password or activity of user alice');
  });

  test('have the grants that they have at the source, and lose those that they lose', async () => {
    await start(from, to);
    await following.source.createDatabase('d');
    await following.source.createCollection('c', {}, 'd');
    await source.make('bob', 'p');
    await source.grant('bob', 'd', 'ro');
    await source.grant('bob', 'd/c', 'rw');
    await source.grant('bob', '*', 'none');
    await following.follow();
    await until('the grants', async () => (await collectionsOf('bob')).c === 'rw');
    expect(await target.grants('bob')).toMatchObject({ d: { permission: 'ro' }, '*': { permission: 'none' } });
    await source.revoke('bob', 'd/c');
    await source.grant('bob', 'd', 'rw');
    await until('another grant', async () => (await target.grants('bob'))?.d?.permission === 'rw');
    expect(await collectionsOf('bob')).toMatchObject({ c: 'undefined' });
    await source.revoke('bob', 'd');
    await until('no grant', async () => (await target.grants('bob'))?.d?.permission === 'undefined');
    await isEqual();
  });

  test('S1: go when two inventories in a row lack them, and come again under another password', async () => {
    await start(from, to);
    await source.make('carol', 'old');
    await target.make('only at the target', 'p');
    await following.follow();
    await logsIn('carol', 'old');
    await until('the surplus user going', async () => !(await target.names()).includes('only at the target'));
    await source.drop('carol');
    await until('carol going', async () => !(await target.names()).includes('carol'));
    await told('dropped user carol: the source does not have it');
    await source.make('carol', 'new');
    await logsIn('carol', 'new');
    expect(await target.canLogIn('carol', 'old')).toBe(false);
    await isEqual();
  });
});

test('a database that is dropped takes its grants along, and a new one of the name begins without them', async () => {
  await start(CLUSTER);
  await following.source.createDatabase('d');
  await source.make('dave', 'p');
  await source.grant('dave', 'd', 'rw');
  await following.follow();
  await until('the grant', async () => (await target.grants('dave'))?.d?.permission === 'rw');
  await following.source.deployment.front.json({ method: 'DELETE', path: '/_api/database/d' });
  const { deployment } = following.target;
  await until('the database going', async () => !(await deployment.databases()).includes('d'));
  await isEqual();
  await following.source.createDatabase('d');
  await until('the database coming', async () => (await deployment.databases()).includes('d'));
  await isEqual();
  expect((await target.grants('dave'))?.d?.permission).toBe('undefined');
});

test.each(['a/b', 'someone@example.org', '用户', '_under', 'with space', 'ü%2F?#&', '"quoted"'])(
  'a user called %s comes, changes and goes',
  async (name) => {
    await start(CLUSTER);
    await source.make(name, 'p1');
    await following.follow();
    await logsIn(name, 'p1');
    await source.change(name, { passwd: 'p2' });
    await logsIn(name, 'p2');
    await source.drop(name);
    await until('the user going', async () => (await target.names()).join() === 'root');
  },
);

test("what happened while no worker followed is made up for by the next, and root's password comes along", async () => {
  await start(CLUSTER);
  await source.make('erin', 'p');
  await source.make('frank', 'p');
  await following.follow();
  await logsIn('frank', 'p');
  await following.now.engine.stop();
  await source.drop('erin');
  await source.change('frank', { passwd: 'q' });
  await source.make('grace', 'p');
  await source.change('root', { passwd: 'the root of the source' });
  await following.follow();
  await logsIn('grace', 'p');
  await logsIn('frank', 'q');
  await until('erin going', async () => !(await target.names()).includes('erin'));
  await logsIn('root', 'the root of the source');
  await isEqual();
});

test('the target keeps its own root when it is told so, and takes the source’s when that ends', async () => {
  await start(CLUSTER);
  await target.change('root', { passwd: 'of the target' });
  await source.change('root', { passwd: 'of the source' });
  await source.make('heidi', 'p');
  await following.follow({ excludeRootUser: true });
  await logsIn('heidi', 'p');
  expect(await target.canLogIn('root', 'of the target')).toBe(true);
  expect(await target.canLogIn('root', 'of the source')).toBe(false);
  await following.instruct();
  await logsIn('root', 'of the source');
  await isEqual();
});

test('a user that is changed at the target, by its own login or by a late write, is set right', async () => {
  await start(CLUSTER);
  await source.make('ivan', 'p');
  await following.follow();
  await logsIn('ivan', 'p');
  await target.change('ivan', { passwd: 'changed here' });
  await logsIn('ivan', 'p');
  // No inventory comes by itself any more.
  await until('a confirmed inventory', () => reports().length >= 2);
  await target.make('mallory', 'p');
  await isEqual();
});

test.each([SINGLE, CLUSTER])(
  'a change of users in the log is told at once, not when the source is looked at next ($mode)',
  async (mode) => {
    following = await FollowingStructure.start(mode, mode, { inventoryEveryMs: 3_600_000 });
    source = new Users(following.source);
    target = new Users(following.target);
    await source.make('nick', 'p');
    await following.follow();
    // In a cluster all system collections lie where `_users` does: its prototype.
    const [graphs] = await following.source.follow('_graphs');
    await until('the reader of the log', () => (graphs?.floors ?? 0) > 0);
    await logsIn('nick', 'p');
    await source.change('nick', { passwd: 'q' });
    await logsIn('nick', 'q');
    await source.drop('nick');
    await until('nick going', async () => !(await target.names()).includes('nick'));
  },
);

test('access tokens and whatever else a user has arrive with it', async () => {
  await start(CLUSTER);
  await source.make('judy', 'p');
  const body = { name: 'mine', valid_until: 4_000_000_000 };
  const { front } = following.source.deployment;
  const { token } = await front.json<{ token: string }>({ method: 'POST', path: '/_api/token/judy', body });
  await following.follow();
  await logsIn('judy', token);
  const stranger = {
    user: 'kim',
    source: 'LDAP',
    roles: ['a'],
    authData: { active: true },
    big: 12345678901234567890n,
  };
  const text = JSON.stringify({ ...stranger, big: 0 }).replace('"big":0', '"big":12345678901234567890');
  await front.json({ method: 'POST', path: '/_api/document/_users', body: text });
  await until('the external user', async () => {
    const { users } = await readUsers(following.target.deployment, NEVER);
    return users.some(({ name, document }) => name === 'kim' && document.includes('"big":12345678901234567890'));
  });
});

test('a document of _users that names no user is not replicated, and is told', async () => {
  await start(SINGLE);
  const { front } = following.source.deployment;
  await front.json({ method: 'POST', path: '/_api/document/_users', body: { nobody: true } });
  await source.make('leo', 'p');
  await following.follow();
  await logsIn('leo', 'p');
  const reason = 'documents of _users that name no user are not replicated: 1';
  const problem = { database: '_system', collection: '_users', reason };
  await until('the problem being told', () => reports().some(({ problems }) => problems.length > 0));
  expect(reports().at(-1)?.problems).toEqual([problem]);
});

test('no hash and no salt shows in a log or a report', async () => {
  await start(CLUSTER);
  await source.make('mia', 'p');
  await following.follow();
  await logsIn('mia', 'p');
  await source.change('mia', { passwd: 'q', extra: { said: 'a secret of hers' } });
  await logsIn('mia', 'q');
  await source.drop('mia');
  await until('mia going', async () => !(await target.names()).includes('mia'));
  await told('changed password or activity, extra data of user mia');
  const { said } = following;
  const { users } = await readUsers(following.source.deployment, NEVER);
  const [root] = users.map(({ document }) => JSON.parse(document).authData.simple);
  expect(root.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(said).not.toContain(root.hash);
  expect(said).not.toMatch(/[0-9a-f]{64}/);
  expect(said).not.toMatch(/salt|sha256|a secret of hers/);
});
