import { afterEach, describe, expect, test } from 'vitest';
import { TestSource, until } from './harness.ts';

let source: TestSource;

afterEach(async () => {
  await source.stop();
});

const documents = (count: number, from = 0, more: object = {}) =>
  Array.from({ length: count }, (_, index) => ({ _key: `k${from + index}`, n: from + index, ...more }));

describe('a shard of a single server', () => {
  test('is copied and then streamed', async () => {
    source = await TestSource.start({ mode: 'single' });
    await source.createCollection('c');
    await source.write('c', documents(1000));
    const [replica] = await source.follow('c');
    if (replica === undefined) throw new Error('no replica');
    await source.equal(replica, 'c');
    expect(replica.last('opened')).toMatchObject({ way: 'copy', expectedDocuments: 1000 });
    await source.write('c', documents(500, 800));
    await source.writeOne('c', { _key: 'single', text: 'ü ✓ \\ "quoted"' });
    await source.remove('c', ['k1', 'k2', 'k999']);
    await source.equal(replica, 'c');
    expect(replica.copies).toBe(1);
    expect(replica.errors).toEqual([]);
  });

  test('goes on from its checkpoint after a restart of both workers', async () => {
    source = await TestSource.start({ mode: 'single' });
    await source.createCollection('c');
    await source.write('c', documents(100));
    const [replica] = await source.follow('c');
    if (replica === undefined) throw new Error('no replica');
    await source.write('c', documents(100, 50));
    await source.equal(replica, 'c');
    await until('a floor', () => replica.floors > 3);
    await source.restart();
    await source.write('c', documents(10, 145));
    source.receiver.resume(replica);
    await source.equal(replica, 'c');
    expect(replica.copies).toBe(1);
    expect(replica.last('opened')).toMatchObject({ way: 'tail' });
  });
});
