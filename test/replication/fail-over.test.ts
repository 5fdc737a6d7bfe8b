import { afterEach, beforeEach, expect, test } from 'vitest';
import { memoryLink } from '../../src/replication/memory-link.ts';
import type { ShardReport } from '../../src/wire/worker.ts';
import { TestSource, until } from './source/harness.ts';
import { instructions, shardTask, type TestEngine, TestTarget, testEngine } from './target/harness.ts';

const KEYS = ['a', 'b', 'c', 'lone', 'after'];

let source: TestSource;
let target: TestTarget;
let engine: TestEngine;

beforeEach(async () => {
  source = await TestSource.start({ mode: 'cluster', dbServers: 2, coordinators: 1, failoverGraceMs: 50 });
  target = await TestTarget.start({ mode: 'single' });
  await source.createCollection('c', { numberOfShards: 1, replicationFactor: 2 });
  await target.createCollection('c');
  await source.addTask('c', { database: '_system', collection: 'c', shardIndex: 0 });
  const connect = async () => {
    const { sender, receiver } = memoryLink({ targetId: 'target-deployment' });
    void source.engine.serve(sender);
    return receiver;
  };
  engine = testEngine(target.deployment, { connect, routes: async () => new Map([['c', 'worker']]) });
  const { incoming, tasks } = instructions([{ ...shardTask('c'), peerId: source.deployment.id }]);
  if (incoming === undefined) throw new Error('no synchronization');
  await engine.engine.setInstructions({ tasks, incoming: { ...incoming, sourceDeployment: source.deployment.id } });
});
afterEach(async () => {
  await engine.engine.stop();
  await target.stop();
  await source.stop();
});

async function revisionsOfSource(): Promise<Record<string, string>> {
  const found = await source.deployment.front.json<{ _key?: string; _rev?: string }[]>({
    method: 'PUT',
    path: '/_api/document/c',
    query: { onlyget: true },
    body: KEYS,
    repeatable: true,
  });
  return Object.fromEntries(found.flatMap(({ _key, _rev = '' }) => (_key === undefined ? [] : [[_key, _rev]])));
}

/** The shard streams, and has what the source has; `way` is how it came there, which is told a moment after the documents. */
async function equal(way: ShardReport['way']): Promise<ShardReport> {
  await until('equal documents', async () => {
    const [here, there] = await Promise.all([target.revisions('c', KEYS), revisionsOfSource()]);
    return JSON.stringify(here) === JSON.stringify(there) && Object.keys(here).length > 0;
  });
  return engine.shard('c', (report) => report.status === 'running' && report.way === way);
}

function written(): Promise<true> {
  const write = () => source.write('c', [{ _key: 'after' }]);
  return until('writes again', () =>
    write().then(
      () => true as const,
      () => false,
    ),
  );
}

test('a write that only the old leader had, applied here, is taken back by difference when another one leads', async () => {
  await source.write('c', [
    { _key: 'a', n: 1 },
    { _key: 'b', n: 1 },
    { _key: 'c', n: 1 },
  ]);
  await equal('copy');
  const { name, servers } = source.embedded.control.shard({ collection: 'c' });
  const [old = '', next] = servers;
  // A call on a DB-Server itself reaches no follower: as what a leader acknowledged just before it was lost.
  const leader = await source.deployment.dbServer(old);
  const path = `/_api/document/${name}`;
  await leader.json({
    method: 'POST',
    path,
    query: { overwriteMode: 'replace' },
    body: [{ _key: 'lone' }, { _key: 'b', n: 2 }],
  });
  await leader.json({ method: 'DELETE', path, body: ['c'] });
  await until('the lone writes', async () => {
    const found = await target.revisions('c', KEYS);
    return found.lone !== undefined && found.c === undefined;
  });
  await source.embedded.control.stop(old);
  await written();
  // Before the old one comes back: whoever followed it still would read in its log how it is brought in line.
  const report = await equal('difference');
  await source.embedded.control.start(old);
  expect(source.embedded.control.shard({ collection: 'c' }).servers).toEqual([next, old]);
  expect(await target.revisions('c', ['lone'])).toEqual({});
  expect(report.reason).toMatch(/is led by PRMR-.* now, the checkpoint is of PRMR-/);
  expect(report.documentsCopied).toBe(3);
});
