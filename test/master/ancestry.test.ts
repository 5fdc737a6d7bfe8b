import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ShardRef } from '../../src/wire/shards.ts';
import { Datacenter, operator } from './support/datacenter.ts';
import { FakeWorker } from './support/fake-worker.ts';
import { configuredAt, followingOf, request } from './support/following.ts';
import { until } from './support/until.ts';

const signal = new AbortController().signal;

let a: Datacenter;
let b: Datacenter;
let c: Datacenter;

beforeEach(async () => {
  [a, b, c] = (await Promise.all(['AAA', 'BBB', 'CCC'].map((id) => Datacenter.open(id)))) as [
    Datacenter,
    Datacenter,
    Datacenter,
  ];
  await Promise.all([a.startMaster('a1'), b.startMaster('b1'), c.startMaster('c1')]);
  await Promise.all([a.leader(), b.leader(), c.leader()]);
});

afterEach(() => Promise.all([a.stop(), b.stop(), c.stop()]));

/** `target` follows `source`, and knows who that is. */
async function follow(source: Datacenter, target: Datacenter): Promise<void> {
  target.source = source;
  const leader = await configuredAt(target);
  await until('the source is known', () => leader.state.synchronization.identity !== null);
}

describe('S23: loops are refused by ancestry', () => {
  it('A → B → A, naming it', async () => {
    await follow(a, b);
    a.source = b;
    const refused = (await a.leader()).configuration.configure(request, operator, signal);
    await expect(refused).rejects.toThrow('AAA → BBB → AAA would be a loop');
    expect((await a.leader()).state.synchronization.phase).toBe('inactive');
  });

  it('A → B → C → A, naming the chain', async () => {
    await follow(a, b);
    await follow(b, c);
    a.source = c;
    const leader = await a.leader();
    const source = await c.leader();
    await until('C has heard whom B follows', async () => {
      const contact = await source.outgoing.look('AAA', { kind: 'certificate', name: 'x', fingerprint: 'x' }, signal);
      return contact.follows?.includes('AAA') === true;
    });
    await expect(leader.configuration.configure(request, operator, signal)).rejects.toThrow(
      'AAA → BBB → CCC → AAA would be a loop',
    );
    expect(leader.state.synchronization.phase).toBe('inactive');
  });

  it('one that came about all the same fails at the first contact that tells of it', async () => {
    a.source = b;
    b.source = a;
    // Both look before either has registered.
    await Promise.all([configuredAt(a), configuredAt(b)]);
    const phases = async () => [(await a.leader()).state.synchronization, (await b.leader()).state.synchronization];
    await until('one of them fails', async () => (await phases()).some(({ failure }) => failure?.code === 'loop'));
  });

  it('a chain without a loop is followed, and its middle shows both sides', async () => {
    await follow(a, b);
    await follow(b, c);
    const middle = await b.leader();
    await until('C is registered', () => middle.state.outgoing.has('CCC'));
    const info = middle.sync.info('short');
    expect(info.source).toEqual(request.source);
    expect(info.outgoing).toMatchObject([{ id: 'CCC' }]);
    expect(b.deployment.front.mode).toBe('readonly');
  });
});

describe('S8: a chain', () => {
  const shards: ShardRef[] = [{ database: 'd', collection: 'c', shardIndex: 0 }];
  const workers: FakeWorker[] = [];
  const live = (datacenter: Datacenter, id: string) => {
    const worker = new FakeWorker(id);
    worker.live(() => datacenter.masters.find((master) => master.leads));
    workers.push(worker);
    return worker;
  };

  afterEach(async () => void (await Promise.all(workers.splice(0).map((worker) => worker.die()))));

  it('applies nothing in its middle while its end catches up behind a barrier', async () => {
    b.source = a;
    c.source = b;
    for (const [datacenter, id] of [
      [a, 'wa'],
      [c, 'wc'],
    ] as const)
      live(datacenter, id);
    const worker = new FakeWorker('wb');
    const middle = await b.leader();
    await worker.register(middle);
    const asking = setInterval(() => void worker.poll(middle).catch(() => undefined), 20);
    await followingOf(a, b, shards);
    const end = await followingOf(b, c, shards);
    await until('the middle receives', () => worker.instructions?.incoming !== undefined);
    clearInterval(asking);
    // It lives, and has not followed what it is told: it may still apply something.
    const busy = setInterval(() => {
      void middle.instructions.next(worker.id, undefined, 0, signal).catch(() => undefined);
    }, 20);

    await end.barrier.set(operator, signal);
    const receiving = () => [...middle.state.tasks.values()].some(({ type }) => type.startsWith('receive-'));
    await until('nothing is to be received', () => !receiving());
    await until('the barrier waits', () => end.barrier.info().message?.includes('workers to let go') === true);
    expect(end.barrier.info().SourceServerReadonly).toBe(false);
    expect(middle.sync.info('short').status_message).toContain('catches up behind a barrier');
    await expect(middle.barrier.set(operator, signal)).rejects.toThrow('let its stop end first');

    clearInterval(busy);
    const again = setInterval(() => void worker.poll(middle).catch(() => undefined), 20);
    await until('established', () => end.barrier.info().SourceServerReadonly);
    await end.barrier.lift(operator, signal);
    await until('the middle receives again', receiving);
    clearInterval(again);
    expect(b.deployment.front.mode).toBe('readonly');
  });
});

describe('both ends of a synchronization', () => {
  it('are told by any master of the target, and a source that does not answer is said', async () => {
    await follow(a, b);
    const leader = await b.leader();
    const told = async () => (await leader.status.both('full', signal)).otherEnd;
    expect(await told()).toMatchObject({ id: 'AAA', outgoing: { id: 'BBB' } });
    const other = await b.startMaster('b2');
    await other.refresh(signal);
    expect((await other.status.both('short', signal)).otherEnd).toMatchObject({ id: 'AAA' });
    a.answersTargets = false;
    expect(await told()).toEqual({ error: 'nobody answers' });
    expect((await (await a.leader()).status.both('full', signal)).otherEnd).toBeUndefined();
  });

  it('S23: are told to the certificate alone that registered the target', async () => {
    await follow(a, b);
    const source = await a.leader();
    const stranger = { kind: 'certificate', name: 'CN=x', fingerprint: 'x' } as const;
    expect(() => source.status.atSource('BBB', 'short', stranger)).toThrow('another client certificate');
  });
});
