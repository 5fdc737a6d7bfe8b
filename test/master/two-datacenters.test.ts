import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Master } from '../../src/master/master.ts';
import { ArangoUnreachable } from '../../src/replication/arango.ts';
import type { ShardRef } from '../../src/wire/shards.ts';
import { credentials, Datacenter, fastTimes, operator, otherCredentials } from './support/datacenter.ts';
import { FakeWorker, shardReport } from './support/fake-worker.ts';
import { configuredAt, followingOf, request } from './support/following.ts';
import { until } from './support/until.ts';

const signal = new AbortController().signal;
const shards: ShardRef[] = [0, 1, 2].map((shardIndex) => ({ database: 'd', collection: 'c', shardIndex }));

let a: Datacenter;
let b: Datacenter;
const workers: FakeWorker[] = [];

beforeEach(async () => {
  a = await Datacenter.open('AAA');
  b = await Datacenter.open('BBB');
  b.source = a;
  await a.startMaster('a1');
  await b.startMaster('b1');
  await Promise.all([a.leader(), b.leader()]);
});

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.die()));
  await Promise.all([a.stop(), b.stop()]);
});

function live(datacenter: Datacenter, id: string): FakeWorker {
  const worker = new FakeWorker(id);
  worker.live(() => datacenter.masters.find((master) => master.leads));
  workers.push(worker);
  return worker;
}

const configured = () => configuredAt(b);
const following = () => followingOf(a, b, shards);

const isNew =
  (before: ReadonlySet<string>) =>
  ({ taskId, type }: { readonly taskId: string; readonly type: string }) =>
    type === 'receive-shard' && !before.has(taskId);

describe('configuring', () => {
  it('S11: keeps the credentials of a configuration that is in the log, though its writer did not hear so', async () => {
    const leader = await b.leader();
    const { front } = b.deployment;
    const answer = front.request.bind(front);
    let isConfigured = false;
    front.request = async (asked) => {
      // The commit is stored, and the reading that would show it fails for once.
      const isReading = asked.method === 'PUT' && asked.path === '/_api/document/_sync_events';
      if (isConfigured && isReading) {
        front.request = answer;
        throw new ArangoUnreachable('the connection broke');
      }
      isConfigured ||= asked.method === 'POST' && JSON.stringify(asked.body).includes('SyncConfigured');
      return await answer(asked);
    };
    await expect(leader.configuration.configure(request, operator, signal)).rejects.toThrow('no answer');
    await until('it is in the log', () => leader.state.synchronization.phase === 'active');
    await until('the source knows the target', async () => (await a.leader()).state.outgoing.has('BBB'));
  });

  it('fails, and says why, when its synchronization ended at the source before it was heard of here', async () => {
    const leader = await b.leader();
    const { outgoing } = await a.leader();
    const register = outgoing.register.bind(outgoing);
    outgoing.register = async (asked, ...more) => {
      await outgoing.stop('BBB', { epoch: asked.epoch ?? 0 }, operator, signal);
      return await register(asked, ...more);
    };
    await leader.configuration.configure(request, operator, signal);
    await until('it has failed', () => leader.state.synchronization.phase === 'failed');
    const { code, reason } = leader.state.synchronization.failure ?? {};
    expect([code, reason]).toEqual(['forgotten-by-source', expect.stringContaining('configure the target again')]);
  });

  it('brings back credentials that were lost', async () => {
    const leader = await configured();
    await until('it follows', () => leader.state.synchronization.identity !== null);
    const kept = b.deployment.front.documents.collections.get('_sync_secrets');
    const key = [...(kept?.keys() ?? [])].find((each) => each.startsWith('source-credentials-')) ?? '';
    kept?.delete(key);
    await leader.configuration.configure(request, operator, signal);
    expect(kept?.has(key)).toBe(true);
  });

  it('registers at the source, makes the target read-only, and creates the inventory tasks', async () => {
    const leader = await configured();
    const types = async (datacenter: Datacenter) =>
      [...(await datacenter.leader()).state.tasks.values()].map(({ type }) => type);
    await until('the inventory is received', async () => (await types(b)).includes('receive-inventory'));
    await until('the inventory is sent', async () => (await types(a)).includes('send-inventory'));
    expect(b.deployment.front.mode).toBe('readonly');
    expect(a.deployment.front.mode).toBe('default');
    expect(leader.state.synchronization.identity?.deploymentId).toBe('AAA');
    expect([...(await a.leader()).state.outgoing.keys()]).toEqual(['BBB']);
  });

  it('joins the tasks of a shard by equal channels', async () => {
    const leader = await following();
    const channels = (master: Master) =>
      [...master.state.tasks.values()]
        .filter(({ shard }) => shard !== undefined)
        .map(({ channels: { data, control }, shard }) => `${shard?.shardIndex} ${data} ${control}`)
        .sort();
    expect(channels(leader)).toEqual(channels(await a.leader()));
  });

  it('changes nothing when repeated, with one of its endpoints or all of them', async () => {
    const leader = await following();
    const before = leader.state.synchronization.configuration;
    await leader.configuration.configure({ ...request, source: ['https://a2:8629/'] }, operator, signal);
    await leader.configuration.configure(request, operator, signal);
    expect(leader.state.synchronization.configuration).toEqual(before);
  });

  it('takes other credentials of the same source over without a new epoch', async () => {
    const leader = await following();
    const { epoch, credentialId } = leader.state.synchronization.configuration ?? {};
    await leader.configuration.configure({ ...request, authentication: otherCredentials }, operator, signal);
    const after = leader.state.synchronization.configuration;
    expect(after?.epoch).toBe(epoch);
    expect(after?.credentialId).not.toBe(credentialId);
    const source = await a.leader();
    await until('the source knows the new certificate', () => {
      return source.state.outgoing.get('BBB')?.fingerprint === otherCredentials.clientCertificate;
    });
    expect(leader.state.synchronization.phase).toBe('active');
  });

  it('refuses another source with 412 and keeps the refusal in the log', async () => {
    const leader = await configured();
    const other = { ...request, source: ['https://elsewhere:8629'] };
    await expect(leader.configuration.configure(other, operator, signal)).rejects.toMatchObject({ status: 412 });
    expect(leader.state.audit.flatMap(({ refused }) => refused)).toMatchObject([{ code: 'other-source', status: 412 }]);
  });

  it('refuses credentials that are no PEM or do not belong together with 400', async () => {
    const leader = await b.leader();
    const mixed = { ...credentials, clientKey: otherCredentials.clientKey };
    for (const authentication of [mixed, { ...credentials, clientCertificate: 'x' }]) {
      const bad = leader.configuration.configure({ ...request, authentication }, operator, signal);
      await expect(bad).rejects.toMatchObject({ status: 400 });
    }
    expect(leader.state.synchronization.phase).toBe('inactive');
  });

  it('S23: refuses a target whose authentication is off', async () => {
    b.deployment.front.authenticationOn = false;
    const leader = await b.leader();
    await expect(leader.configuration.configure(request, operator, signal)).rejects.toMatchObject({
      status: 412,
      message: expect.stringContaining('authentication'),
    });
  });

  it('keeps no secret in the log', async () => {
    await following();
    const events = JSON.stringify([...(b.deployment.front.documents.collections.get('_sync_events')?.values() ?? [])]);
    expect(events).toContain('SyncConfigured');
    expect(events).not.toContain('PRIVATE KEY');
    const secrets = JSON.stringify([
      ...(b.deployment.front.documents.collections.get('_sync_secrets')?.values() ?? []),
    ]);
    expect(secrets).not.toContain('PRIVATE KEY');
  });
});

describe('the source behind the address', () => {
  it('S1: another deployment fails the synchronization, and no task is left that could write', async () => {
    const leader = await following();
    a = await a.replaceBy('CCC');
    b.source = a;
    await a.startMaster('a1');
    await until('failed', () => leader.state.synchronization.phase === 'failed');
    expect(leader.state.synchronization.failure?.code).toBe('source-replaced');
    await until(
      'no receive task',
      () => ![...leader.state.tasks.values()].some(({ type }) => type.startsWith('receive')),
    );
    const info = leader.sync.info('full');
    expect(info.status).toBe('failed');
    expect(info.status_message).toContain('configure the synchronization again');
  });

  it('S1: a log that went back fails the synchronization', async () => {
    const leader = await configured();
    await until('identified', () => leader.state.synchronization.identity !== null);
    await a.stop();
    // A backup from before: the registration and everything after it are gone.
    const restored = await a.replaceBy('AAA');
    a = restored;
    b.source = restored;
    await restored.startMaster('a1');
    await until('failed', () => leader.state.synchronization.phase === 'failed');
    expect(leader.state.synchronization.failure?.code).toBe('source-log-lost');
  });

  it('S1: a contact that tells of another deployment fails the synchronization', async () => {
    const leader = await configured();
    await until('identified', () => leader.state.synchronization.identity !== null);
    const swapped = await Datacenter.open('CCC');
    await swapped.startMaster('c1');
    const source = await swapped.leader();
    await source.outgoing.register(
      { id: 'BBB', target: ['https://b1.public:8629'], channels: { inventory: 'x' } },
      { kind: 'certificate', name: 'CN=target', fingerprint: credentials.clientCertificate },
      signal,
    );
    b.source = swapped;
    await until('failed', () => leader.state.synchronization.phase === 'failed');
    expect(leader.state.synchronization.failure?.code).toBe('source-replaced');
    await swapped.stop();
  });

  it('S1: tells whether its log still has a head that was seen, also when it grew on after it went back', async () => {
    const source = await a.leader();
    const peer = { kind: 'certificate', name: 'CN=x', fingerprint: 'x' } as const;
    const contains = async (remembered: { position: number; hash: string }) => {
      const registration = { id: 'X', target: ['https://x:8629'], channels: { inventory: 'i' }, remembered };
      return (await source.outgoing.register(registration, peer, signal)).containsRemembered;
    };
    const { head } = await source.outgoing.register(
      { id: 'X', target: ['https://x:8629'], channels: { inventory: 'i' } },
      peer,
      signal,
    );
    expect(await contains(head)).toBe(true);
    await source.sync.setMessageTimeout({ messageTimeout: 60_000_000_000 }, operator, signal);
    expect(await contains(head)).toBe(true);
    expect(await contains({ position: 0, hash: '' })).toBe(true);
    expect(await contains({ ...head, hash: `${head.hash}x` })).toBe(false);
    expect(await contains({ ...head, position: head.position - 1 })).toBe(false);
    expect(await contains({ ...head, position: head.position + 100 })).toBe(false);
  });

  it('waits for a source that does not answer, and says so', async () => {
    const leader = await following();
    a.answersTargets = false;
    await until('the trouble shows', () => leader.sync.info('short').status_message?.includes('nobody answers'));
    expect(leader.state.synchronization.phase).toBe('active');
    a.answersTargets = true;
    await until('it goes on', () => leader.sync.info('short').status_message === '');
  });

  it('S23: a target belongs to the certificate that registered it', async () => {
    await following();
    const source = await a.leader();
    const stranger = { kind: 'certificate', name: 'CN=other', fingerprint: 'another' } as const;
    const registration = { id: 'BBB', target: ['https://evil:8629'], channels: { inventory: 'x' } };
    await expect(source.outgoing.register(registration, stranger, signal)).rejects.toMatchObject({ status: 403 });
    await expect(source.outgoing.stop('BBB', {}, stranger, signal)).rejects.toMatchObject({ status: 403 });
    await expect(source.outgoing.listing('BBB', stranger, signal)).rejects.toMatchObject({ status: 403 });
    await expect(
      source.outgoing.putShards('BBB', { version: 'x', shards: [] }, stranger, signal),
    ).rejects.toMatchObject({
      status: 403,
    });
  });

  it('S12: a target whose own log went back fails, and is heard again once it was configured anew', async () => {
    const leader = await following();
    const source = await a.leader();
    const certificate = { kind: 'certificate', name: 'CN=target', fingerprint: credentials.clientCertificate } as const;
    // As it was told before the log lost its end.
    const inventory = leader.state.synchronization.configuration?.inventoryChannel ?? '';
    const told = { target: ['https://before:8629'], channels: { inventory }, asOf: 10_000 };
    await source.outgoing.heartbeat('BBB', told, certificate, signal);
    await until('failed', () => leader.state.synchronization.phase === 'failed');
    expect(leader.state.synchronization.failure).toMatchObject({ code: 'own-log-lost' });
    await leader.configuration.configure(request, operator, signal);
    await until('its registration counts', () => (source.state.outgoing.get('BBB')?.asOf ?? 0) > 10_000);
    expect(source.state.outgoing.get('BBB')?.endpoints).not.toEqual(told.target);
    await leader.sync.cancel({ wait_timeout: 20_000_000_000 }, operator, signal);
    expect(source.state.outgoing.has('BBB')).toBe(false);
  });

  it('S18: a master that finds its log without what it read says so in it before it stops', async () => {
    const leader = await following();
    await leader.sync.setMessageTimeout({ messageTimeout: 3_600_000_000_000 }, operator, signal);
    // Its source could find it out as well, by the head that it remembers.
    b.source = undefined;
    const log = b.deployment.front.documents.collections.get('_sync_events');
    const last = [...(log?.keys() ?? [])].sort().at(-1) ?? '';
    log?.delete(last);
    await leader.failed;
    b.masters.splice(0);
    const next = await b.startMaster('b2');
    await until('the next one leads', () => next.leads);
    expect(next.state.synchronization).toMatchObject({ phase: 'failed', failure: { code: 'own-log-lost' } });
  });

  it('S22: a target whose own log lost its end fails, also when it has grown again since', async () => {
    const leader = await following();
    const source = await a.leader();
    const certificate = { kind: 'certificate', name: 'CN=target', fingerprint: credentials.clientCertificate } as const;
    const { configuration, identity } = leader.state.synchronization;
    const inventory = configuration?.inventoryChannel ?? '';
    const about = {
      target: ['https://b1:8629'],
      channels: { inventory },
      ...(identity && { remembered: identity.head }),
    };
    // As it was told by a commit that the log has lost: another one stands there now.
    const lost = { position: leader.head.position, hash: 'of a commit that is lost' };
    await until('the source remembers it', async () => {
      const { targetHead } = await source.outgoing.heartbeat('BBB', about, certificate, signal);
      const told = { ...about, head: lost, ...(targetHead === undefined ? {} : { contains: targetHead }) };
      return (await source.outgoing.heartbeat('BBB', told, certificate, signal)).targetHead?.hash === lost.hash;
    });
    await until('failed', () => leader.state.synchronization.phase === 'failed');
    expect(leader.state.synchronization.failure).toMatchObject({ code: 'own-log-lost' });
    await leader.configuration.configure(request, operator, signal);
    const { head } = leader;
    await until(
      'it goes on',
      () => leader.head.position > head.position && leader.sync.info('short').status_message === '',
    );
    expect(leader.state.synchronization.phase).toBe('active');
  });

  it('S12: a target whose own log went back while it stops is forgotten by its source all the same', async () => {
    const leader = await following();
    const source = await a.leader();
    const certificate = { kind: 'certificate', name: 'CN=target', fingerprint: credentials.clientCertificate } as const;
    const inventory = leader.state.synchronization.configuration?.inventoryChannel ?? '';
    const told = { target: ['https://before:8629'], channels: { inventory }, asOf: 10_000 };
    await source.outgoing.heartbeat('BBB', told, certificate, signal);
    await leader.sync.cancel({ wait_timeout: 20_000_000_000 }, operator, signal);
    expect(source.state.outgoing.has('BBB')).toBe(false);
  });

  it('an operator of the source can forget a target, which then fails instead of registering again', async () => {
    const leader = await following();
    const source = await a.leader();
    await source.outgoing.stopAll({}, operator, signal);
    await until('failed', () => leader.state.synchronization.phase === 'failed');
    expect(leader.state.synchronization.failure?.code).toBe('forgotten-by-source');
    expect([...source.state.outgoing.keys()]).toEqual([]);
  });
});

describe('the mode of the target', () => {
  it('S3: a target that is seen writable after data may have come begins a new epoch and is read-only again', async () => {
    const leader = await following();
    const epoch = leader.state.synchronization.configuration?.epoch;
    // The mode was set a moment ago; servers of a cluster may lag behind that for some seconds.
    const settled = leader.state.synchronization;
    expect(settled.phase).toBe('active');
    await b.stop();
    b.deployment.front.mode = 'default';
    await b.startMaster('b2');
    const next = await b.leader();
    await until('a new epoch', () => next.state.synchronization.configuration?.epoch !== epoch);
    await until('read-only again', () => b.deployment.front.mode === 'readonly');
  });

  it('S3: does not begin a new epoch for a target that nothing was received into yet', async () => {
    a.answersTargets = false;
    const leader = await configured();
    const epoch = leader.state.synchronization.configuration?.epoch;
    await until('read-only', () => b.deployment.front.mode === 'readonly');
    expect(leader.state.synchronization.configuration?.epoch).toBe(epoch);
  });

  it('S3: lets nothing be received under the new epoch before the target is read-only again', async () => {
    const worker = live(b, 'w1');
    const leader = await following();
    await until('assigned', () => worker.taskIds().length === 4);
    await b.stop();
    const { front } = b.deployment;
    const own = front.request.bind(front);
    let isStuck = true;
    front.request = async (asked) => {
      if (isStuck && asked.path === '/_admin/server/mode' && asked.method === 'PUT') throw new Error('stuck');
      return own(asked);
    };
    front.mode = 'default';
    await b.startMaster('b2');
    const next = await b.leader();
    const { epoch } = leader.state.synchronization.configuration ?? {};
    await until('a new epoch', () => next.state.synchronization.configuration?.epoch !== epoch);
    await until('the worker was told to stop', () => worker.taskIds().length === 0);
    isStuck = false;
    await until('it goes on', () => worker.taskIds().length === 4);
    expect(front.mode).toBe('readonly');
    expect(worker.instructions?.incoming?.epoch).toBe(next.state.synchronization.configuration?.epoch);
  });

  it('S3: lets nothing be received before what users had begun on the target has ended', async () => {
    const { front } = b.deployment;
    front.transactions = ['4711'];
    const worker = live(b, 'w1');
    const leader = await configured();
    await until('read-only', () => front.mode === 'readonly');
    await b.startMaster('b2');
    await b.masters.splice(0, 1)[0]?.stop();
    const next = await b.leader();
    await until('the new leader looks', () => worker.instructions?.term === 2);
    front.transactions = ['4711', '4712'];
    expect(leader.state.synchronization.settledEpoch).toBeNull();
    expect(next.state.tasks.size).toBe(0);
    front.transactions = ['4712'];
    await until('it begins', () => [...next.state.tasks.values()].some(({ type }) => type === 'receive-inventory'));
  });

  it('a change of leader takes no task from a worker', async () => {
    const worker = live(b, 'w1');
    await following();
    await until('assigned', () => worker.taskIds().length === 4);
    const seen = worker.counts.length;
    await b.startMaster('b2');
    await b.masters.splice(0, 1)[0]?.stop();
    const next = await b.leader();
    expect(next.id).toBe('b2');
    await until('it follows the new leader', () => worker.instructions?.term === 2);
    expect(worker.counts.slice(seen)).not.toContain(0);
    expect(worker.taskIds()).toHaveLength(4);
  });

  it('S9: creates no receive task before the target is read-only', async () => {
    const { front } = b.deployment;
    const own = front.request.bind(front);
    let isStuck = true;
    front.request = async (asked) => {
      if (isStuck && asked.path === '/_admin/server/mode' && asked.method === 'PUT') throw new Error('stuck');
      return own(asked);
    };
    const leader = await configured();
    await until('identified', () => leader.state.synchronization.identity !== null);
    await until('it tried', () => b.logged.some((line) => line.includes('stuck')));
    expect([...leader.state.tasks.values()]).toEqual([]);
    isStuck = false;
    await until('tasks', () => [...leader.state.tasks.values()].length > 0);
    expect(front.mode).toBe('readonly');
  });
});

describe('workers', () => {
  it('get tasks evenly and report transitions into the log, the rest into memory', async () => {
    const [one, two] = [live(b, 'w1'), live(b, 'w2')];
    const leader = await following();
    await until('all assigned', () => one.taskIds().length + two.taskIds().length === 4);
    expect(Math.abs(one.taskIds().length - two.taskIds().length)).toBeLessThanOrEqual(1);
    const task = one.instructions?.tasks.find(({ shard }) => shard !== undefined);
    if (task?.shard === undefined) throw new Error('a shard task was expected');
    await leader.reports.shards(
      'w1',
      { term: 1, shards: [shardReport(task.id, task.shard, { delay: 5_000_000 })] },
      signal,
    );
    const position = leader.position;
    await leader.reports.shards(
      'w1',
      { term: 1, shards: [shardReport(task.id, task.shard, { delay: 7_000_000 })] },
      signal,
    );
    expect(leader.position).toBe(position);
    const shard = leader.sync.info('full').shards?.find(({ shardIndex }) => shardIndex === task.shard?.shardIndex);
    expect(shard).toMatchObject({ status: 'running', delay: 7_000_000 });
  });

  it('leave an unknown delay out', async () => {
    const leader = await following();
    for (const shard of leader.sync.info('full').shards ?? []) expect(shard).not.toHaveProperty('delay');
  });

  it('get the token and CA of the source with receive tasks', async () => {
    const worker = live(b, 'w1');
    await following();
    await until('assigned', () => worker.taskIds().length === 4);
    expect(worker.instructions?.incoming).toMatchObject({
      sourceDeployment: 'AAA',
      remote: { caCertificate: credentials.caCertificate, token: expect.stringMatching(/^ey/) },
    });
    expect(worker.instructions?.incoming?.remote.endpoints).toEqual([...request.source, 'https://a1.public:8629']);
  });

  it('are told their tasks once, and again when they do not say what they have', async () => {
    const worker = live(b, 'w1');
    const leader = await following();
    await until('assigned', () => worker.taskIds().length === 4);
    await worker.die();
    const ask = (after?: string) => leader.instructions.next('w1', after, 0, signal);
    const { version, tasks } = await ask();
    expect(tasks).toHaveLength(4);
    expect(await ask(version)).toMatchObject({ version, tasks: [], unchanged: true });
    expect(await ask('another')).toMatchObject({ version, tasks });
    expect(await ask()).not.toHaveProperty('unchanged');
  });

  it('that die lose their tasks to the others', async () => {
    const [one, two] = [live(b, 'w1'), live(b, 'w2')];
    await following();
    await until('assigned', () => one.taskIds().length + two.taskIds().length === 4);
    await one.die();
    await until('the other has all', () => two.taskIds().length === 4);
  });

  it('S12: do not get a task while another living worker may still run it', async () => {
    const one = live(b, 'w1');
    const leader = await following();
    await until('all at the first', () => one.taskIds().length === 4);
    await one.die();
    // The first worker lives, but is slow: it has not asked for what comes after its instructions.
    const two = new FakeWorker('w2');
    await two.register(leader);
    await until('the surplus is taken', () =>
      [...leader.state.tasks.values()].some(({ workerId }) => workerId === null),
    );
    await leader.workers.register({ id: 'w1', endpoint: 'https://w1:8729' }, signal);
    await two.register(leader);
    const free = [...leader.state.tasks.values()]
      .filter(({ workerId }) => workerId === null)
      .map(({ taskId }) => taskId);
    expect((await two.poll(leader, 100)).tasks).toEqual([]);
    expect(one.taskIds()).toEqual(expect.arrayContaining(free));
    await until('they are given on', async () => {
      await one.poll(leader);
      return (await two.poll(leader)).tasks.length === free.length;
    });
  });

  it('S12: do not get a task from a new leader while a worker that the one before removed may still run it', async () => {
    const one = live(b, 'w1');
    const leader = await following();
    await until('all at the first', () => one.taskIds().length === 4);
    await one.die();
    await leader.workers.remove('w1', operator, signal);
    const second = await b.startMaster('b2');
    // The second leads only after this: what is measured may be more than its wait, never less.
    const stoppedAt = performance.now();
    await leader.stop();
    await until('the second leads', () => second.leads);
    const two = new FakeWorker('w2');
    await two.register(second);
    await until('the other has all', async () => (await two.poll(second)).tasks.length === 4);
    expect(performance.now() - stoppedAt).toBeGreaterThan(fastTimes.workerLeaseMs);
  });

  it('S12: do not get a shard that was reset while another living worker may still write it', async () => {
    const one = live(b, 'w1');
    const leader = await following();
    await until('all at the first', () => one.taskIds().length === 4);
    await one.die();
    const two = new FakeWorker('w2');
    await two.register(leader);
    // The first worker lives, but has not heard of the reset: what it writes belongs to the shards as they were.
    await leader.sync.resetShards({ database: 'd', collection: 'c' }, operator, signal);
    const before = new Set(one.taskIds());
    await until('the tasks are new', () => [...leader.state.tasks.values()].filter(isNew(before)).length === 3);
    await leader.workers.register({ id: 'w1', endpoint: 'https://w1:8729' }, signal);
    await two.poll(leader, 100);
    expect([...leader.state.tasks.values()].filter(isNew(before)).map(({ workerId }) => workerId)).toEqual([
      null,
      null,
      null,
    ]);
    await until('they are given out', async () => {
      await one.poll(leader);
      await two.poll(leader);
      return [...leader.state.tasks.values()].every(({ workerId }) => workerId !== null);
    });
  });

  it('cannot report the structure without having the inventory task', async () => {
    const worker = live(b, 'w1');
    const leader = await following();
    await until('assigned', () => worker.taskIds().length === 4);
    const { configuration, identity } = leader.state.synchronization;
    const report = { epoch: configuration?.epoch ?? '', sourceDeployment: identity?.deploymentId ?? '', shards: [] };
    const past = leader.reports.structure('w0', { ...report, problems: [], heldDrops: [], changes: [] }, signal);
    await expect(past).rejects.toMatchObject({ status: 412 });
    expect(leader.state.shards.byKey.size).toBe(3);
  });

  it('whose report of the structure was overtaken by a newer one change nothing by it', async () => {
    const worker = live(b, 'w1');
    const leader = await following();
    await until('assigned', () => worker.taskIds().length === 4);
    const { configuration, identity } = leader.state.synchronization;
    const { term } = leader.state.leadership;
    const about = { epoch: configuration?.epoch ?? '', sourceDeployment: identity?.deploymentId ?? '' };
    const report = { ...about, shards: shards.slice(0, 2), problems: [], heldDrops: [], changes: [], term };
    await leader.reports.structure('w1', { ...report, sequence: 2 }, signal);
    await leader.reports.structure('w1', { ...report, shards, sequence: 1 }, signal);
    expect(leader.state.shards.byKey.size).toBe(2);
    const late = leader.reports.structure('w1', { ...report, shards, term: term - 1, sequence: 3 }, signal);
    await expect(late).rejects.toMatchObject({ status: 503 });
    await leader.reports.structure('w1', { ...report, shards, sequence: 3 }, signal);
    expect(leader.state.shards.byKey.size).toBe(3);
  });

  it('must register again when the leader does not know them', async () => {
    const leader = await b.leader();
    const unknown = leader.instructions.next('nobody', undefined, 0, signal);
    await expect(unknown).rejects.toMatchObject({ status: 404 });
  });

  it('are woken by what changes for them', async () => {
    const leader = await b.leader();
    const worker = new FakeWorker('w1');
    await worker.register(leader);
    await worker.poll(leader);
    const news = worker.poll(leader, 60_000);
    await leader.configuration.configure(request, operator, signal);
    expect((await news).version).not.toBe('');
  });
});

describe('stopping', () => {
  it('tells the source, waits for workers to let go, makes the target writable, and ends inactive on both sides', async () => {
    const worker = live(b, 'w1');
    const leader = await following();
    await until('assigned', () => worker.taskIds().length === 4);
    const answer = await leader.sync.cancel(
      { wait_timeout: 8_000_000_000, target_server_mode: undefined, source_server_mode: undefined },
      operator,
      signal,
    );
    expect(answer).toMatchObject({ cancelling: false, aborted: false });
    expect(worker.instructions?.tasks).toEqual([]);
    expect(b.deployment.front.mode).toBe('default');
    expect([...(await a.leader()).state.outgoing.keys()]).toEqual([]);
    expect(leader.sync.info('full')).toEqual({ source: [], status: 'inactive', shardsCount: 0, totalShardsCount: 0 });
    const kept = b.deployment.front.documents.collections.get('_sync_secrets');
    await until('the credentials are gone', () => ![...(kept?.keys() ?? [])].some((key) => key.startsWith('source-')));
  });

  it('answers at once without a wait, and is polled', async () => {
    const leader = await following();
    a.answersTargets = false;
    const answer = await leader.sync.cancel(
      { target_server_mode: undefined, source_server_mode: undefined },
      operator,
      signal,
    );
    expect(answer).toMatchObject({ cancelling: true, cluster_id: 'BBB' });
    expect(leader.sync.info('short').status).toBe('cancelling');
    a.answersTargets = true;
    await until('inactive', () => leader.sync.info('short').status === 'inactive');
  });

  it('does not end while the source is not told, and answers 408 when the wait passes', async () => {
    const leader = await following();
    a.answersTargets = false;
    const waiting = leader.sync.cancel(
      { wait_timeout: 300_000_000, target_server_mode: undefined, source_server_mode: undefined },
      operator,
      signal,
    );
    await expect(waiting).rejects.toMatchObject({ status: 408 });
    expect(leader.state.synchronization.phase).toBe('cancelling');
    expect(b.deployment.front.mode).toBe('readonly');
  });

  it('with force gives the source up after its time and says that it was not told', async () => {
    const leader = await following();
    a.answersTargets = false;
    const answer = await leader.sync.cancel(
      {
        force: true,
        force_timeout: 200_000_000,
        wait_timeout: 8_000_000_000,
        target_server_mode: undefined,
        source_server_mode: undefined,
      },
      operator,
      signal,
    );
    expect(answer).toMatchObject({ aborted: true, source: request.source, cluster_id: 'BBB' });
    expect(leader.sync.info('short')).toMatchObject({ status: 'inactive', cancellationAborted: true });
  });

  it('is nothing to do while inactive', async () => {
    const leader = await b.leader();
    const answer = await leader.sync.cancel(
      { target_server_mode: undefined, source_server_mode: undefined },
      operator,
      signal,
    );
    expect(answer).toMatchObject({ cancelling: false, aborted: false });
  });

  it('leaves the target read-only when that is asked for', async () => {
    const leader = await following();
    await leader.sync.cancel(
      { wait_timeout: 8_000_000_000, target_server_mode: 'readonly', source_server_mode: undefined },
      operator,
      signal,
    );
    expect(b.deployment.front.mode).toBe('readonly');
  });
});

describe('checksums and structure of both sides', () => {
  beforeEach(() => {
    for (const [datacenter, hash] of [
      [a, '18446744073709551615'],
      [b, '18446744073709551615'],
    ] as const) {
      datacenter.deployment.front.databases.set(
        'd',
        new Map([['c', { id: `c-of-${datacenter.deployment.id}`, isSystem: false, count: 3, hash }]]),
      );
    }
  });

  it('gives a checksum per side, exact to the last digit', async () => {
    const leader = await following();
    const [first] = shards;
    if (first === undefined) throw new Error('a shard was expected');
    const tree = await leader.checksums.compareOne(first, {}, signal);
    expect(tree).toEqual({
      databases: {
        d: {
          collections: {
            c: { shards: { '0': [{ checksum: '3:18446744073709551615' }, { checksum: '3:18446744073709551615' }] } },
          },
        },
      },
    });
  });

  it('makes a side that lacks the shard an error, never a short list', async () => {
    const leader = await following();
    const results = await leader.checksums.compare({ shards }, signal);
    expect(results.map((result) => ('error' in result ? result.error : 'both'))).toEqual([
      'both',
      expect.stringContaining('source'),
      expect.stringContaining('source'),
    ]);
    b.deployment.front.databases.get('d')?.clear();
    const [result] = await leader.checksums.compare({ shards }, signal);
    expect(result).toMatchObject({ error: expect.stringContaining('target') });
  });

  it('closes every batch that it opens, and opens few', async () => {
    const leader = await following();
    await leader.checksums.compare({ shards: shards.slice(0, 1) }, signal);
    for (const { deployment } of [a, b]) {
      expect(deployment.front.openBatches.size).toBe(0);
      expect(deployment.front.batches).toBe(1);
    }
  });

  it('answers 404 for a shard that is not synchronized, and 412 where nothing is received', async () => {
    const leader = await following();
    const unknown = leader.checksums.compareOne({ database: 'd', collection: 'zzz', shardIndex: 0 }, {}, signal);
    await expect(unknown).rejects.toMatchObject({ status: 404 });
    const [first] = shards;
    if (first === undefined) throw new Error('a shard was expected');
    b.deployment.front.databases.get('d')?.clear();
    const gone = leader.checksums.compareOne(first, {}, signal);
    await expect(gone).rejects.toMatchObject({ status: 404, message: expect.stringContaining('target') });
    await expect((await a.leader()).checksums.listing(signal)).rejects.toMatchObject({ status: 412 });
  });

  it('lists both datacenters, the source first, with what only one side has', async () => {
    const collection = { id: '1', isSystem: true, count: 0, hash: '0' };
    a.deployment.front.databases.set('only-a', new Map([['x', { ...collection, isSystem: false }]]));
    a.deployment.front.databases.get('_system')?.set('_jobs', collection).set('_frontend', collection);
    b.deployment.front.databases.get('_system')?.set('_jobsbackup', collection).set('_jobs', collection);
    const leader = await following();
    const { datacenters } = await leader.checksums.listing(signal);
    const [source, target] = datacenters;
    expect([source?.id, target?.id]).toEqual(['AAA', 'BBB']);
    expect(source?.databases['only-a']?.collections).toHaveProperty('x');
    expect(target?.databases['only-a']).toEqual({
      database_id: '',
      collections: {},
      excluded_collections: {},
      error: 'the target has no database only-a',
      missing: true,
    });
    expect(Object.keys(source?.databases._system?.collections ?? {})).toEqual(['_jobs']);
    expect(Object.keys(source?.databases._system?.excluded_collections ?? {})).toContain('_frontend');
    expect(Object.keys(target?.databases._system?.collections ?? {})).toEqual(['_jobs']);
    expect(Object.keys(target?.databases._system?.excluded_collections ?? {})).toEqual(['_jobs']);
  });
});
