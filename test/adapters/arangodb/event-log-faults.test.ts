import { describe, expect, it } from 'vitest';
import { openArangoLog } from '../../../src/adapters/arangodb/event-log.ts';
import { commitHasher } from '../../../src/adapters/crypto/commit-hasher.ts';
import type { ChainedLog } from '../../../src/events/chained-log.ts';
import { verifyLog } from '../../../src/events/verify-log.ts';
import { appendAll } from '../../events/event-log-suite.ts';
import { useControlDatabase } from '../../support/control-database.ts';

const START = { position: 0, hash: '' };
const EVENTS = { collection: '_sync_events' };
const hasher = commitHasher(['secret']);

const causesIn = async (log: ChainedLog) => (await log.read(START, 100)).map(({ cause }) => cause);
const names = (count: number, prefix: string) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

describe.each(['single', 'cluster'] as const)('the event log of a %s deployment', (mode) => {
  const databases = useControlDatabase(mode);

  it('goes on while the deployment is read-only for everyone but us', async () => {
    const { server, deployment } = await databases.open();
    const log = openArangoLog(server, hasher);
    deployment.control.setReadOnly(true);
    await appendAll(log, ['a', 'b']);
    deployment.control.setReadOnly(false);
    expect(await causesIn(log)).toEqual(['a', 'b']);
  });

  it('S11: has every commit that was appended while all connections were cut again and again', async () => {
    const { server, deployment } = await databases.open();
    const rule = { method: 'POST', path: /_sync_events/ } as const;
    const faults = [
      deployment.control.addFault({ ...rule, skip: 2, count: 2, action: { kind: 'cut' } }),
      deployment.control.addFault({ ...rule, skip: 4, count: 2, when: 'after', action: { kind: 'cut' } }),
      deployment.control.addFault({ ...rule, skip: 6, count: 2, action: { kind: 'cut-then-land', ms: 5 } }),
    ];
    const log = openArangoLog(server, hasher);
    await appendAll(log, names(12, 'c'));
    expect(faults.map(({ hits }) => hits)).toEqual([2, 2, 2]);
    expect(await causesIn(openArangoLog(server, hasher))).toEqual(names(12, 'c'));
  });
});

describe('the event log of a single server', () => {
  const databases = useControlDatabase('single');

  it('has every acknowledged commit after a power cut', async () => {
    const { server, deployment } = await databases.open();
    await appendAll(openArangoLog(server, hasher), names(5, 'c'));
    await deployment.control.losePower();
    const log = openArangoLog(server, hasher);
    expect(await causesIn(log)).toEqual(names(5, 'c'));
    await appendAll(log, ['after']);
    expect((await verifyLog(log)).commits).toBe(6);
  });
});

describe('the event log of a cluster', () => {
  const databases = useControlDatabase('cluster');

  it('goes on behind the same head when its shard gets another leader', async () => {
    const { server, deployment } = await databases.open();
    const log = openArangoLog(server, hasher);
    await appendAll(log, names(5, 'a'));
    deployment.control.moveLeader(EVENTS);
    await appendAll(log, names(5, 'b'));
    expect(await causesIn(openArangoLog(server, hasher))).toEqual([...names(5, 'a'), ...names(5, 'b')]);
  });

  it('goes on when the server that led its shard is stopped', async () => {
    const { server, deployment } = await databases.open();
    const log = openArangoLog(server, hasher);
    await appendAll(log, names(3, 'a'));
    const [leader = ''] = deployment.control.shard(EVENTS).servers;
    await deployment.control.stop(leader);
    await appendAll(log, names(3, 'b'));
    await deployment.control.start(leader);
    expect(await causesIn(log)).toEqual([...names(3, 'a'), ...names(3, 'b')]);
    expect((await verifyLog(openArangoLog(server, hasher))).findings).toEqual([]);
  });

  it('goes on over another coordinator when one is stopped', async () => {
    const { server, deployment } = await databases.open();
    const log = openArangoLog(server, hasher);
    await appendAll(log, ['a']);
    for (const { id } of deployment.coordinators) {
      await deployment.control.stop(id);
      await appendAll(log, [`without ${id}`]);
      await deployment.control.start(id);
    }
    expect(await causesIn(log)).toEqual(['a', ...deployment.coordinators.map(({ id }) => `without ${id}`)]);
  });
});
