import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { ArangoDeployment, ArangoRequest } from '../../../src/replication/arango.ts';
import type { Inventory } from '../../../src/replication/inventory.ts';
import { UserAligner } from '../../../src/replication/target/align-users.ts';
import type { UserDocument } from '../../../src/replication/users/user-documents.ts';
import { Users } from '../support/follow-structure.ts';
import { type LogLine, TestTarget, testEnvironment } from './harness.ts';
import { SOURCE_ID } from './scripted-source.ts';

const NEVER = new AbortController().signal;
const HASH = 'a'.repeat(64);

let target: TestTarget;
let users: Users;
let log: LogLine[];
let now: number;

beforeAll(async () => {
  target = await TestTarget.start({ mode: 'single' });
  users = new Users(target);
});
afterAll(() => target.stop());
beforeEach(() => {
  log = [];
  now = 1_000_000;
});
afterEach(async () => {
  for (const name of await users.names()) if (name !== 'root') await users.drop(name);
});

function user(name: string): UserDocument {
  const authData = { active: true, simple: { hash: HASH, salt: 'abcd', method: 'sha256' } };
  return { name, document: JSON.stringify({ _key: `source ${name}`, user: name, authData, databases: {} }) };
}

function inventory(names: readonly string[], more: Partial<Inventory> = {}): Inventory {
  const base = { deploymentId: SOURCE_ID, kind: 'single', version: '3.12.4', complete: true, databases: [] } as const;
  return { ...base, databases: [], takenAt: '', users: ['root', ...names].map(user), ...more };
}

const aligner = (deployment: ArangoDeployment = target.deployment, excludeRoot = true) =>
  new UserAligner({
    deployment,
    environment: { ...testEnvironment(log), now: () => now },
    excludeRoot: () => excludeRoot,
  });

/** What a receiver does with an inventory. */
async function follow(aligned: UserAligner, told: Inventory, mayDrop = true): Promise<readonly string[]> {
  const { changes } = await aligned.take(told, NEVER);
  const after = await (mayDrop ? aligned.drop(NEVER) : aligned.again(NEVER));
  return [...changes, ...(after?.changes ?? [])];
}

test('S1: a user goes when two complete inventories in a row lack it', async () => {
  const aligned = aligner();
  expect(await follow(aligned, inventory(['a', 'b']))).toEqual(['created user a', 'created user b']);
  expect(await follow(aligned, inventory(['a']))).toEqual([]);
  expect(await follow(aligned, inventory(['a', 'b']))).toEqual([]);
  expect(await follow(aligned, inventory(['a']))).toEqual([]);
  expect(await users.names()).toEqual(['a', 'b', 'root']);
  expect(await follow(aligned, inventory(['a']))).toEqual(['dropped user b: the source does not have it']);
  expect(await users.names()).toEqual(['a', 'root']);
});

test.each([
  ['one that is not complete', { complete: false }],
  ['one without users', { users: undefined, usersProblem: 'the users cannot be read' }],
  ['one with nobody', { users: [] }],
] as const)('S1: nobody goes by %s, and it does not count', async (_name, more) => {
  const aligned = aligner();
  await follow(aligned, inventory(['a']));
  const { users: told, ...rest } = { ...inventory([]), ...more };
  const lacking = { ...rest, ...(told !== undefined && { users: [...told] }) };
  await follow(aligned, inventory([]));
  for (let times = 0; times < 3; times += 1) expect(await follow(aligned, lacking)).toEqual([]);
  expect(await follow(aligned, inventory([]))).toEqual([]);
  expect(await users.names()).toEqual(['a', 'root']);
  expect(await follow(aligned, inventory([]))).toEqual(['dropped user a: the source does not have it']);
});

test('S1: nobody goes while drops of collections are held', async () => {
  const aligned = aligner();
  await follow(aligned, inventory(['a']));
  for (let times = 0; times < 3; times += 1) expect(await follow(aligned, inventory([]), false)).toEqual([]);
  expect(await aligned.again(NEVER)).toBeUndefined();
  expect(await users.names()).toEqual(['a', 'root']);
});

test('S1: who comes to the target from elsewhere waits for two more inventories, and asks for them', async () => {
  const aligned = aligner();
  await follow(aligned, inventory(['a']));
  expect(aligned.needsInventory).toBe(false);
  await users.make('stranger', 'p');
  expect(await aligned.again(NEVER)).toBeUndefined();
  expect(aligned.needsInventory).toBe(true);
  expect(await follow(aligned, inventory(['a']))).toEqual([]);
  expect(aligned.needsInventory).toBe(false);
  expect(await follow(aligned, inventory(['a']))).toEqual(['dropped user stranger: the source does not have it']);
});

test('what the source cannot tell is a problem until it can', async () => {
  const aligned = aligner();
  const { users: _users, ...rest } = inventory([]);
  await follow(aligned, { ...rest, usersProblem: 'the users cannot be read' });
  expect(aligned.problems).toEqual([{ database: '_system', collection: '_users', reason: 'the users cannot be read' }]);
  await follow(aligned, inventory([]));
  expect(aligned.problems).toEqual([]);
});

/** The target, with answers of its own to some calls. */
function deploymentWith(
  answer: (request: ArangoRequest) => { status: number; body: string } | undefined,
): ArangoDeployment {
  const { deployment } = target;
  const front = Object.create(deployment.front) as typeof deployment.front;
  front.request = async (request) => {
    const own = answer(request);
    if (own === undefined) return deployment.front.request(request);
    return { status: own.status, headers: {}, body: Buffer.from(own.body) };
  };
  return { kind: 'single', front } as ArangoDeployment;
}

const isRestore = ({ path }: ArangoRequest) => path.endsWith('/restore-data');

test('an error of the server is told without its text, which quotes the line, and tried again with back-off', async () => {
  let refused = 0;
  const refusal = (request: ArangoRequest) => {
    if (!isRestore(request)) return undefined;
    refused += 1;
    const errorMessage = `corrupted JSON in message '${String(request.body)}'`;
    return { status: 400, body: JSON.stringify({ error: true, code: 400, errorNum: 600, errorMessage }) };
  };
  const deployment = deploymentWith((request) => (refused < 3 ? refusal(request) : undefined));
  const aligned = aligner(deployment);
  expect(await follow(aligned, inventory(['a']))).toEqual([]);
  const reason = 'user a is not as on the source: PUT /_api/replication/restore-data: 400/600';
  expect(aligned.problems).toEqual([{ database: '_system', collection: '_users', reason }]);
  expect(JSON.stringify([log, aligned.problems])).not.toContain(HASH);
  expect(log.filter(({ level }) => level === 'warn')).toHaveLength(1);
  expect(refused).toBe(2);
  expect(await aligned.again(NEVER)).toBeUndefined();
  expect(refused).toBe(2);
  now += 10_000;
  expect(await aligned.again(NEVER)).toBeUndefined();
  expect(refused).toBe(3);
  now += 60_000;
  expect((await aligned.again(NEVER))?.changes).toEqual(['created user a']);
  expect(aligned.problems).toEqual([]);
});

test('a write that the server swallows is noticed', async () => {
  const deployment = deploymentWith((request) =>
    isRestore(request) ? { status: 200, body: '{"result":true}' } : undefined,
  );
  const aligned = aligner(deployment);
  expect(await follow(aligned, inventory(['a']))).toEqual([]);
  expect(aligned.problems[0]?.reason).toMatch(/^user a is not as on the source: the target does not show/);
});

test('users of the target that cannot be read keep nothing else waiting', async () => {
  const deployment = deploymentWith(({ path }) =>
    path.endsWith('/dump') ? { status: 500, body: '{"error":true,"errorNum":4,"errorMessage":"x"}' } : undefined,
  );
  const aligned = aligner(deployment);
  expect(await aligned.take(inventory(['a']), NEVER)).toEqual({ changes: [], unfinished: true });
  expect(aligned.problems[0]?.reason).toMatch(/^the target's users cannot be aligned: .*500/);
});

test('nothing is read or written again while nothing changes', async () => {
  const requests = vi.fn((_request: ArangoRequest) => undefined);
  const aligned = aligner(deploymentWith(requests));
  await follow(aligned, inventory(['a', 'b']));
  requests.mockClear();
  for (let times = 0; times < 3; times += 1) expect(await aligned.again(NEVER)).toBeUndefined();
  expect(requests.mock.calls.map(([{ path }]) => path)).toEqual(Array(3).fill('/_api/collection/_users/checksum'));
});

test('many users are few writes, and a report of them is short', async () => {
  const names = Array.from({ length: 300 }, (_, index) => `u${index}`);
  const requests = vi.fn((_request: ArangoRequest) => undefined);
  const changes = await follow(aligner(deploymentWith(requests)), inventory(names));
  expect(requests.mock.calls.filter(([request]) => isRestore(request))).toHaveLength(1);
  expect(changes).toHaveLength(101);
  expect(changes.at(-1)).toBe('200 more users');
  expect(await users.names()).toHaveLength(301);
});
