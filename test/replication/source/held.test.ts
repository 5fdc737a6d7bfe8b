import { afterEach, expect, test } from 'vitest';
import { TestSource, until } from './harness.ts';
import type { Replica } from './replica.ts';

const COLLECTIONS = 20;

let source: TestSource;

afterEach(() => source.stop());

async function followed(): Promise<Map<string, Replica>> {
  const replicas = new Map<string, Replica>();
  for (let index = 0; index < COLLECTIONS; index += 1) {
    const name = `c${index}`;
    await source.createCollection(name);
    const [replica] = await source.follow(name);
    if (replica !== undefined) replicas.set(name, replica);
  }
  return replicas;
}

const cutFrames = (replicas: Iterable<Replica>) =>
  [...replicas].flatMap(({ frames }) => frames).filter((header) => header.kind === 'ops' && !header.complete);

test('S7: a transaction over many shards is not held for each of them until it ends', async () => {
  source = await TestSource.start({ mode: 'single' }, { heldBytes: 20_000, tailChunkBytes: 16 * 1024 });
  const replicas = await followed();
  await until('floors', () => [...replicas.values()].every(({ floors }) => floors > 0));
  const documents = Array.from({ length: 4 }, (_, index) => ({ _key: `k${index}`, text: 'x'.repeat(1_000) }));
  await source.transaction(Object.fromEntries([...replicas.keys()].map((name) => [name, documents])));
  for (const [name, replica] of replicas) await source.equal(replica, name);
  expect(cutFrames(replicas.values()).length).toBeGreaterThan(0);
});

test('a transaction that fits is not cut', async () => {
  source = await TestSource.start({ mode: 'single' }, { tailChunkBytes: 16 * 1024 });
  const replicas = await followed();
  await until('floors', () => [...replicas.values()].every(({ floors }) => floors > 0));
  const documents = Array.from({ length: 4 }, (_, index) => ({ _key: `k${index}`, text: 'x'.repeat(1_000) }));
  await source.transaction(Object.fromEntries([...replicas.keys()].map((name) => [name, documents])));
  for (const [name, replica] of replicas) await source.equal(replica, name);
  expect(cutFrames(replicas.values())).toEqual([]);
});
