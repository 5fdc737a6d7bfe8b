import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeRevision } from '../../src/replication/revision.ts';
import { until } from './source/harness.ts';
import { Following } from './support/follow.ts';

const UNIQUE = { type: 'persistent', name: 'email', fields: ['email'], unique: true };

let pair: Following;

beforeEach(async () => {
  pair = await Following.start();
});
afterEach(() => pair.stop());

function indexOnSource(): Promise<unknown> {
  const query = { collection: 'c' };
  return pair.source.deployment.front.json({ method: 'POST', path: '/_api/index', query, body: UNIQUE });
}

async function uniqueIndexesOfTarget(): Promise<number> {
  const query = { collection: 'c' };
  const { front } = pair.target.deployment;
  const { indexes } = await front.json<{ indexes: { type: string; unique: boolean }[] }>({
    method: 'GET',
    path: '/_api/index',
    query,
  });
  return indexes.filter(({ type, unique }) => unique && type !== 'primary').length;
}

test('S13: an index that the source has dropped goes here as well, and what it refused finds its place', async () => {
  await pair.target.createIndex('c', UNIQUE);
  await pair.source.write('c', [{ _key: 'a', email: '1@example' }]);
  await pair.follow();
  await pair.equal();
  // The target has it still, or it was made here while the target was writable.
  expect(await uniqueIndexesOfTarget()).toBe(0);
  await pair.target.createIndex('c', UNIQUE);
  await pair.source.write('c', [{ _key: 'b', email: '1@example' }]);
  const report = await until('the second document', async () => {
    const found = await pair.equal();
    return found.reason.includes('dropped unique indexes') ? found : undefined;
  });
  expect(report).toMatchObject({ status: 'running', way: 'copy' });
  expect(report.reason).toContain('dropped unique indexes that the source does not have: email');
  expect(await uniqueIndexesOfTarget()).toBe(0);
});

test('S13: what blocks a document outside of a replay is found by comparing, and not before the indexes were', async () => {
  await indexOnSource();
  await pair.target.createIndex('c', UNIQUE);
  await pair.source.write('c', [{ _key: 'a', email: '1@example' }]);
  await pair.follow();
  await pair.equal();
  await pair.target.restore('c', [
    JSON.stringify({ _key: 'stray', _rev: encodeRevision(1_700_000_000_000n << 20n), email: '2@example' }),
  ]);
  await pair.source.write('c', [{ _key: 'b', email: '2@example' }]);
  const report = await until('the comparison', async () => {
    const found = await pair.equal();
    return found.way === 'difference' ? found : undefined;
  });
  expect(report.reason).toMatch(/a unique index of the target refuses a document with key "b" \(error 1210\)/);
  expect(report.reason).toContain('1 documents fetched, 1 replaced or removed');
  expect(await uniqueIndexesOfTarget()).toBe(1);
});
