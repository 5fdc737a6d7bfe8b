import { afterEach, describe, expect, it } from 'vitest';
import type { Master } from '../../../src/master/master.ts';
import type { MasterSettings } from '../../../src/master/ports.ts';
import type { CheckFinding, CheckLine, CheckRequest } from '../../../src/wire/check.ts';
import type { ShardRef } from '../../../src/wire/shards.ts';
import { ComparingWorker } from '../support/comparing-worker.ts';
import { type Datacenter, operator } from '../support/datacenter.ts';
import { type FakeWorker, shardReport } from '../support/fake-worker.ts';
import { type FollowingPair, openFollowing } from '../support/following.ts';
import { until } from '../support/until.ts';

const signal = new AbortController().signal;
const shard: ShardRef = { database: 'd', collection: 'c', shardIndex: 0 };
const counts = { source: 5, target: 4 };

let pair: FollowingPair;
let b: Datacenter;
let leader: Master;
let workers: readonly FakeWorker[];
let working: ComparingWorker | undefined;

async function open(settings: Partial<MasterSettings> = {}): Promise<void> {
  pair = await openFollowing(shard, settings);
  ({ b, leader, workers } = pair);
  await until('the worker has the shard', () => taskOfWorker() !== undefined);
  await leader.reports.shards(
    'wb',
    { term: leader.state.leadership.term, shards: [shardReport(taskOfWorker()?.id ?? '', shard)] },
    signal,
  );
  working = new ComparingWorker(leader, 'wb', signal);
}

afterEach(async () => {
  await working?.stop();
  working = undefined;
  await pair.stop();
});

const taskOfWorker = () => workers[1]?.instructions?.tasks.find(({ type }) => type === 'receive-shard');

const answer: ComparingWorker['answer'] = (...how) => working?.answer(...how);

async function check(request: CheckRequest = {}) {
  const lines: CheckLine[] = [];
  await leader.verification.check(
    { timeout: 400_000_000, ...request },
    operator,
    async (line) => void lines.push(line),
    signal,
  );
  const findings = lines.flatMap((line): CheckFinding[] => (line.line === 'finding' ? [line.finding] : []));
  const last = lines.at(-1);
  if (last?.line !== 'result') throw new Error('the result comes last');
  return { findings, result: last, lines };
}

async function events() {
  const commits = await (await b.ports()).log.read({ position: 0, hash: '' }, 1_000);
  return commits.flatMap(({ actor, events: list }) => list.map(({ type, data }) => ({ type, data, by: actor?.name })));
}

const differ = () => {
  const collection = b.deployment.front.databases.get('d')?.get('c');
  if (collection !== undefined) collection.hash = '12';
};

const kinds = ['DifferencesFound', 'DifferencesSettled', 'VerificationCompleted'];
const told = async () => (await events()).filter(({ type }) => kinds.includes(type));

describe('check: the leader', () => {
  it('is done with shards whose trees are equal, without asking a worker', async () => {
    await open();
    const { findings, result, lines } = await check();
    expect(findings).toEqual([]);
    expect(result).toEqual({
      ...{ line: 'result', shards: 1, compared: 1, equal: 1 },
      ...{ different: 0, unknown: 0, repaired: 0 },
    });
    expect(lines.at(-2)).toMatchObject({ line: 'progress', compared: 1, after: 'd/c/0' });
    expect(working?.asked).toEqual([]);
    expect(await told()).toEqual([]);
  });

  it('does not call different what is only elsewhere', async () => {
    await open();
    differ();
    answer(() => ({ state: 'equal' }));
    const { findings, result } = await check();
    expect(findings).toEqual([]);
    expect(result).toMatchObject({ compared: 1, equal: 1 });
    expect(working?.asked).toMatchObject([{ shard, deep: false, repair: false }]);
    expect(await told()).toEqual([]);
  });

  it('calls unknown what nobody compared, whatever its trees say', async () => {
    await open();
    differ();
    const { findings, result } = await check();
    expect(findings).toMatchObject([{ ...shard, result: 'unknown' }]);
    expect(result).toMatchObject({ compared: 1, equal: 0, different: 0, unknown: 1 });
    expect(await told()).toEqual([]);
  });

  it('calls unknown what one side gives no tree of', async () => {
    await open();
    pair.a.deployment.front.databases.get('d')?.delete('c');
    const { findings, result } = await check();
    expect(findings).toMatchObject([{ result: 'unknown' }, { result: 'different', detail: 'only on the target' }]);
    expect(result).toMatchObject({ compared: 1, equal: 0, unknown: 1 });
  });

  it('tells of a worker that goes on for longer than the time that one of them has', async () => {
    await open();
    differ();
    let compared = 0;
    answer(() => {
      compared += 1;
      return compared > 60 ? { state: 'equal', compared } : { state: 'comparing', compared };
    });
    const { result, lines } = await check({ deep: true });
    expect(result).toMatchObject({ equal: 1, unknown: 0 });
    expect(lines.some((line) => line.line === 'progress' && line.documents > 0)).toBe(true);
  });

  it('calls different what its worker found so, names it, and tells it once', async () => {
    await open();
    differ();
    answer(() => ({ state: 'different', counts }));
    const { findings } = await check();
    const detail = '5 documents on the source, 4 on the target';
    expect(findings).toEqual([{ ...shard, result: 'different', detail }]);
    await check();
    expect(await told()).toEqual([
      { type: 'DifferencesFound', by: 'root', data: { by: 'check', repair: false, found: [{ shard, detail }] } },
    ]);
    expect(leader.sync.info('short').verification).toMatchObject({
      different_count: 1,
      different: [{ ...shard, detail, found_by: 'check' }],
    });
    await until('workers are let go', () => workers[1]?.instructions?.comparing === undefined);
  });

  it('has a shard repaired that differs, and tells who asked and what was moved', async () => {
    await open();
    differ();
    const documents = [{ key: 'k', difference: 'missing' as const }];
    const repaired = { way: 'difference' as const, documentsFetched: 1, documentsRemoved: 0 };
    answer(({ repair }) =>
      repair
        ? { state: 'equal', counts, documents, documentsDiffering: 1, repaired }
        : { state: 'different', counts, documents, documentsDiffering: 1 },
    );
    const { findings, result } = await check({ repair: true, deep: true });
    expect(findings).toMatchObject([{ ...shard, result: 'repaired', documents, documentsDiffering: 1 }]);
    expect(findings[0]?.detail).toContain('"k" is missing); by difference: 1 documents fetched, 0 removed');
    expect(result).toMatchObject({ compared: 1, equal: 0, repaired: 1, different: 0 });
    expect(await told()).toMatchObject([
      {
        type: 'DifferencesFound',
        by: 'root',
        data: { repair: true, found: [{ shard, documents: [{ document: 'k', difference: 'missing' }] }] },
      },
      { type: 'DifferencesSettled', by: 'root', data: { settled: [{ shard, how: 'repaired', moved: repaired }] } },
    ]);
    expect(leader.state.verification.differences.size).toBe(0);
  });

  it('a repair that did not help stays a difference', async () => {
    await open();
    differ();
    const repaired = { way: 'difference' as const, documentsFetched: 1, documentsRemoved: 0 };
    answer(({ repair }) => ({ state: 'different', counts, ...(repair ? { repaired } : {}) }));
    const { findings, result } = await check({ repair: true });
    expect(findings[0]).toMatchObject({ result: 'different' });
    expect(findings[0]?.detail).toContain('also after it was caught up with by difference');
    expect(result).toMatchObject({ different: 1, repaired: 0 });
    expect(leader.state.verification.differences.size).toBe(1);
  });

  it('settles what is found equal later', async () => {
    await open();
    differ();
    answer(() => ({ state: 'different', counts }));
    await check();
    const collection = b.deployment.front.databases.get('d')?.get('c');
    if (collection !== undefined) collection.hash = '11';
    await check();
    expect((await told()).at(-1)?.data).toEqual({ settled: [{ shard, how: 'equal' }] });
    expect(leader.state.verification.differences.size).toBe(0);
  });

  it('compares what is asked for, from where it is asked for', async () => {
    await open();
    expect((await check({ after: 'd/c/0' })).result).toMatchObject({ shards: 0, compared: 0 });
    expect((await check({ database: 'd', collection: 'c' })).result).toMatchObject({ shards: 1, compared: 1 });
    await expect(check({ database: 'd', collection: 'x' })).rejects.toThrow('nothing of collection d/x is being');
    await expect(check({ collection: 'c' })).rejects.toThrow('collection goes with database');
  });

  it('finds what one side lacks, and waits for what is on its way', async () => {
    await open();
    b.deployment.front.databases.get('d')?.set('x', { id: '9', isSystem: false, count: 0, hash: '0' });
    const { findings } = await check();
    expect(findings).toMatchObject([
      { database: 'd', collection: 'x', result: 'different', detail: 'only on the target' },
    ]);
  });

  it('names structure and users that differ, and those that were repaired', async () => {
    await open();
    const user = { database: '_system', collection: '_users', detail: 'not changed grants of user bob' };
    const index = { database: 'd', collection: 'c', detail: 'not created index i on d/c' };
    answer(
      () => ({ state: 'equal' }),
      ({ repair }) => ({ state: repair ? 'equal' : 'different', structure: [user, index] }),
    );
    const { findings, result } = await check();
    expect(findings).toEqual([user, index].map((each) => ({ ...each, result: 'different' })));
    expect(result).toMatchObject({ compared: 1, equal: 1 });
    expect((await check({ database: 'd', collection: 'c' })).findings).toEqual([{ ...index, result: 'different' }]);
    expect((await check({ repair: true })).findings).toEqual(
      [user, index].map((each) => ({ ...each, result: 'repaired', detail: `was different (${each.detail})` })),
    );
    expect(working?.askedRest.map(({ repair }) => repair)).toEqual([false, false, true]);
  });

  it('calls unknown what nobody has told of structure and users', async () => {
    await open();
    answer(
      () => ({ state: 'equal' }),
      () => ({ state: 'untold', reason: 'the target does not answer' }),
    );
    expect((await check()).findings).toEqual([
      {
        ...{ database: '_system', collection: '', result: 'unknown' },
        detail: 'structure and users were not compared: the target does not answer',
      },
    ]);
  });

  it('says of a shard that is compared by key and content what differs, also when another one’s repair has moved it', async () => {
    await open();
    differ();
    const documents = [{ key: 'k', difference: 'surplus' as const }];
    answer(({ repair }) =>
      repair
        ? { state: 'equal', byContent: true }
        : { state: 'different', byContent: true, documents, documentsDiffering: 1 },
    );
    const detail = 'by key and content: "k" is surplus';
    expect((await check()).findings).toEqual([
      { ...shard, result: 'different', detail, documents, documentsDiffering: 1, byContent: true },
    ]);
    const { findings, result } = await check({ repair: true });
    expect(findings).toMatchObject([
      {
        ...shard,
        result: 'repaired',
        detail: `was different (${detail}); equal meanwhile, without a repair of its own`,
      },
    ]);
    expect(result).toMatchObject({ repaired: 1, equal: 0 });
  });

  it('answers only where something is followed', async () => {
    await open();
    const source = await pair.a.leader();
    const asked = source.verification.check({}, operator, async () => undefined, signal);
    await expect(asked).rejects.toThrow('no synchronization is active here');
  });
});

describe('check: the masters’ own rounds', () => {
  it('are one event each, and find what differs without repairing it', async () => {
    await open({ verification: { everyMs: 400, deep: false } });
    differ();
    answer(() => ({ state: 'different', counts }));
    await until('three rounds', async () => (await told()).filter(({ type }) => type === kinds[2]).length >= 3);
    const all = await told();
    expect(all.filter(({ type }) => type === 'DifferencesFound')).toMatchObject([
      { by: undefined, data: { by: 'verification', repair: false } },
    ]);
    expect(all.at(-1)?.data).toMatchObject({ shards: 1, different: 1, unknown: 0, deep: false });
    expect(working?.asked.every(({ repair, deep }) => !repair && !deep)).toBe(true);
    expect(leader.sync.info('short').verification).toMatchObject({
      last_pass: { shards: 1, different: 1 },
      different_count: 1,
    });
  });

  it('look into documents where that is set, and wait for no shard that is not there yet', async () => {
    await open({ verification: { everyMs: 400, deep: true } });
    answer(() => ({ state: 'equal', compared: 5 }));
    await until('a round', async () => (await told()).length > 0);
    expect(working?.asked.every(({ deep }) => deep)).toBe(true);
    const taskId = taskOfWorker()?.id ?? '';
    const report = shardReport(taskId, shard, { status: 'initial-sync' });
    await leader.reports.shards('wb', { term: leader.state.leadership.term, shards: [report] }, signal);
    await until('an unknown shard', async () => {
      const last = (await told()).at(-1)?.data as { unknown?: number; unknownBecause?: string } | undefined;
      return last?.unknown === 1 && last.unknownBecause === 'd/c shard 0: it is in initial-sync';
    });
  });
});
