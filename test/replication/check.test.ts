import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeRevision } from '../../src/replication/revision.ts';
import { Following } from './support/follow.ts';

/** Of tests with many documents, or many rounds: no condition of theirs is one of time. */
const LONG_MS = 90_000;

let pair: Following;

beforeEach(async () => {
  pair = await Following.start();
});

afterEach(() => pair.stop());

const documents = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ({ _key: `k${from + index}`, n: index, text: 'x'.repeat(100) }));

const early = (counter: number) => encodeRevision((1_700_000_000_000n << 20n) + BigInt(counter));

/** Puts documents into the target behind the replicator's back. */
function plant(...lines: readonly (object | string)[]): Promise<unknown> {
  return pair.target.restore(
    'c',
    lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))),
  );
}

function remove(...keys: readonly string[]): Promise<unknown> {
  return pair.target.deployment.front.json({ method: 'DELETE', path: '/_api/document/c', body: keys });
}

async function revisionOf(key: string): Promise<string> {
  const { [key]: revision = '' } = await pair.target.revisions('c', [key]);
  return revision;
}

/** Writes as long as `work` lasts; it is done with at least one write on its way. */
async function whileWriting<T>(work: () => Promise<T>): Promise<T> {
  let isOver = false;
  let round = 0;
  const writing = (async () => {
    for (; !isOver; round += 1) await pair.source.write('c', documents(20, 100_000 + (round % 50) * 20));
  })();
  try {
    return await work();
  } finally {
    isOver = true;
    await writing;
    expect(round).toBeGreaterThan(1);
  }
}

async function followed(count: number): Promise<void> {
  await pair.source.write('c', documents(count));
  await pair.follow();
  await pair.equal();
}

describe('check: one shard of two servers', () => {
  test('finds it equal while writes go on, however far it is behind', async () => {
    await followed(1_000);
    await whileWriting(async () => {
      for (let round = 0; round < 10; round += 1) expect(await pair.check()).toMatchObject({ state: 'equal' });
      for (let round = 0; round < 5; round += 1) {
        expect(await pair.check({ deep: true })).toMatchObject({ state: 'equal' });
      }
    });
    await pair.equal();
  });

  test('tells a difference, and leaves it', async () => {
    await followed(1_000);
    await remove('k7');
    await plant({ _key: 'surplus', _rev: early(1) }, { _key: 'surplus-2', _rev: early(2) });
    expect(await pair.check()).toEqual({
      id: expect.any(String),
      taskId: 'c',
      state: 'different',
      counts: { source: 1_000, target: 1_001 },
    });
    expect(await pair.target.count('c')).toBe(1_001);
    await pair.isOnFloor();
  });

  test('finds and repairs a difference while writes go on', async () => {
    await followed(1_000);
    await remove('k999');
    await plant({ _key: 'surplus', _rev: early(1) });
    const found = await whileWriting(async () => {
      expect(await pair.check()).toMatchObject({ state: 'different' });
      return await pair.check({ repair: true });
    });
    expect(found).toMatchObject({
      state: 'equal',
      repaired: { way: 'difference', documentsRemoved: expect.any(Number) },
    });
    expect(found.repaired?.documentsRemoved).toBeGreaterThan(0);
    await pair.equal();
  });

  test('repairs nothing where nothing differs', async () => {
    await followed(100);
    const found = await pair.check({ repair: true });
    expect(found.state).toBe('equal');
    expect(found.repaired).toBeUndefined();
  });

  test('looks into documents only when it is asked to', async () => {
    await followed(2_000);
    await plant({ _key: 'k5', _rev: await revisionOf('k5'), n: 5, text: 'altered' });
    expect(await pair.check()).toMatchObject({ state: 'equal' });
    const deep = await pair.check({ deep: true });
    expect(deep).toMatchObject({
      state: 'different',
      documents: [{ key: 'k5', difference: 'content' }],
      documentsDiffering: 1,
      compared: 2_000,
    });
  });

  test('names what differs, and repairs just that', async () => {
    await followed(2_000);
    await remove('k7', 'k9');
    await plant(
      { _key: 'surplus', _rev: early(1) },
      { _key: 'k9', _rev: early(2), n: 'older' },
      { _key: 'k5', _rev: await revisionOf('k5'), n: 5, text: 'altered' },
    );
    const found = [
      { key: 'k5', difference: 'content' },
      { key: 'k7', difference: 'missing' },
      { key: 'k9', difference: 'altered' },
      { key: 'surplus', difference: 'surplus' },
    ];
    expect(await pair.check({ deep: true })).toMatchObject({ state: 'different', documents: found });
    const repaired = await whileWriting(() => pair.check({ deep: true, repair: true }));
    expect(repaired).toMatchObject({ state: 'equal', documents: found, repaired: { way: 'difference' } });
    await pair.equal();
  });

  test('moves no more than what differs', async () => {
    await followed(2_000);
    await plant(
      { _key: 'k5', _rev: await revisionOf('k5'), n: 5, text: 'altered' },
      { _key: 'k6', _rev: await revisionOf('k6'), n: 6 },
      { _key: 'k1500', _rev: await revisionOf('k1500'), n: 6 },
    );
    expect(await pair.check({ deep: true, repair: true })).toMatchObject({
      state: 'equal',
      documentsDiffering: 3,
      repaired: { way: 'difference', documentsFetched: 3, documentsRemoved: 3 },
    });
    await pair.equal();
  });

  test('takes what is only written in another way for what it is', async () => {
    await followed(10);
    const { _key, _rev } = { _key: 'k3', _rev: await revisionOf('k3') };
    await plant(`{"_key":"${_key}","_rev":"${_rev}","text":"${'x'.repeat(100)}","n":3.0e0}`);
    expect(await pair.check({ deep: true })).toMatchObject({ state: 'equal', compared: 10 });
  });

  test(
    'goes through a large shard in slices',
    async () => {
      await pair.source.write('c', documents(45_000));
      await pair.follow();
      await pair.equal();
      await remove('k44999');
      await plant({ _key: 'k22000', _rev: await revisionOf('k22000') });
      const found = await whileWriting(() => pair.check({ deep: true }));
      expect(found).toMatchObject({
        state: 'different',
        documents: [
          { key: 'k22000', difference: 'content' },
          { key: 'k44999', difference: 'missing' },
        ],
      });
      expect(found.compared).toBeGreaterThanOrEqual(45_000);
    },
    LONG_MS,
  );

  test('is not answered while the shard does not follow', async () => {
    await followed(10);
    pair.target.embedded.control.setReadOnly(false);
    await pair.engine.engine.setInstructions({ tasks: [] });
    pair.engine.engine.setComparisons([
      {
        id: 'a',
        taskId: 'c',
        shard: { database: '_system', collection: 'c', shardIndex: 0 },
        deep: false,
        repair: false,
      },
    ]);
    expect(pair.engine.engine.comparisons()).toEqual([]);
  });
});
