import { afterEach, beforeEach, expect, it } from 'vitest';
import { Datacenter, operator } from './support/datacenter.ts';
import { configuredAt, request } from './support/following.ts';
import { until } from './support/until.ts';

const signal = new AbortController().signal;

let a: Datacenter;
let b: Datacenter;
beforeEach(async () => {
  a = await Datacenter.open('AAA');
  b = await Datacenter.open('BBB');
  b.source = a;
  await a.startMaster('a1');
  await b.startMaster('b1');
  await Promise.all([a.leader(), b.leader()]);
});
afterEach(async () => {
  await Promise.all([a.stop(), b.stop()]);
});

it.each([
  ['source', 'version', '3.7.18', 'the source cannot be followed: fake is ArangoDB 3.7.18: 3.8 is the oldest'],
  ['source', 'engine', 'mmfiles', 'the source cannot be followed: fake has the storage engine mmfiles'],
  ['target', 'version', '3.7.18', 'this deployment cannot be a target: fake is ArangoDB 3.7.18'],
  ['target', 'engine', 'mmfiles', 'this deployment cannot be a target: fake has the storage engine mmfiles'],
] as const)('configure refuses a %s by its %s, %s, before anything is changed', async (side, what, value, reason) => {
  const { front } = (side === 'source' ? a : b).deployment;
  front[what] = value;
  const leader = await b.leader();
  const { problems } = await leader.configuration.plan(request, signal);
  expect(problems).toContainEqual(expect.objectContaining({ reason: expect.stringContaining(reason) }));
  await expect(leader.configuration.configure(request, operator, signal)).rejects.toMatchObject({
    status: 412,
    message: expect.stringContaining(reason),
  });
  expect(leader.state.synchronization.phase).toBe('inactive');
  expect(b.deployment.front.mode).toBe('default');
  front[what] = what === 'version' ? '3.8.0' : 'rocksdb';
  await leader.configuration.configure(request, operator, signal);
});

it('an older target is told what that means, and may follow', async () => {
  b.deployment.front.version = '3.10.14';
  const leader = await b.leader();
  const { problems } = await leader.configuration.plan(request, signal);
  expect(problems).toEqual([
    {
      database: '',
      collection: '',
      reason: expect.stringMatching(/is ArangoDB 3.10.14, older than its source's 3.12.10/),
    },
  ]);
  await leader.configuration.configure(request, operator, signal);
  await until('the source is identified', () => leader.state.synchronization.identity !== null);
});

it.each(['source', 'target'] as const)(
  'a server of the %s that becomes unfit fails what runs, and says so',
  async (side) => {
    const leader = await configuredAt(b);
    await until('the source is identified', () => leader.state.synchronization.identity !== null);
    const { front } = (side === 'source' ? a : b).deployment;
    // An upgrade is none.
    front.version = '3.12.11';
    await until('the new version is known', async () => {
      const source = leader.state.synchronization.identity?.version;
      return side === 'target' || source === '3.12.11';
    });
    expect(leader.state.synchronization.phase).toBe('active');
    front.version = '3.7.18';
    await until('it has failed', () => leader.state.synchronization.phase === 'failed');
    expect(leader.state.synchronization.failure).toMatchObject({
      code: `${side}-unfit`,
      reason: expect.stringContaining('fake is ArangoDB 3.7.18'),
    });
  },
);
