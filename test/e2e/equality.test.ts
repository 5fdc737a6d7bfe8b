import { afterAll, beforeAll, expect, test } from 'vitest';
import { targetStatus } from '../../cli/demo/status.ts';
import type { ArangoDeployment } from '../../src/replication/arango.ts';
import { readAnalyzers, readViews } from '../../src/replication/search-definitions.ts';
import { readUsers } from '../../src/replication/users/user-documents.ts';
import { compareDeployments } from './support/compare.ts';
import { eventually } from './support/eventually.ts';
import { logsOf, type Pair, startPair } from './support/pair.ts';
import { Workload } from './support/workload.ts';

/** The ordinary suite takes a tenth; `E2E_SCALE=full` is the size that a release must pass. */
const isFull = process.env.E2E_SCALE === 'full';
const SIZE = isFull
  ? { databases: 20, collections: 100, documents: 300_000 }
  : { databases: 4, collections: 20, documents: 10_000 };
const MIX_MS = isFull ? 60_000 : 5_000;

let pair: Pair;
beforeAll(async () => {
  pair = await startPair({ masters: 1, workers: 2, dbServers: 3, coordinators: 2 });
}, 120_000);
afterAll(() => pair?.stop());

test('a cluster ends byte-equal to its source after copy and mixed writes, and no secret shows anywhere', {
  timeout: 900_000,
}, async () => {
  const { source, target } = pair;
  const workload = new Workload(source.database, 7);
  await workload.create(SIZE);
  await workload.load(SIZE.documents);
  await createSearch(source.database);
  await createUser(source.database, USER, 'as it was');
  await pair.configure();
  const copyMs = await eventually('every shard running', 300_000, async () => {
    const status = await targetStatus(target.masters);
    const isKnown = status.total >= workload.shards && status.shards === status.total;
    return isKnown && status.running === status.total;
  });
  await eventually('the user logging in', 60_000, () => canLogIn(target.database, USER, 'as it was'));
  const users = { method: 'PATCH', path: `/_api/user/${encodeURIComponent(USER)}` } as const;
  await source.database.front.json({ ...users, body: { passwd: 'as it is' } });
  // The promise is 5 s; a change in a log is seen at once.
  const changeMs = await eventually('the other password', 5_000, () => canLogIn(target.database, USER, 'as it is'));
  expect(await canLogIn(target.database, USER, 'as it was')).toBe(false);
  const operations = await workload.mix(AbortSignal.timeout(MIX_MS));
  await eventually('the comparison finding everything equal', 120_000, async () => {
    const { exit, output } = await pair.command(['check', 'sync'], target);
    return exit === 0 && output.includes('The whole data is the same');
  });
  const comparison = await compareDeployments(source.database, target.database);
  console.log(
    `${comparison.shards} shards, ${comparison.documents} documents, copied in ${Math.round(copyMs)} ms, then ${operations} operations; ` +
      `a password changed in ${Math.round(changeMs)} ms`,
  );
  expect(comparison.differences).toEqual([]);
  expect(await searchOf(target.database)).toEqual(await searchOf(source.database));
  expect(comparison.documents).toBeGreaterThan(SIZE.documents / 2);
  await expectNoSecrets(pair);
});

const DATABASE = 'db 0 ü';

/** An analyzer, and a view that uses it. */
async function createSearch({ front }: ArangoDeployment): Promise<void> {
  const database = DATABASE;
  const analyzer = {
    name: 'lower',
    type: 'norm',
    properties: { locale: 'en', case: 'lower' },
    features: ['frequency'],
  };
  await front.json({ method: 'POST', path: '/_api/analyzer', database, body: analyzer });
  const links = { 'collection-0': { analyzers: ['lower', 'identity'], includeAllFields: true } };
  await front.json({ method: 'POST', path: '/_api/view', database, body: { name: 'v', type: 'arangosearch', links } });
}

async function searchOf({ front }: ArangoDeployment): Promise<unknown> {
  const signal = AbortSignal.timeout(10_000);
  return {
    analyzers: await readAnalyzers(front, DATABASE, signal),
    views: await readViews(front, DATABASE, ['v'], signal),
  };
}

/** Characters that have to be encoded in a path. */
const USER = 'someone/用户@example.org';

async function createUser({ front }: ArangoDeployment, user: string, passwd: string): Promise<void> {
  await front.json({ method: 'POST', path: '/_api/user', body: { user, passwd } });
}

async function canLogIn({ front }: ArangoDeployment, username: string, password: string): Promise<boolean> {
  const answer = await front.request({ method: 'POST', path: '/_open/auth', body: { username, password } });
  return answer.status === 200;
}

/** Hashes of the passwords of all users. */
async function hashesOf(deployment: ArangoDeployment): Promise<string[]> {
  const { users } = await readUsers(deployment, AbortSignal.timeout(10_000));
  return users.map(({ document }) => JSON.parse(document).authData.simple.hash);
}

async function expectNoSecrets(pair: Pair): Promise<void> {
  const shown = [logsOf(pair)];
  for (const side of [pair.source, pair.target]) {
    shown.push(JSON.stringify(await side.events()));
    for (const words of ['status', 'tasks', 'masters', 'workers', 'version']) {
      shown.push((await pair.command(['get', words, '-v', '--output=json'], side)).output);
    }
  }
  const text = shown.join('\n');
  for (const { secrets } of [pair.source, pair.target]) {
    for (const secret of Object.values(secrets)) expect(text.includes(secret), 'a secret shows').toBe(false);
  }
  for (const { database } of [pair.source, pair.target]) {
    for (const hash of await hashesOf(database)) expect(text.includes(hash), 'a hash shows').toBe(false);
  }
  expect(text).toContain(`created user ${USER}`);
  expect(text).not.toMatch(/PRIVATE KEY/);
  expect(text).not.toMatch(/eyJ[\w-]+\.[\w-]+\./);
}
