import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeRevision } from '../../src/replication/revision.ts';
import type { TargetEngine } from '../../src/replication/target/engine.ts';
import { until } from './source/harness.ts';
import { Following } from './support/follow.ts';

/** Of tests with many documents, or many rounds: no condition of theirs is one of time. */
const LONG_MS = 90_000;

let pair: Following;

beforeEach(async () => {
  // Small pieces: what is interrupted has a middle.
  pair = await Following.start({ copyChunkBytes: 32 * 1024 });
});

afterEach(() => pair.stop());

const documents = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ({ _key: `k${from + index}`, n: index, text: 'x'.repeat(100) }));

/** As the largest of the clocks that both sides have seen: local writes come behind it (S16). */
async function storedRevision(key: string): Promise<string> {
  const { [key]: revision } = await pair.target.revisions('c', [key]);
  return revision ?? '';
}

/** Puts documents into the target that are none of the source's. */
function plant(...lines: readonly object[]): Promise<unknown> {
  return pair.target.restore(
    'c',
    lines.map((line) => JSON.stringify(line)),
  );
}

const SLOWLY = { writeBytes: 32 * 1024, writesInFlight: 1 };

/** How many documents are copied, at a moment at which some are and some are not. */
function inTheMiddleOf(engine: TargetEngine): Promise<number> {
  return until('a part of the copy', () => {
    const [report] = engine.reports();
    return report?.status === 'initial-sync' && report.documentsCopied > 1_000 && report.documentsCopied;
  });
}

const early = (counter: number) => encodeRevision((1_700_000_000_000n << 20n) + BigInt(counter));

describe('a shard is caught up with by what differs', () => {
  test('a missing, a surplus and an older document are all that moves', async () => {
    await pair.source.write('c', documents(2_000));
    await pair.follow();
    expect(await pair.equal()).toMatchObject({ way: 'copy', documentsCopied: 2_000 });
    await pair.target.deployment.front.json({ method: 'DELETE', path: '/_api/document/c', body: ['k7'] });
    await plant({ _key: 'surplus', _rev: early(1) }, { _key: 'k9', _rev: early(2), n: 'older' });
    expect(await pair.compare()).toMatchObject({
      way: 'difference',
      documentsCopied: 2,
      documentsExpected: 2,
      settled: { how: 'repaired' },
    });
    const { reason } = await pair.equal();
    await pair.isOnFloor();
    expect(reason).toContain('2 documents fetched, 2 replaced or removed');
  });

  test(
    'S14: after a truncate of the source nothing has to be fetched',
    async () => {
      await pair.source.write('c', documents(40_000));
      await pair.follow();
      await pair.equal();
      await pair.source.truncate('c');
      await until('the truncate', async () => (await pair.target.count('c')) === 0);
      expect(await pair.equal()).toMatchObject({ way: 'difference', documentsCopied: 0 });
    },
    LONG_MS,
  );

  test('a copy that is interrupted goes on with what is left', async () => {
    await pair.source.write('c', documents(8_000));
    const { engine } = await pair.follow('epoch-1', SLOWLY);
    const count = await inTheMiddleOf(engine);
    await pair.follow();
    const { way, documentsCopied } = await pair.equal();
    expect(way).toBe('difference');
    expect(documentsCopied).toBeLessThanOrEqual(8_000 - count);
  });

  test('values of a unique index that documents have exchanged are no hindrance', async () => {
    const index = { type: 'persistent', fields: ['email'], unique: true };
    await pair.target.createIndex('c', index);
    const emails = (shift: number) =>
      Array.from({ length: 50 }, (_, n) => ({ _key: `k${n}`, email: `${(n + shift) % 50}@example` }));
    await pair.source.write('c', emails(0));
    const { engine } = await pair.follow();
    await pair.equal();
    await engine.stop();
    await pair.source.write('c', emails(1));
    await pair.target.deployment.front.json({ method: 'DELETE', path: '/_api/document/_sync_checkpoints', body: [] });
    await pair.follow();
    await pair.equal();
    await pair.target.deployment.front.json({ method: 'DELETE', path: '/_api/document/c', body: ['k3', 'k4'] });
    await plant({ _key: 'x', _rev: early(3), email: '4@example' });
    expect(await pair.compare()).toMatchObject({ way: 'difference' });
    await pair.equal();
  });

  test(
    'a list of revisions of many answers, on both sides',
    async () => {
      await pair.source.write('c', documents(70_000));
      await pair.follow();
      await pair.equal();
      const keys = documents(70_000).map(({ _key }) => _key);
      await pair.target.deployment.front.json({
        method: 'DELETE',
        path: '/_api/document/c',
        body: keys.filter((_, index) => index % 1_000 === 0),
      });
      expect(await pair.compare()).toMatchObject({ way: 'difference', documentsCopied: 70 });
      await pair.equal();
    },
    LONG_MS,
  );
});

describe('S2: equal revisions, other content', () => {
  test('what was written while the target was writable counts as different on both sides', async () => {
    await pair.source.write('c', documents(100));
    const { engine } = await pair.follow('epoch-1');
    await pair.equal();
    await engine.stop();
    const last = await storedRevision('k99');
    // Both sides write in the same millisecond, after the synchronization has stopped.
    await pair.source.write('c', [{ _key: 'both', side: 'source' }]);
    const revision = (await pair.source.documents('c')).get('both') ?? '';
    const { _rev } = JSON.parse(revision) as { _rev: string };
    await plant({ _key: 'both', _rev, side: 'target' });
    await pair.follow('epoch-2');
    const report = await pair.equal();
    expect(report).toMatchObject({ way: 'difference' });
    expect(report.documentsCopied).toBeLessThan(10);
    expect(last).not.toBe('');
  });

  test('the same revision under two keys ends as the one of the source', async () => {
    await pair.source.write('c', documents(100));
    const { engine } = await pair.follow('epoch-1');
    await pair.equal();
    await engine.stop();
    await pair.source.write('c', [{ _key: 'one', side: 'source' }]);
    const { _rev } = JSON.parse((await pair.source.documents('c')).get('one') ?? '{}') as { _rev: string };
    await plant({ _key: 'another', _rev, side: 'target' });
    await pair.follow('epoch-2');
    expect(await pair.equal()).toMatchObject({ way: 'difference' });
  });

  test('where nobody knows who wrote to a shard all of it is copied, also when that is interrupted', async () => {
    await pair.source.write('c', documents(8_000));
    const { _rev } = JSON.parse((await pair.source.documents('c')).get('k7999') ?? '{}') as { _rev: string };
    await plant({ _key: 'k7999', _rev, side: 'target' });
    const { engine } = await pair.follow('epoch-1', SLOWLY);
    await inTheMiddleOf(engine);
    await pair.follow();
    expect(await pair.equal()).toMatchObject({ way: 'copy' });
  });
});

describe('S21: trees that have drifted', () => {
  test('the target’s own is computed anew', async () => {
    await pair.source.write('c', documents(100));
    await pair.follow();
    await pair.equal();
    pair.target.embedded.control.driftTree('c');
    const report = await pair.compare();
    expect(report).toMatchObject({ way: 'difference', documentsCopied: 0, settled: { how: 'repaired' } });
    expect(report.reason).toContain("the target's revision tree of c had drifted and was computed anew");
    await pair.equal();
  });

  test('the source’s is computed anew by its worker, and nothing is copied', async () => {
    await pair.source.write('c', documents(100));
    const { log } = await pair.follow();
    await pair.equal();
    pair.source.embedded.control.driftTree('c');
    expect(await pair.compare()).toMatchObject({ settled: { how: 'repaired' }, documentsCopied: 0 });
    expect(JSON.stringify(log)).toContain("the source's revision tree of c had drifted and was computed anew");
    await pair.equal();
  });
});
