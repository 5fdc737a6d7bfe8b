import { expect, test } from 'vitest';
import type { ArangoServer } from '../../../src/replication/arango.ts';
import { findEverywhere } from '../../../src/replication/source/find-everywhere.ts';
import { testEnvironment } from '../target/harness.ts';

const NEVER = new AbortController().signal;

/** Shards that have these keys, at the first look, the second, … */
function shards(...looks: readonly (readonly string[])[]) {
  let look = 0;
  const server: ArangoServer = {
    name: 'P',
    request: async ({ body }) => {
      const keys = looks[Math.min(look, looks.length - 1)] ?? [];
      look += 1;
      const items = (body as readonly string[]).map((key) =>
        keys.includes(key)
          ? { _key: key, _rev: '_kEJrpFq---' }
          : { error: true, errorNum: 1202, errorMessage: 'not found' },
      );
      const headers = { 'x-arango-error-codes': '{"1202":1}' };
      return { status: 200, headers, body: Buffer.from(JSON.stringify(items)) };
    },
    json: () => Promise.reject(new Error('nothing is asked so')),
  };
  return { server, database: 'd', collection: `s${look}` };
}

const keysIn = (found: readonly Buffer[]) =>
  found.map((text) => (JSON.parse(text.toString()) as { _key: string })._key);

test('tells what any of the shards has', async () => {
  const found = await findEverywhere([shards(['a']), shards(['b', 'c'])], ['a', 'c', 'x'], testEnvironment(), NEVER);
  expect(keysIn(found)).toEqual(['a', 'c']);
});

test('S2: a document that moves while both shards are read is in one of them', async () => {
  const [from, to] = [shards(['a'], []), shards(['a'])];
  expect(keysIn(await findEverywhere([from, to], ['a'], testEnvironment(), NEVER))).toEqual(['a']);
});

test('S2: a key that stays in two shards is named', async () => {
  const look = findEverywhere([shards(['a', 'b']), shards(['b'])], ['a', 'b'], testEnvironment(), NEVER);
  await expect(look).rejects.toMatchObject({
    code: 'duplicate-key',
    message: expect.stringContaining('key "b" stands in'),
  });
});
