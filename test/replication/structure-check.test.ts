import { afterEach, describe, expect, test } from 'vitest';
import { until } from './source/harness.ts';
import { FollowingStructure, Users } from './support/follow-structure.ts';
import { NEVER_MS } from './target/harness.ts';

const SINGLE = { mode: 'single' } as const;
const CLUSTER = { mode: 'cluster', dbServers: 2, coordinators: 1 } as const;
/** Nobody looks at the target's users but a check. */
const UNWATCHED = { usersEveryMs: NEVER_MS };

let following: FollowingStructure;
let source: Users;
let target: Users;

afterEach(async () => {
  await following.stop();
});

async function start(kind: typeof SINGLE | typeof CLUSTER = SINGLE): Promise<void> {
  following = await FollowingStructure.start(kind);
  source = new Users(following.source);
  target = new Users(following.target);
}

async function followed(): Promise<void> {
  await following.follow({}, UNWATCHED);
  await until('equal users', async () => (await target.names()).join() === (await source.names()).join());
}

/** The last change of the source has been told for the second time: no inventory is on its way that nobody asked for (S1). */
async function isConfirmed(): Promise<void> {
  const reports = () => following.now.structures.length;
  const idle = async () => {
    const before = reports();
    await following.check();
    await following.check();
    return reports() === before;
  };
  await until('nothing being told any more', idle);
}

const atTarget = (method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) =>
  following.target.deployment.front.json({ method, path, ...(body === undefined ? {} : { body }) });

const ofUser = (detail: unknown) => ({ database: '_system', collection: '_users', detail });
const changes = () => following.engines.flatMap(({ structures }) => structures.flatMap((report) => report.changes));

describe.each([
  ['single servers', SINGLE],
  ['clusters', CLUSTER],
] as const)('check: users of %s', (_name, kind) => {
  test('that differ are named without what they hold, and set right only when that is asked for', async () => {
    await start(kind);
    await source.make('alice', 'her secret', { extra: { team: 'a' } });
    await source.make('bob', 'p');
    await source.make('carol', 'p');
    await source.make('dora', 'p');
    await followed();
    await isConfirmed();
    expect(await following.check()).toEqual({ state: 'equal' });
    const before = changes().length;

    await target.change('alice', { passwd: 'planted', extra: { team: 'planted' } });
    await target.grant('bob', '_system', 'ro');
    await target.drop('carol');
    await target.change('dora', { active: false });
    await target.make('eve', 'p');
    const planted = [
      ofUser('not changed password or activity, extra data of user alice'),
      ofUser('not changed grants of user bob'),
      ofUser('not created user carol'),
      ofUser('not changed password or activity of user dora'),
      ofUser('not dropped user eve: the source does not have it'),
    ];
    const found = await following.check();
    expect(found.state).toBe('different');
    expect(sorted(found.structure)).toEqual(sorted(planted));
    expect(changes()).toHaveLength(before);
    expect(await target.canLogIn('alice', 'planted')).toBe(true);

    const repaired = await following.check({ repair: true });
    expect(repaired.state).toBe('equal');
    expect(sorted(repaired.structure)).toEqual(sorted(planted));
    expect(await following.check()).toEqual({ state: 'equal' });
    expect(await target.names()).toEqual(await source.names());
    expect(await target.canLogIn('alice', 'her secret')).toBe(true);
    expect(JSON.stringify([found, repaired])).not.toMatch(/hash|salt|planted|secret|"a"/);
  });
});

test('check: a root that the target keeps for itself is no difference, any other is', async () => {
  await start();
  await following.follow({ excludeRootUser: true }, UNWATCHED);
  await until('the first inventory', () => following.now.structures.length > 0);
  await isConfirmed();
  await target.change('root', { extra: { own: true } });
  expect(await following.check()).toEqual({ state: 'equal' });
  await following.instruct({ excludeRootUser: false });
  expect(await following.check()).toMatchObject({
    state: 'different',
    structure: [ofUser(expect.stringContaining('user root'))],
  });
});

const sorted = (list: readonly { readonly detail: unknown }[] = []) =>
  list.toSorted((a, b) => (String(a.detail) < String(b.detail) ? -1 : 1));

test('check: structure that somebody changed at the target is named, and set right only when that is asked for', async () => {
  await start();
  const index = { type: 'persistent', fields: ['n'], name: 'byN' };
  await following.source.createCollection('c');
  await following.source.createCollection('gone');
  const front = following.source.deployment.front;
  await front.json({ method: 'POST', path: '/_api/index', query: { collection: 'c' }, body: index });
  await front.json({ method: 'POST', path: '/_api/view', body: { name: 'v', type: 'arangosearch' } });
  await following.follow({}, UNWATCHED);
  await until('the view', () => changes().some((change) => change.includes('view')));
  await isConfirmed();
  expect(await following.check()).toEqual({ state: 'equal' });

  await atTarget('DELETE', '/_api/index/c/byN');
  await atTarget('DELETE', '/_api/view/v');
  await atTarget('PUT', '/_api/collection/c/properties', { waitForSync: true });
  const details = [
    { database: '_system', collection: 'c', detail: 'not changed waitForSync of collection _system/c' },
    { database: '_system', collection: 'c', detail: 'not created index byN on _system/c' },
    { database: '_system', collection: 'v', detail: expect.stringContaining('not created') },
  ];
  const found = await following.check();
  expect(found).toEqual({ state: 'different', structure: expect.arrayContaining(details) });
  expect(found.structure).toHaveLength(details.length);
  const repaired = await following.check({ repair: true });
  expect(repaired).toEqual({ state: 'equal', structure: found.structure });
  expect(await following.check()).toEqual({ state: 'equal' });
});

test('check: what the source changes meanwhile is no difference', async () => {
  await start();
  await following.source.createCollection('c');
  await followed();
  let isOver = false;
  const changing = (async () => {
    for (let round = 0; !isOver; round += 1) {
      await following.source.createCollection(`made-${round}`);
      await source.make(`user-${round}`, 'p');
    }
  })();
  try {
    for (let round = 0; round < 3; round += 1) expect(await following.check()).toEqual({ state: 'equal' });
  } finally {
    isOver = true;
    await changing;
  }
});
